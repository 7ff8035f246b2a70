#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "conf/json.h"
#include "pki/base64.h"
#include "pki/spiffe_bundle.h"

/* A year, beyond which nobody means it. */
#define REFRESH_MAX_S	(366 * 86400)

struct reading {
	struct spiffe_bundle *out;
	struct map            kids;
	size_t                x509;	/* keys of that use */
	unsigned char        *der;	/* CERT_MAX bytes */
	struct str            jwks;	/* keys for JWT-SVIDs */
};

static struct slice
text_of(const struct conf_node *key, const char *name)
{
	const struct conf_node *n = conf_get(key, name);

	return n == NULL || n->kind != CONF_STRING ? SLICE_NONE : n->text;
}

static int
add_root(struct reading *r, const struct conf_node *key, size_t i,
    struct err *err)
{
	const struct conf_node *list = conf_get(key, "x5c");
	const struct conf_node *one = list == NULL ||
	    list->kind != CONF_LIST || conf_len(list) != 1 ? NULL :
	    conf_at(list, 0);
	struct err why = ERR_INIT;
	ptrdiff_t len;

	if (one == NULL || one->kind != CONF_STRING)
		return err_set(err, ERR_DATA, "keys[%zu].x5c: expected a list "
		    "of one certificate", i);
	len = base64_decode(r->der, CERT_MAX, BASE64_STD, one->text);
	struct slice der = slice_of(r->der, len < 0 ? 0 : (size_t)len);
	struct cert cert;

	if (len < 0 || cert_parse(&cert, der, &why) < 0)
		return err_set(err, ERR_DATA, "keys[%zu].x5c: expected base64 "
		    "of a certificate%s%s", i, len < 0 ? "" : ": ",
		    len < 0 ? "" : why.text);
	r->x509++;
	if (bundle_add(r->out->roots, der, &why) == 0)
		return 0;
	if (r->out->left_out++ == 0)
		snprintf(r->out->why, sizeof(r->out->why), "%.*s",
		    (int)sizeof(r->out->why) - 1, why.text);
	return 0;
}

/* All that it says but its use. */
static void
keep_jwt(struct reading *r, const struct conf_node *key)
{
	bool is_first = true;

	str_add_char(&r->jwks, r->jwks.len > 0 ? ',' : '[');
	str_add_char(&r->jwks, '{');
	CONF_FOREACH(e, key) {
		if (slice_is(e->key, "use"))
			continue;
		if (!is_first)
			str_add_char(&r->jwks, ',');
		is_first = false;
		str_add_json(&r->jwks, e->key);
		str_add_char(&r->jwks, ':');
		conf_json_write(&r->jwks, e->node);
	}
	str_add_char(&r->jwks, '}');
}

static int
add_jwt(struct reading *r, const struct conf_node *key, size_t i,
    struct err *err)
{
	struct slice kid = text_of(key, "kid");

	if (kid.len == 0)
		return err_set(err, ERR_DATA, "keys[%zu].kid: expected one, as "
		    "the key is for JWT-SVIDs", i);
	if (map_has(&r->kids, kid))
		return err_set(err, ERR_DATA, "keys[%zu].kid: another key has "
		    "the same", i);
	map_put(&r->kids, kid, NULL);
	keep_jwt(r, key);
	r->out->jwt++;
	return 0;
}

/* Of a kty that nobody knows the use does not count either (4.2.2). */
static bool
is_known_type(struct slice kty)
{
	return slice_is(kty, "EC") || slice_is(kty, "RSA") ||
	    slice_is(kty, "OKP");
}

