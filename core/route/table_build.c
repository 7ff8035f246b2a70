#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "route/table_hash.h"
#include "route/table_index.h"

#define PATH_MAX_BYTES	UINT16_MAX
#define WISHES_MAX	UINT8_MAX

static const struct slice methods[] = {
	{ "GET", 3 }, { "HEAD", 4 }, { "POST", 4 }, { "PUT", 3 }, { "DELETE", 6 },
	{ "CONNECT", 7 }, { "OPTIONS", 7 }, { "TRACE", 5 }, { "PATCH", 5 },
};
#define METHODS	(sizeof(methods) / sizeof(methods[0]))

uint8_t
route_method_id(struct slice method)
{
	for (size_t i = 0; i < METHODS; i++)
		if (slice_eq(methods[i], method))
			return (uint8_t)(i + 1);
	return 0;
}

/* --- parts of a rule ---------------------------------------------------------- */

/* One copy of what many rules have in common. */
static const char *
shared_word(struct route_table *t, struct slice word)
{
	const void *known = map_get(&t->words, word);

	if (known == NULL) {
		struct slice copy = arena_dup(&t->arena, word);

		known = copy.ptr;
		map_put(&t->words, word, (void *)(uintptr_t)known);
	}
	return known;
}

static const struct regex *
shared_regex(struct route_table *t, struct slice pattern, struct err *err)
{
	struct regex *re = map_get(&t->regexes, pattern);

	if (re != NULL)
		return re;
	re = regex_compile(pattern, REGEX_WHOLE, err);
	if (re == NULL)
		return NULL;
	map_put(&t->regexes, pattern, re);
	t->regex_bytes += regex_bytes(re);
	return re;
}

/* What a host is kept under: itself, or what follows the '*'. */
static uint32_t
shared_host(struct route_table *t, struct slice host)
{
	struct slice text = arena_lower(&t->arena, host);
	uintptr_t known = (uintptr_t)map_get(&t->host_ids, text);

	if (known != 0)
		return (uint32_t)(known - 1);
	if (t->hosts_len == t->hosts_cap) {
		t->hosts_cap = 2 * t->hosts_cap + 4;
		t->hosts = mem_realloc(t->hosts, t->hosts_cap * sizeof(*t->hosts));
	}
	bool is_wildcard = text.len > 0 && text.ptr[0] == '*';

	t->hosts[t->hosts_len++] = (struct host){ .text = text,
		.name = slice_from(text, is_wildcard ? 1 : 0),
		.is_wildcard = is_wildcard,
		.root = NO_BUCKET, .regexes = NO_BUCKET, .calls = NO_BUCKET };
	map_put(&t->host_ids, text, (void *)(uintptr_t)t->hosts_len);
	return (uint32_t)t->hosts_len - 1;
}

/* --- one rule ------------------------------------------------------------------- */

static bool
is_named_before(const struct route_value *v, size_t n, bool with_case)
{
	for (size_t i = 0; i < n; i++)
		if (with_case ? slice_eq(v[i].name, v[n].name) :
		    slice_ieq(v[i].name, v[n].name))
			return true;
	return false;
}

static int
fill_wish(struct route_table *t, const struct route_value *v, struct slice name,
    struct wish *out, struct err *err)
{
	if (v->value.len > UINT16_MAX || name.len > UINT16_MAX)
		return err_set(err, ERR_DATA, "longer than 65535 bytes");
	*out = (struct wish){ .name = shared_word(t, name),
		.name_len = (uint16_t)name.len,
		.value_len = (uint16_t)v->value.len, .is_regex = v->is_regex };
	if (!v->is_regex) {
		out->value.text = arena_dup(&t->arena, v->value).ptr;
		return 0;
	}
	out->value.regex = shared_regex(t, v->value, err);
	return out->value.regex != NULL ? 0 : -1;
}

static int
fill_wishes(struct route_table *t, const struct route_rule *r, struct entry *e,
    struct err *err)
{
	if (r->headers_len + r->queries_len > WISHES_MAX)
		return err_set(err, ERR_DATA, "more than 255 headers and"
		    " query parameters");
	struct wish *w = arena_alloc(&t->arena,
	    (r->headers_len + r->queries_len) * sizeof(*w));

