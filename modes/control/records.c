#include <string.h>

#include "conf/json.h"
#include "modes/control/records.h"
#include "modes/control/store_keys.h"
#include "pki/base64.h"

bool
grant_serves(const struct grant *g, struct slice service)
{
	struct slice ns;

	if (!slice_cut(&service, '/', &ns) || !slice_eq(ns, g->ns))
		return false;
	for (size_t i = 0; i < g->services_len; i++)
		if (slice_eq(service, g->services[i]))
			return true;
	return false;
}

/* --- pieces ---------------------------------------------------------------- */

static void
set_hex(struct conf_node *map, const char *key, const uint8_t *p, size_t len)
{
	struct str s = { 0 };

	str_add_hex(&s, p, len);
	conf_set_slice(map, key, str_slice(&s));
	str_fini(&s);
}

static int
nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
get_hex(const struct conf_node *map, const char *key, uint8_t *p, size_t len)
{
	struct slice text = slice_str(conf_get_string(map, key));

	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = nibble(text.ptr[2 * i]);
		int low = nibble(text.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		p[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static struct slice
get(const struct conf_node *map, const char *key)
{
	return slice_str(conf_get_string(map, key));
}

static void
set_grant(struct conf_node *map, const struct grant *g)
{
	if (g->ns.len == 0)
		return;
	conf_set_slice(map, "namespace", g->ns);
	conf_set_slice(map, "serviceAccount", g->account);
	if (g->name.len > 0)
		conf_set_slice(map, "workload", g->name);
	struct conf_node *list = conf_set_list(map, "services");

	for (size_t i = 0; i < g->services_len; i++)
		conf_add(list, conf_string_new(list->items.arena,
		    g->services[i]));
}

static void
get_grant(struct grant *g, struct arena *a, const struct conf_node *map)
{
	const struct conf_node *list = conf_get(map, "services");

	*g = (struct grant){ .ns = get(map, "namespace"),
	    .account = get(map, "serviceAccount"), .name = get(map, "workload") };
	g->services = arena_zalloc(a, (conf_len(list) + 1) *
	    sizeof(*g->services));
	CONF_FOREACH(e, list)
		if (conf_string(e->node) != NULL)
			g->services[g->services_len++] =
			    slice_str(conf_string(e->node));
}

static const struct conf_node *
read_map(struct arena *a, struct slice json, struct err *err)
{
	const struct conf_node *map = conf_json_read(a, arena_dup(a, json),
	    "record", err);

	if (map == NULL)
		err->kind = ERR_INTERNAL;
	return map;
}

static int
damaged(struct err *err, const char *what)
{
	return err_set(err, ERR_INTERNAL, "the record of %s is damaged", what);
}

/* --- tokens ----------------------------------------------------------------- */

void
token_record_write(struct str *out, const struct token_record *t)
{
	struct arena a;
	struct conf_node *map;
	struct str leaf = { 0 };

	arena_init(&a);
	map = conf_map_new(&a);
	conf_set_slice(map, "id", t->id);
	set_hex(map, "hash", t->hash, HASH_LEN);
	set_grant(map, &t->grant);
	conf_set_int(map, "created", t->created);
	conf_set_int(map, "expires", t->expires);
	conf_set_slice(map, "createdBy", t->created_by);
	if (t->used != 0) {
		base64_add(&leaf, BASE64_STD, t->leaf);
		conf_set_int(map, "used", t->used);
		set_hex(map, "point", t->point, KEY_POINT_LEN);
		conf_set_slice(map, "leaf", str_slice(&leaf));
		str_fini(&leaf);
	}
	conf_json_write(out, map);
	arena_fini(&a);
}

int
token_record_read(struct token_record *t, struct arena *a, struct slice json,
    struct err *err)
{
	const struct conf_node *map = read_map(a, json, err);
	struct slice leaf;
	ptrdiff_t n;
	void *der;

	*t = (struct token_record){ 0 };
	if (map == NULL)
		return -1;
	t->id = get(map, "id");
	t->created = conf_get_int(map, "created", 0);
	t->expires = conf_get_int(map, "expires", 0);
	t->created_by = get(map, "createdBy");
	t->used = conf_get_int(map, "used", 0);
	get_grant(&t->grant, a, map);
	if (t->id.ptr == NULL || t->grant.ns.ptr == NULL ||
	    !get_hex(map, "hash", t->hash, HASH_LEN))
		return damaged(err, "a token");
	if (t->used == 0)
		return 0;
	leaf = get(map, "leaf");
	der = arena_alloc(a, base64_room(leaf.len) + 1);
	n = base64_decode(der, base64_room(leaf.len), BASE64_STD, leaf);
	if (n <= 0 || !get_hex(map, "point", t->point, KEY_POINT_LEN))
		return damaged(err, "a used token");
	t->leaf = slice_of(der, (size_t)n);
	return 0;
}

struct slice
token_record_key(struct arena *a, struct slice id)
{
	return slice_str(arena_printf(a, STORE_TOKENS "%.*s", SLICE_ARG(id)));
}

/* --- certificates -------------------------------------------------------------- */

void
cert_record_write(struct str *out, const struct cert_record *c)
{
	struct arena a;
	struct conf_node *map;

	arena_init(&a);
	map = conf_map_new(&a);
	conf_set_slice(map, "id", c->id);
	conf_set_slice(map, "serial", c->serial);
	set_grant(map, &c->grant);
	conf_set_int(map, "issued", c->issued);
	conf_set_int(map, "expires", c->expires);
	if (c->token.len > 0)
		conf_set_slice(map, "token", c->token);
	if (c->issuer.len > 0)
		conf_set_slice(map, "issuer", c->issuer);
	if (c->root.len > 0)
		conf_set_slice(map, "root", c->root);
	if (c->is_of_app)
		conf_set_bool(map, "application", true);
	if (c->attestor.len > 0) {
		conf_set_slice(map, "attestor", c->attestor);
		conf_set_slice(map, "host", c->host);
		conf_set_slice(map, "credential", c->credential);
	}
	conf_json_write(out, map);
	arena_fini(&a);
}

int
cert_record_read(struct cert_record *c, struct arena *a, struct slice json,
    struct err *err)
{
	const struct conf_node *map = read_map(a, json, err);

	*c = (struct cert_record){ 0 };
	if (map == NULL)
		return -1;
	c->id = get(map, "id");
	c->serial = get(map, "serial");
	c->issued = conf_get_int(map, "issued", 0);
	c->expires = conf_get_int(map, "expires", 0);
	c->token = get(map, "token");
	c->issuer = get(map, "issuer");
	c->root = get(map, "root");
	c->attestor = get(map, "attestor");
	c->host = get(map, "host");
	c->credential = get(map, "credential");
	c->is_of_app = conf_get_bool(map, "application", false);
	get_grant(&c->grant, a, map);
	return c->id.ptr != NULL ? 0 : damaged(err, "a certificate");
}

struct slice
cert_record_key(struct arena *a, const uint8_t leaf[HASH_LEN])
{
	struct str s = { 0 };
	struct slice key;

	str_add(&s, STORE_CERTIFICATES);
	str_add_hex(&s, leaf, HASH_LEN);
	key = arena_dup(a, str_slice(&s));
	str_fini(&s);
	return key;
}

/* --- operators ------------------------------------------------------------------ */

void
operator_record_write(struct str *out, const struct operator_record *o)
{
	struct arena a;
	struct conf_node *map;

	arena_init(&a);
	map = conf_map_new(&a);
	conf_set_slice(map, "name", o->name);
	set_hex(map, "leaf", o->leaf, HASH_LEN);
	conf_set_int(map, "created", o->created);
	conf_set_int(map, "expires", o->expires);
	conf_set_slice(map, "createdBy", o->created_by);
	conf_json_write(out, map);
	arena_fini(&a);
}

int
operator_record_read(struct operator_record *o, struct arena *a,
    struct slice json, struct err *err)
{
	const struct conf_node *map = read_map(a, json, err);

	*o = (struct operator_record){ 0 };
	if (map == NULL)
		return -1;
	o->name = get(map, "name");
	o->created = conf_get_int(map, "created", 0);
	o->expires = conf_get_int(map, "expires", 0);
	o->created_by = get(map, "createdBy");
	return o->name.ptr != NULL && get_hex(map, "leaf", o->leaf, HASH_LEN) ?
	    0 : damaged(err, "an operator");
}

struct slice
operator_record_key(struct arena *a, struct slice name)
{
	return slice_str(arena_printf(a, STORE_OPERATORS "%.*s",
	    SLICE_ARG(name)));
}

/* --- revocations ------------------------------------------------------------------ */

void
revocation_record_write(struct str *out, const struct revocation_record *r)
{
	struct arena a;
	struct conf_node *map;

	arena_init(&a);
	map = conf_map_new(&a);
	conf_set_slice(map, "id", r->id);
	conf_set_int(map, "at", r->at);
	conf_set_int(map, "until", r->until);
	conf_set_slice(map, "by", r->by);
	conf_json_write(out, map);
	arena_fini(&a);
}

int
revocation_record_read(struct revocation_record *r, struct arena *a,
    struct slice json, struct err *err)
{
	const struct conf_node *map = read_map(a, json, err);

	*r = (struct revocation_record){ 0 };
	if (map == NULL)
		return -1;
	r->id = get(map, "id");
	r->at = conf_get_int(map, "at", 0);
	r->until = conf_get_int(map, "until", 0);
	r->by = get(map, "by");
	return r->id.ptr != NULL && r->at > 0 ? 0 :
	    damaged(err, "a revocation");
}

struct slice
revocation_record_key(struct arena *a, struct slice id)
{
	return slice_str(arena_printf(a, STORE_REVOCATIONS "%.*s",
	    SLICE_ARG(id)));
}
