#ifndef POLICY_ISSUER_KEYS_H
#define POLICY_ISSUER_KEYS_H

#include "pki/hash.h"
#include "pki/jwk.h"

/*
 * issuer_keys: the keys of one who gives tokens out, as they are now.
 * Life: issuer_keys_new -> issuer_keys_ref ... -> issuer_keys_unref.
 * Immutable and counted; any thread.
 */
struct issuer_keys;

/* NULL: it is no JWK Set, or one without a key that signs.  ERR_DATA. */
struct issuer_keys *issuer_keys_new(struct slice jwks, struct err *);
/* Nobody has them: no token is taken. */
struct issuer_keys *issuer_keys_none(void);
struct issuer_keys *issuer_keys_ref(struct issuer_keys *);
void issuer_keys_unref(struct issuer_keys *);	/* NULL is allowed */
const struct jwk_set *issuer_keys_set(const struct issuer_keys *);
/*
 * Keys that were fetched may be old: who meets a token of one that is not there
 * asks for them, once for all of its kind, and waits; for ISSUER_KEYS_PAUSE_MS
 * after the answer nobody asks again.
 */
#define ISSUER_KEYS_PAUSE_MS	10000u
enum issuer_keys_ask {
	ISSUER_KEYS_ASK,	/* you are the first: ask, and wait */
	ISSUER_KEYS_WAIT,	/* somebody did */
	ISSUER_KEYS_FINAL,	/* it was just asked: there are no others */
};
enum issuer_keys_ask issuer_keys_ask(struct issuer_keys *, uint64_t now_ms);
void issuer_keys_asked(struct issuer_keys *);	/* they are on their way */
void issuer_keys_answered(struct issuer_keys *, uint64_t now_ms);

/* The same for the same text. */
void issuer_keys_hash(const struct issuer_keys *, uint8_t out[HASH_LEN]);

#endif