	e->wishes = w;
	for (size_t i = 0; i < r->headers_len; i++) {
		const struct route_value *v = &r->headers[i];

		if (is_named_before(r->headers, i, false))
			continue;
		if (fill_wish(t, v, arena_lower(&t->arena, v->name), w++, err) < 0)
			return err_wrap(err, "header \"%.*s\"",
			    SLICE_ARG(v->name));
		e->headers_len++;
	}
	for (size_t i = 0; i < r->queries_len; i++) {
		const struct route_value *v = &r->queries[i];

		if (is_named_before(r->queries, i, true))
			continue;
		if (fill_wish(t, v, v->name, w++, err) < 0)
			return err_wrap(err, "query parameter \"%.*s\"",
			    SLICE_ARG(v->name));
		e->queries_len++;
	}
	return 0;
}

static int
fill_call(struct route_table *t, const struct route_rule *r, struct entry *e,
    struct err *err)
{
	struct call *c = arena_zalloc(&t->arena, sizeof(*c));

	e->kind = ROUTE_CALL;
	e->path = "";
	e->by.call = c;
	if (fill_wish(t, &r->call_service, SLICE(""), &c->service, err) < 0)
		return err_wrap(err, "service");
	if (fill_wish(t, &r->call_method, SLICE(""), &c->method, err) < 0)
		return err_wrap(err, "method");
	return 0;
}

static int
fill_path(struct route_table *t, const struct route_rule *r, struct entry *e,
    struct err *err)
{
	struct slice path = r->path;

	if (r->path_kind == ROUTE_CALL)
		return fill_call(t, r, e, err);
	if (path.len > PATH_MAX_BYTES)
		return err_set(err, ERR_DATA, "path: longer than 65535 bytes");
	if (r->path_kind == ROUTE_REGEX) {
		e->by.regex = shared_regex(t, path, err);
		if (e->by.regex == NULL)
			return err_wrap(err, "path");
	} else if (path.len == 0 || path.ptr[0] != '/') {
		return err_set(err, ERR_DATA, "path: it must begin with /");
	}
	if (r->path_kind == ROUTE_PREFIX && path.ptr[path.len - 1] == '/')
		path.len--;
	e->kind = (uint8_t)r->path_kind;
	e->path = arena_dup(&t->arena, path).ptr;
	e->path_len = (uint16_t)path.len;
	return 0;
}

int
route_table_add(struct route_table *t, const struct route_rule *r, struct err *err)
{
	struct entry e = { .payload = r->payload, .created = r->created,
		.rule = r->rule, .match = r->match };

	check(!t->sealed);
	if (r->method.len > 0 && (e.method = route_method_id(r->method)) == 0)
		return err_set(err, ERR_DATA, "method: there is no %.*s",
		    SLICE_ARG(r->method));
	if (r->route.len > UINT16_MAX)
		return err_set(err, ERR_DATA, "name: longer than 65535 bytes");
	if (fill_path(t, r, &e, err) < 0 || fill_wishes(t, r, &e, err) < 0)
		return -1;
	e.route = shared_word(t, r->route);
	e.route_len = (uint16_t)r->route.len;
	e.host = shared_host(t, r->host);
	if (t->len == t->cap) {
		t->cap = 2 * t->cap + 8;
		t->entries = mem_realloc(t->entries, t->cap * sizeof(e));
	}
	t->entries[t->len++] = e;
	return 0;
}

void
route_table_cut(struct route_table *t, size_t len)
{
	check(!t->sealed && len <= t->len);
	t->len = len;
}

/* --- precedence ------------------------------------------------------------------- */

static int
by_number(int64_t less, int64_t more)
{
	return less < more ? -1 : less > more;
}

/* Exact before wildcard before none. */
static int
host_class(const struct host *h)
{
	return h->is_wildcard ? 1 : h->name.len == 0 ? 2 : 0;
}

static int
by_host(const struct route_table *t, const struct entry *a, const struct entry *b)
{
	const struct host *x = &t->hosts[a->host], *y = &t->hosts[b->host];
	int way = by_number(host_class(x), host_class(y));

	if (way == 0)
		way = by_number((int64_t)y->text.len, (int64_t)x->text.len);
	return way != 0 ? way : by_number(a->host, b->host);
}

