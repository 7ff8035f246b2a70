#ifndef PKI_BUNDLE_H
#define PKI_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/refs.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/cert.h"
#include "pki/hash.h"

/*
 * bundle: the root certificates of one trust domain (SPIFFE Trust Domain and
 * Bundle, sections 3 and 4).
 * Life: bundle_new -> bundle_add ... -> shared, and from then on immutable
 * -> bundle_ref, bundle_unref from any thread.
 *
 * A root is a self-signed CA on P-256, the one kind of key that our own domain
 * has: it is what every peer of it is known to take, what its handshakes are
 * measured with, and nobody there has another.  Other domains choose for
 * themselves: theirs may be of any kind of cert_key.h, with the name of their
 * issuer as their own, but no proof of that, which nobody needs.
 *
 * Two roots may share a subject only if they share the key (one certificate
 * renewed), because the subject is how a chain finds its root; other domains
 * may call all their roots the same.  Whether a root is valid now is asked when
 * a chain is checked, not here.
 */
#define BUNDLE_ROOTS_MAX	32

struct bundle {
	struct refs  refs;
	struct slice domain;
	size_t       len;
	struct cert *roots;
	struct slice jwks;	/* keys of its JWT-SVIDs, a JWK Set; or absent */
	bool         is_foreign;	/* another domain's; before roots are added */
	struct arena memory;	/* of the domain and of the roots' DER */
};

struct bundle *bundle_new(struct slice domain);	/* gives, with no root */
struct bundle *bundle_ref(struct bundle *);
void bundle_unref(struct bundle *);		/* NULL is harmless */
/* Copies one root; one that is there already is skipped.  ERR_DATA. */
int bundle_add(struct bundle *, struct slice der, struct err *);
/* Copies; before it is shared. */
void bundle_keep_jwks(struct bundle *, struct slice);
/* All CERTIFICATE blocks of a text; at least one must be there. */
int bundle_add_pem(struct bundle *, struct slice text, struct err *);
bool bundle_has(const struct bundle *, struct slice der);
/* Whether a root has the key of that SHA-256, of its SubjectPublicKeyInfo. */
bool bundle_has_key(const struct bundle *, const uint8_t hash[HASH_LEN]);

void bundle_pem(struct str *, const struct bundle *);
/*
 * The bundle as a JWK Set (SPIFFE bundle, 4.2).  The sequence grows with
 * every change; refresh_s is how often to look again.  more: further
 * keys, as they stand in a JWK Set, or absent.
 */
void bundle_jwks(struct str *, const struct bundle *, uint64_t sequence,
    uint32_t refresh_s, struct slice more);
/*
 * What join tokens carry: SHA-256 over the sorted SHA-256 hashes of the
 * roots' SubjectPublicKeyInfo, each key once.
 */
void bundle_hash(const struct bundle *, uint8_t out[HASH_LEN]);
/* SHA-256 over the certificates in their order: whether it is the same bundle. */
void bundle_digest(const struct bundle *, uint8_t out[HASH_LEN]);

#endif
