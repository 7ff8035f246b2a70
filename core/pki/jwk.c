#include "conf/json.h"
#include "pki/base64.h"
#include "pki/jwk.h"

#define NUMBER_MAX	520	/* bytes of a number, with some that is refused */

/* Absent or a string; false: something else. */
static bool
get_text(const struct conf_node *key, const char *name, struct slice *out)
{
	const struct conf_node *n = conf_get(key, name);

	*out = SLICE_NONE;
	if (n == NULL)
		return true;
	*out = n->text;
	return n->kind == CONF_STRING;
}

static bool
get_number(const struct conf_node *key, const char *name,
    unsigned char room[NUMBER_MAX], struct slice *out)
{
	struct slice text;
	ptrdiff_t len;

	if (!get_text(key, name, &text) || text.ptr == NULL)
		return false;
	len = base64_decode(room, NUMBER_MAX, BASE64_URL, text);
	if (len <= 0)
		return false;
	*out = slice_of(room, (size_t)len);
	return true;
}

static bool
is_for_signatures(const struct conf_node *key)
{
	const struct conf_node *ops = conf_get(key, "key_ops");
	struct slice use;

	if (!get_text(key, "use", &use) ||
	    (use.ptr != NULL && !slice_is(use, "sig")))
		return false;
	if (ops == NULL)
		return true;
	if (ops->kind != CONF_LIST)
		return false;
	CONF_FOREACH(e, ops)
		if (e->node->kind == CONF_STRING &&
		    slice_is(e->node->text, "verify"))
			return true;
	return false;
}

static bool
read_rsa(struct pubkey *out, const struct conf_node *key)
{
	unsigned char n_room[NUMBER_MAX], e_room[NUMBER_MAX];
	struct slice n, e;

	return get_number(key, "n", n_room, &n) &&
	    get_number(key, "e", e_room, &e) && pubkey_rsa(out, n, e);
}

static bool
read_ec(struct pubkey *out, const struct conf_node *key)
{
	unsigned char x_room[NUMBER_MAX], y_room[NUMBER_MAX];
	struct slice curve, x, y;
	int id;

	if (!get_text(key, "crv", &curve))
		return false;
	if (slice_is(curve, "P-256"))
		id = BR_EC_secp256r1;
	else if (slice_is(curve, "P-384"))
		id = BR_EC_secp384r1;
	else
		return false;
	return get_number(key, "x", x_room, &x) &&
	    get_number(key, "y", y_room, &y) && pubkey_ec(out, id, x, y);
}

static bool
read_key(struct jwk *out, struct arena *a, const struct conf_node *key)
{
	struct slice kty, alg, kid;
	bool is_read = false;

	if (!get_text(key, "kty", &kty) || !get_text(key, "alg", &alg) ||
	    !get_text(key, "kid", &kid) || kid.len > JWK_KID_MAX ||
	    !is_for_signatures(key))
		return false;
	out->only = alg.ptr == NULL ? NULL : jws_alg_named(alg);
	if (alg.ptr != NULL && out->only == NULL)
		return false;
	if (slice_is(kty, "RSA"))
		is_read = read_rsa(&out->key, key);
	else if (slice_is(kty, "EC"))
		is_read = read_ec(&out->key, key);
	out->kid = kid.ptr == NULL ? SLICE_NONE : arena_dup(a, kid);
	return is_read && (out->only == NULL ||
	    jws_alg_fits(out->only, &out->key));
}

static int
read_keys(struct jwk_set *set, struct arena *a, const struct conf_node *root,
    struct err *err)
{
	const struct conf_node *keys = conf_get(root, "keys");

	if (root->kind != CONF_MAP || keys == NULL || keys->kind != CONF_LIST)
		return err_set(err, ERR_DATA, "expected a JSON object with a "
		    "list \"keys\"");
	if (conf_len(keys) > JWK_SET_MAX)
		return err_set(err, ERR_TOO_LARGE, "expected at most %d keys, "
		    "found %zu", JWK_SET_MAX, conf_len(keys));
	set->v = arena_zalloc(a, sizeof(*set->v) * (conf_len(keys) + 1));
	CONF_FOREACH(e, keys) {
		if (e->node->kind != CONF_MAP)
			return err_set(err, ERR_DATA, "expected each of \"keys\" "
			    "to be an object, found %s",
			    conf_kind_name(e->node->kind));
		set->has_secret |= conf_get(e->node, "d") != NULL ||
		    conf_get(e->node, "k") != NULL;
		if (read_key(&set->v[set->len], a, e->node))
			set->len++;
		else
			set->left_out++;
	}
	return 0;
}

int
jwk_set_read(struct jwk_set *set, struct arena *a, struct slice text,
    struct err *err)
{
	struct conf_node *root;

	*set = (struct jwk_set){ 0 };
	if (text.len > JWK_TEXT_MAX)
		return err_set(err, ERR_TOO_LARGE, "expected at most %u bytes of "
		    "keys, found %zu", JWK_TEXT_MAX, text.len);
	root = conf_json_read(a, text, "jwks", err);
	return root == NULL ? -1 : read_keys(set, a, root, err);
}

bool
jwk_may_be(const struct jwk *k, const struct jws_alg *alg, struct slice kid)
{
	return (k->only == NULL || k->only == alg) &&
	    jws_alg_fits(alg, &k->key) && (kid.ptr == NULL ||
	    k->kid.ptr == NULL || slice_eq(k->kid, kid));
}