static int
by_call(const struct call *a, const struct call *b)
{
	int way = by_number(b->service.value_len, a->service.value_len);

	return way != 0 ? way :
	    by_number(b->method.value_len, a->method.value_len);
}

/* Keeps entries of one path together; of two paths of a length one is met. */
static int
by_length(const struct entry *a, const struct entry *b)
{
	int way = by_number(b->path_len, a->path_len);

	if (a->kind == ROUTE_CALL)
		return by_call(a->by.call, b->by.call);
	return way != 0 || a->kind == ROUTE_REGEX ? way :
	    memcmp(a->path, b->path, a->path_len);
}

static int
by_order(const struct entry *a, const struct entry *b)
{
	int way = by_number(a->rule, b->rule);

	return way != 0 ? way : by_number(a->match, b->match);
}

int
entry_compare(const struct route_table *t, const struct entry *a,
    const struct entry *b, enum route_loss *why)
{
	int way;

#define TRY(loss, comparison)						\
	do {								\
		*why = (loss);						\
		if ((way = (comparison)) != 0)				\
			return way;					\
	} while (0)
	TRY(ROUTE_BELOW_HOST, by_host(t, a, b));
	TRY(ROUTE_BELOW_KIND, by_number(a->kind, b->kind));
	TRY(ROUTE_BELOW_LENGTH, by_length(a, b));
	TRY(ROUTE_BELOW_METHOD, by_number(b->method != 0, a->method != 0));
	TRY(ROUTE_BELOW_HEADERS, by_number(b->headers_len, a->headers_len));
	TRY(ROUTE_BELOW_QUERIES, by_number(b->queries_len, a->queries_len));
	TRY(ROUTE_BELOW_AGE, by_number(a->created, b->created));
	TRY(ROUTE_BELOW_NAME, slice_cmp((struct slice){ a->route, a->route_len },
	    (struct slice){ b->route, b->route_len }));
	TRY(ROUTE_BELOW_ORDER, by_order(a, b));
#undef TRY
	return 0;
}

static int
compare(const void *a, const void *b, void *table)
{
	enum route_loss why;

	return entry_compare(table, a, b, &why);
}

/* --- sealing ------------------------------------------------------------------------ */

static bool
is_same_bucket(const struct entry *a, const struct entry *b)
{
	return a->host == b->host && a->kind == b->kind &&
	    (a->kind >= ROUTE_REGEX || slice_eq(entry_path(a), entry_path(b)));
}

static size_t
run_from(const struct route_table *t, size_t first)
{
	size_t end = first + 1;

	while (end < t->len && is_same_bucket(&t->entries[first], &t->entries[end]))
		end++;
	return end - first;
}

/* Where the host keeps it, or among the paths that are found by hash. */
static void
place_bucket(struct route_table *t, uint32_t id)
{
	const struct bucket *b = &t->buckets[id];
	struct host *h = &t->hosts[b->host];

	if (b->kind >= ROUTE_REGEX) {
		*(b->kind == ROUTE_REGEX ? &h->regexes : &h->calls) = id;
		return;
	}
	if (b->kind == ROUTE_PREFIX && b->path_len == 0) {
		h->root = id;
		return;
	}
	uint64_t hash = hash_start(b->host);

	for (size_t i = 0; i < b->path_len; i++)
		hash = hash_byte(hash, b->path[i]);
	hash = hash_end(hash, (enum route_path_kind)b->kind);
	uint32_t at = (uint32_t)hash & t->slots_mask;

	while (t->slots[at].bucket != NO_BUCKET)
		at = (at + 1) & t->slots_mask;
	t->slots[at] = (struct slot){ (uint32_t)(hash >> 32), id };
	h->paths++;
	if (b->path_len > h->path_max)
		h->path_max = b->path_len;
}

/* A power of two of which at most two thirds are used. */
static uint32_t
slots_for(size_t n)
{
	uint32_t slots = 2;

	while (slots * 2 < n * 3)
		slots *= 2;
	return slots;
}

