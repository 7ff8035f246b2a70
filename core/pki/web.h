#ifndef PKI_WEB_H
#define PKI_WEB_H

#include <stdint.h>

#include "pki/cert.h"
#include "pki/distrust.h"
#include "pki/hash.h"
#include "pki/pubkey.h"

/*
 * web: is this server, which is outside the mesh, the one that was asked for,
 * as the public's servers prove it (RFC 5280, RFC 9525)?  And is this client of
 * a gateway one whose certificate the gateway's roots vouch for?
 *
 * The leaf comes first and each certificate is signed by the next, up to the
 * first that a root signed; a root that signs nothing may be the leaf itself.
 * RSA of 2048 bits or more with PKCS #1 v1.5 and ECDSA on P-256, P-384 or
 * P-521, with SHA-256, SHA-384 or SHA-512; name constraints are refused, marked
 * critical or not.  All must be valid now; roots are what people configured,
 * whatever their dates, and of a root nothing but name and key is looked at.
 * The leaf must be for servers, or for clients, if it says what it is for.
 *
 * A server is known by its alternative names alone, never by its common name.
 * A wildcard is the whole first label, stands for one label, and has two or
 * more behind it.  A host that is an IP address is looked for among addresses
 * and nowhere else.  URIs are the same byte by byte.  One name suffices.
 * Of a client no name is asked: who it is, others may read from it.
 */
#define WEB_KEY_BITS_MIN	2048	/* of RSA */
#define WEB_CERTS_MAX		8	/* of a chain */

/*
 * Whom we trust.
 * Life: web_roots_new -> web_roots_add ... -> shared, immutable from then on
 * -> web_roots_ref, web_roots_unref from any thread.
 */
struct web_roots;
struct web_roots *web_roots_new(void);	/* gives, with no root */
struct web_roots *web_roots_ref(struct web_roots *);
void web_roots_unref(struct web_roots *);	/* NULL is harmless */
/* All CERTIFICATE blocks of a text; at least one must be there.  ERR_DATA. */
int web_roots_add(struct web_roots *, struct slice pem, struct err *);
size_t web_roots_len(const struct web_roots *);
/* SHA-256 over the roots in the order in which they were added. */
void web_roots_hash(const struct web_roots *, uint8_t out[HASH_LEN]);
/* The name of the i-th, as its certificate has it (RFC 5280, 4.1.2.6). */
struct slice web_roots_name(const struct web_roots *, size_t i);

struct web_name {
	bool         is_uri;
	struct slice text;	/* host name, IP address, or URI */
};

struct web_policy {
	const struct web_roots *roots;
	const struct web_name  *names;	/* one of them suffices */
	size_t                  names_len;
	int64_t                 now;	/* seconds since 1970 */
	bool                    is_client;	/* whose names are not asked for */
};

/*
 * Parses the leaf into *leaf, which borrows, and puts the key that it has
 * proven into *key if the answer is DISTRUST_NONE.
 */
enum distrust web_verify(const struct slice *certs, size_t len,
    const struct web_policy *, struct cert *leaf, struct pubkey *key);

/* Whether a certificate's name, perhaps with a wildcard, is that of the host. */
bool web_name_covers(struct slice name, struct slice host);

#endif