static int
read_keys(struct reading *r, const struct conf_node *root, struct err *err)
{
	const struct conf_node *keys = conf_get(root, "keys");
	size_t i = 0;

	if (root->kind != CONF_MAP || keys == NULL || keys->kind != CONF_LIST)
		return err_set(err, ERR_DATA, "expected a JSON object with a "
		    "list \"keys\"");
	if (conf_len(keys) > SPIFFE_BUNDLE_KEYS)
		return err_set(err, ERR_TOO_LARGE, "expected at most %d keys, "
		    "found %zu", SPIFFE_BUNDLE_KEYS, conf_len(keys));
	CONF_FOREACH(e, keys) {
		struct slice use = text_of(e->node, "use");
		int result = 0;

		if (e->node->kind != CONF_MAP)
			return err_set(err, ERR_DATA, "keys[%zu]: expected an "
			    "object, found %s", i,
			    conf_kind_name(e->node->kind));
		if (!is_known_type(text_of(e->node, "kty")))
			use = SLICE_NONE;
		if (slice_is(use, "x509-svid"))
			result = add_root(r, e->node, i, err);
		else if (slice_is(use, "jwt-svid"))
			result = add_jwt(r, e->node, i, err);
		if (result != 0)
			return -1;
		i++;
	}
	return 0;
}

/* Absent, or a whole number that is not negative. */
static int
read_number(const struct conf_node *root, const char *name, bool *is_there,
    uint64_t *out, struct err *err)
{
	const struct conf_node *n = conf_get(root, name);

	*is_there = n != NULL;
	*out = 0;
	if (n == NULL)
		return 0;
	if (n->kind != CONF_INT || n->integer < 0)
		return err_set(err, ERR_DATA, "%s: expected a whole number that "
		    "is not negative", name);
	*out = (uint64_t)n->integer;
	return 0;
}

static int
read_jwks(struct reading *r, const struct conf_node *root, struct err *err)
{
	struct spiffe_bundle *out = r->out;
	bool has_refresh;
	uint64_t refresh;

	if (read_keys(r, root, err) != 0 ||
	    read_number(root, "spiffe_sequence", &out->has_sequence,
	    &out->sequence, err) != 0 ||
	    read_number(root, "spiffe_refresh_hint", &has_refresh, &refresh,
	    err) != 0)
		return -1;
	out->refresh_s = refresh > REFRESH_MAX_S ? REFRESH_MAX_S :
	    (uint32_t)refresh;
	if (r->x509 > 0 && out->roots->len == 0)
		return err_set(err, ERR_DATA, "none of its %zu authorities can "
		    "be used: %s", r->x509, out->why);
	return 0;
}

static int
read_text(struct reading *r, struct slice text, struct err *err)
{
	struct arena a = { 0 };
	struct conf_node *root;
	int result;

	if (slice_has_prefix(slice_trim(text), SLICE("-----BEGIN ")))
		return bundle_add_pem(r->out->roots, text, err);
	root = conf_json_read(&a, text, "bundle", err);
	result = root == NULL ? -1 : read_jwks(r, root, err);
	if (result == 0 && r->jwks.len > 0) {
		struct str set = { 0 };

		str_addf(&set, "{\"keys\":%s]}", r->jwks.ptr);
		bundle_keep_jwks(r->out->roots, str_slice(&set));
		str_fini(&set);
	}
	str_fini(&r->jwks);
	map_fini(&r->kids, NULL);
	arena_fini(&a);
	return result;
}

int
spiffe_bundle_read(struct spiffe_bundle *out, struct slice domain,
    struct slice text, struct err *err)
{
	struct reading r = { .out = out };
	int result;

	*out = (struct spiffe_bundle){ 0 };
	if (text.len > SPIFFE_BUNDLE_MAX)
		return err_set(err, ERR_TOO_LARGE, "expected at most %u bytes "
		    "of a bundle, found %zu", SPIFFE_BUNDLE_MAX, text.len);
	out->roots = bundle_new(domain);
	out->roots->is_foreign = true;
	r.der = mem_alloc(CERT_MAX);
	result = read_text(&r, text, err);
	mem_free(r.der);
	if (result != 0)
		spiffe_bundle_fini(out);
	return result;
}

void
spiffe_bundle_fini(struct spiffe_bundle *b)
{
	bundle_unref(b->roots);
	*b = (struct spiffe_bundle){ 0 };
}