static void
make_buckets(struct route_table *t)
{
	size_t n = 0;

	for (size_t at = 0; at < t->len; at += run_from(t, at))
		t->buckets_len++;
	t->buckets = mem_zalloc_array(t->buckets_len + 1, sizeof(*t->buckets));
	t->slots_mask = slots_for(t->buckets_len + 1) - 1;
	t->slots = mem_alloc((t->slots_mask + 1) * sizeof(*t->slots));
	for (uint32_t i = 0; i <= t->slots_mask; i++)
		t->slots[i] = (struct slot){ 0, NO_BUCKET };
	for (size_t at = 0; at < t->len; n++) {
		const struct entry *e = &t->entries[at];
		size_t run = run_from(t, at);

		t->buckets[n] = (struct bucket){ .path = e->path,
			.path_len = e->path_len, .kind = e->kind,
			.host = e->host, .first = (uint32_t)at,
			.len = (uint32_t)run, .parent = NO_BUCKET };
		place_bucket(t, (uint32_t)n);
		at += run;
	}
}

/* The parent of /a/b/c is the longest prefix of /a/b. */
static void
make_parents(struct route_table *t)
{
	for (size_t i = 0; i < t->buckets_len; i++) {
		struct bucket *b = &t->buckets[i];
		size_t len = b->path_len;
		uint32_t exact;

		if (b->kind != ROUTE_PREFIX || len == 0)
			continue;
		while (len > 0 && b->path[len - 1] != '/')
			len--;
		path_find(t, b->host, slice_of(b->path, len == 0 ? 0 : len - 1),
		    &exact, &b->parent);
	}
}

static void
make_hosts(struct route_table *t)
{
	t->host_mask = slots_for(t->hosts_len + 1) - 1;
	t->host_slots = mem_zalloc_array(t->host_mask + 1,
	    sizeof(*t->host_slots));
	for (size_t i = 0; i < t->hosts_len; i++) {
		const struct host *h = &t->hosts[i];
		uint32_t at = (uint32_t)slice_hash(h->name) & t->host_mask;

		if (host_class(h) == 2) {
			t->any = h;
			continue;
		}
		*(h->is_wildcard ? &t->wildcards : &t->named) += 1;
		while (t->host_slots[at] != 0)
			at = (at + 1) & t->host_mask;
		t->host_slots[at] = (uint32_t)i + 1;
	}
}

void
route_table_seal(struct route_table *t)
{
	check(!t->sealed);
	t->sealed = true;
	map_fini(&t->words, NULL);
	map_fini(&t->host_ids, NULL);
	t->entries = mem_realloc(t->entries, (t->len + 1) * sizeof(*t->entries));
	t->hosts = mem_realloc(t->hosts, (t->hosts_len + 1) * sizeof(*t->hosts));
	qsort_r(t->entries, t->len, sizeof(*t->entries), compare, t);
	make_hosts(t);
	make_buckets(t);
	make_parents(t);
	for (size_t i = 0; i < t->buckets_len; i++)
		if (t->buckets[i].len >= INDEX_FROM)
			t->buckets[i].index = index_new(t, &t->buckets[i]);
}

/* ------------------------------------------------------------------------------------ */

struct route_table *
route_table_new(void)
{
	struct route_table *t = mem_zalloc(sizeof(*t));

	refs_init(&t->refs);
	arena_init(&t->arena);
	return t;
}

struct route_table *
route_table_ref(struct route_table *t)
{
	refs_take(&t->refs);
	return t;
}

static void
free_regex(void *re)
{
	regex_free(re);
}

void
route_table_unref(struct route_table *t)
{
	if (t == NULL || !refs_drop(&t->refs))
		return;
	map_fini(&t->words, NULL);
	map_fini(&t->host_ids, NULL);
	map_fini(&t->regexes, free_regex);
	mem_free(t->entries);
	mem_free(t->hosts);
	mem_free(t->host_slots);
	mem_free(t->buckets);
	mem_free(t->slots);
	arena_fini(&t->arena);
	mem_free(t);
}

size_t
route_table_len(const struct route_table *t)
{
	return t->len;
}

size_t
route_table_bytes(const struct route_table *t)
{
	return sizeof(*t) + t->arena.total + t->regex_bytes +
	    t->len * sizeof(*t->entries) + t->hosts_len * sizeof(*t->hosts) +
	    (t->host_mask + 1) * sizeof(*t->host_slots) +
	    t->buckets_len * sizeof(*t->buckets) +
	    (t->slots_mask + 1) * sizeof(*t->slots);
}
