#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/refs.h"
#include "policy/issuer_keys.h"

struct issuer_keys {
	struct refs    refs;
	struct arena   arena;
	struct jwk_set set;
	uint8_t        hash[HASH_LEN];
	atomic_ullong  due_ms;	/* when it may be asked for others */
};

#define ASKED	ULLONG_MAX	/* as due_ms: somebody has, and waits */

struct issuer_keys *
issuer_keys_none(void)
{
	struct issuer_keys *k = mem_zalloc(sizeof(*k));

	refs_init(&k->refs);
	return k;
}

struct issuer_keys *
issuer_keys_new(struct slice jwks, struct err *err)
{
	struct issuer_keys *k = issuer_keys_none();

	hash_sha256(k->hash, jwks);
	if (jwk_set_read(&k->set, &k->arena, jwks, err) == 0 && k->set.len > 0)
		return k;
	if (err->kind == ERR_NONE)
		err_set(err, ERR_DATA, "none of %zu keys is one for signatures, "
		    "RSA of 2048 to 4096 bits or EC on P-256 or P-384",
		    k->set.left_out);
	issuer_keys_unref(k);
	return NULL;
}

struct issuer_keys *
issuer_keys_ref(struct issuer_keys *k)
{
	refs_take(&k->refs);
	return k;
}

void
issuer_keys_unref(struct issuer_keys *k)
{
	if (k == NULL || !refs_drop(&k->refs))
		return;
	arena_fini(&k->arena);
	mem_free(k);
}

const struct jwk_set *
issuer_keys_set(const struct issuer_keys *k)
{
	return &k->set;
}

void
issuer_keys_hash(const struct issuer_keys *k, uint8_t out[HASH_LEN])
{
	memcpy(out, k->hash, HASH_LEN);
}

enum issuer_keys_ask
issuer_keys_ask(struct issuer_keys *k, uint64_t now_ms)
{
	unsigned long long due = atomic_load(&k->due_ms);

	if (due == ASKED)
		return ISSUER_KEYS_WAIT;
	if (now_ms < due)
		return ISSUER_KEYS_FINAL;
	return atomic_compare_exchange_strong(&k->due_ms, &due, ASKED) ?
	    ISSUER_KEYS_ASK : ISSUER_KEYS_WAIT;
}

void
issuer_keys_asked(struct issuer_keys *k)
{
	atomic_store(&k->due_ms, ASKED);
}

void
issuer_keys_answered(struct issuer_keys *k, uint64_t now_ms)
{
	atomic_store(&k->due_ms, now_ms + ISSUER_KEYS_PAUSE_MS);
}
