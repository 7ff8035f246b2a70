#ifndef PKI_CERT_H
#define PKI_CERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/key.h"

/*
 * cert: an X.509 certificate (RFC 5280) taken apart.
 * Parsing is strict about the encoding and says nothing about trust: what a
 * certificate claims stands in the struct, and leaf.h and chain.h judge it.
 * What cannot be expressed there (broken DER, bytes left over, a body without
 * an extension's structure) is malformed.  Every slice borrows from the DER.
 */
#define CERT_MAX	16384	/* bytes of one certificate */
#define CERT_EXTS_MAX	32	/* extensions of one certificate */
#define CERT_SERIAL_MAX	20	/* bytes (RFC 5280, 4.1.2.2) */

/* Bits of the key usage extension (RFC 5280, 4.2.1.3). */
enum {
	CERT_USE_SIGN	   = 1 << 0,	/* digitalSignature */
	CERT_USE_CERT_SIGN = 1 << 5,
	CERT_USE_CRL_SIGN  = 1 << 6,
};

/* Of what kinds we know; which of them count is for chain.h to say. */
enum cert_key_kind { CERT_KEY_OTHER, CERT_KEY_P256, CERT_KEY_P384, CERT_KEY_RSA };
enum cert_sig_kind { CERT_SIG_OTHER, CERT_SIG_ECDSA_SHA256, CERT_SIG_ECDSA_SHA384,
	CERT_SIG_ECDSA_SHA512, CERT_SIG_RSA_SHA256, CERT_SIG_RSA_SHA384,
	CERT_SIG_RSA_SHA512 };

struct cert {
	struct slice der;
	struct slice tbs;		/* what is signed */
	struct slice serial;		/* big-endian digits */
	struct slice issuer, subject;	/* Name with tag and length */
	struct slice spki;		/* SubjectPublicKeyInfo, likewise */
	struct slice signature;
	int64_t      not_before, not_after;	/* seconds since 1970 */
	uint8_t      version;		/* 1..3 */
	enum cert_key_kind key_kind;
	enum cert_sig_kind sig_kind;	/* the same inside and outside */
	uint8_t      point[KEY_POINT_LEN];	/* with CERT_KEY_P256 */
	struct slice key;		/* what the bits of the key hold */

	/* Extensions; the has_ flags say which are there. */
	bool         has_repeated;	/* some extension stands twice */
	bool         has_unknown_critical;
	bool         has_name_constraints;
	bool         has_basic, basic_critical, is_ca;
	int64_t      path_len;		/* -1: no limit */
	bool         has_usage, usage_critical;
	uint16_t     usage;
	bool         has_ext_usage, for_server, for_client;
	struct slice skid, akid;	/* key identifiers; absent */
	bool         san_critical;
	struct slice san;		/* GeneralNames, for cert_san_next */
	uint32_t     uris, dns, other_names;	/* others: IP too */
	struct slice uri;		/* the first */
};

/* ERR_DATA. */
int cert_parse(struct cert *, struct slice der, struct err *);

/* An IP address is 4 or 16 bytes (RFC 5280, 4.2.1.6). */
enum cert_san { CERT_SAN_END, CERT_SAN_DNS, CERT_SAN_URI, CERT_SAN_IP,
	CERT_SAN_OTHER };
/* *at starts as cert.san. */
enum cert_san cert_san_next(struct slice *at, struct slice *value);

/*
 * Does issuer's key stand behind this signature, on P-256 with SHA-256 as all
 * of our own domain are?  cert_key.h knows the others.
 */
bool cert_signed_by(const struct cert *, const struct cert *issuer);
bool cert_is_self_issued(const struct cert *);

/* "CN=mesh root, O=mesh"; bytes that are not printable come as "?". */
void cert_add_name(struct str *, struct slice name);
void cert_add_serial(struct str *, const struct cert *);	/* hex */

#endif
