#include <string.h>

#include "modes/control/attest.h"

/* Of a key, in hex. */
static struct slice
hash_of(struct arena *a, const uint8_t point[KEY_POINT_LEN])
{
	uint8_t hash[HASH_LEN];
	struct str hex = { 0 };

	hash_sha256(hash, slice_of(point, KEY_POINT_LEN));
	str_add_hex(&hex, hash, HASH_LEN);

	struct slice kept = arena_dup(a, str_slice(&hex));

	str_fini(&hex);
	return kept;
}

static int
shown(const struct attest_evidence *e, struct arena *a, struct pubkey *key,
    struct err *err)
{
	uint8_t point[KEY_POINT_LEN];

	(void)a;
	if (host_proof_read_public(point, e->key, err) < 0) {
		err->kind = ERR_DENIED;
		return err_wrap(err, "key");
	}
	pubkey_p256(key, point);
	return 0;
}

/* The host is known by the name of the document that has its key. */
static int
verify(const struct model_object *o, const struct attest_evidence *e,
    int64_t now, struct arena *a, struct attest_host *host, struct err *err)
{
	const struct model_host_attestor *h = model_host_attestor(o);
	uint8_t theirs[KEY_POINT_LEN], ours[KEY_POINT_LEN];

	(void)now;
	if (host_proof_read_public(theirs, e->key, err) < 0 ||
	    host_proof_read_public(ours, slice_str(h->spec.host_key->public_key),
	    err) < 0) {
		err->kind = ERR_DENIED;
		return err_wrap(err, "key");
	}
	if (memcmp(theirs, ours, KEY_POINT_LEN) != 0)
		return err_set(err, ERR_DENIED, "the host's key is not "
		    "registered");
	pubkey_p256(&host->key, ours);
	host->name = slice_str(h->head.meta.name);
	host->credential = hash_of(a, ours);
	return 0;
}

static bool
stands(const struct model_object *o, struct slice host, struct slice hash)
{
	const struct model_host_attestor *h = model_host_attestor(o);
	uint8_t now[KEY_POINT_LEN];
	struct err ignored = ERR_INIT;
	struct arena a;

	if (!slice_is(host, h->head.meta.name) || host_proof_read_public(now,
	    slice_str(h->spec.host_key->public_key), &ignored) < 0)
		return false;
	arena_init(&a);
	bool is = hash.len == 0 || slice_eq(hash, hash_of(&a, now));

	arena_fini(&a);
	return is;
}

const struct attest_verifier attest_key = { "HostKey", shown, verify,
	stands };
