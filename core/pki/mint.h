#ifndef PKI_MINT_H
#define PKI_MINT_H

#include <stdint.h>

#include "base/slice.h"
#include "base/str.h"
#include "pki/cert.h"
#include "pki/key.h"

/*
 * mint: writing certificates.  Three kinds and no other can be made:
 *
 *   root          self-signed CA
 *   intermediate  CA under a root, may sign leaves only (pathlen 0)
 *   leaf          an X509-SVID (SPIFFE X509-SVID, sections 2 to 4): empty
 *                 subject, critical SAN with exactly one URI and then DNS
 *                 names, for both ends of a connection, never a CA
 *
 * The caller has checked names and point; nothing here can fail.  A CA's
 * subject must be unique among all that a bundle ever holds, because some
 * validators (BearSSL among them) take equal names for the same key.  Serial
 * numbers are 16 random bytes, made positive.
 */
#define MINT_SERIAL_LEN	16
#define MINT_SKEW_S	60	/* how far not_before lies in the past */

void mint_serial(uint8_t serial[MINT_SERIAL_LEN]);

struct mint_ca {
	struct slice common_name;
	struct slice domain;		/* trust domain: URI spiffe://DOMAIN */
	int64_t      not_before, not_after;
	uint8_t      serial[MINT_SERIAL_LEN];
	struct slice key_id;		/* absent: made from the key */
};

struct mint_leaf {
	struct slice        id;		/* SPIFFE ID */
	const struct slice *dns;
	size_t              dns_len;
	int64_t             not_before, not_after;
	uint8_t             serial[MINT_SERIAL_LEN];
	uint8_t             point[KEY_POINT_LEN];
};

/* Adds the DER of a name of one common name. */
void mint_add_name(struct str *, struct slice common_name);
/* Each adds one certificate in DER to the str. */
void mint_root(struct str *, const struct mint_ca *, const struct key *);
void mint_intermediate(struct str *, const struct mint_ca *,
    const uint8_t point[KEY_POINT_LEN], const struct cert *issuer,
    const struct key *issuer_key);
/*
 * The root `subject`, under its own name and key identifier, which what it signed
 * refers to, signed by another; its CAs may sign.
 */
void mint_cross(struct str *, const struct mint_ca *, const struct cert *subject,
    const struct cert *issuer, const struct key *issuer_key);
void mint_leaf(struct str *, const struct mint_leaf *,
    const struct cert *issuer, const struct key *issuer_key);

#endif
