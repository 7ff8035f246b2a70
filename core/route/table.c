#include <string.h>

#include "route/query.h"
#include "route/table_hash.h"
#include "route/table_index.h"

#define DECODED_MAX	8192	/* a request line is no longer */

/* --- what a request fulfils --------------------------------------------------- */

bool
host_takes(const struct host *h, const struct route_request *req)
{
	if (h->is_wildcard)
		return req->host.len > h->name.len &&
		    slice_has_suffix(req->host, h->name);
	return h->name.len == 0 || slice_eq(h->name, req->host);
}

static bool
prefix_takes(struct slice prefix, struct slice path)
{
	return prefix.len == 0 || (slice_has_prefix(path, prefix) &&
	    (path.len == prefix.len || path.ptr[prefix.len] == '/'));
}

static bool
wish_takes(const struct wish *w, struct slice value)
{
	return w->is_regex ? regex_match(w->value.regex, value) :
	    slice_eq((struct slice){ w->value.text, w->value_len }, value);
}

static bool
part_takes(const struct wish *w, struct slice part)
{
	return part.len > 0 && (w->value_len == 0 || wish_takes(w, part));
}

/* What stands behind the last '/' is the method. */
static bool
call_takes(const struct call *c, struct slice path)
{
	size_t at = path.len;

	if (c->service.value_len + c->method.value_len == 0)
		return true;
	while (at > 0 && path.ptr[at - 1] != '/')
		at--;
	return at > 1 && part_takes(&c->service, slice_of(path.ptr + 1, at - 2)) &&
	    part_takes(&c->method, slice_from(path, at));
}

bool
entry_takes_path(const struct entry *e, const struct route_request *req)
{
	switch ((enum route_path_kind)e->kind) {
	case ROUTE_EXACT:
		return slice_eq(entry_path(e), req->path);
	case ROUTE_PREFIX:
		return prefix_takes(entry_path(e), req->path);
	case ROUTE_REGEX:
		return regex_match(e->by.regex, req->path);
	case ROUTE_CALL:
		return call_takes(e->by.call, req->path);
	}
	return false;
}

static bool
wish_takes_header(const struct wish *w, const struct route_request *req)
{
	struct slice value = req->header(req->head, wish_name(w));

	return value.ptr != NULL && wish_takes(w, value);
}

/* Apart, so that only those that need the room pay for it. */
static __attribute__((noinline)) bool
wish_takes_decoded(const struct wish *w, struct slice raw)
{
	char decoded[DECODED_MAX];
	size_t len;

	return query_decode(raw, decoded, sizeof(decoded), &len) &&
	    wish_takes(w, slice_of(decoded, len));
}

static bool
wish_takes_query(const struct wish *w, const struct route_request *req)
{
	struct slice raw;

	if (!query_find(req->query, wish_name(w), &raw))
		return false;
	if (query_is_plain(raw))
		return wish_takes(w, raw);
	return wish_takes_decoded(w, raw);
}

enum route_loss
entry_takes_rest(const struct entry *e, const struct route_request *req,
    struct slice *name)
{
	const struct wish *w = e->wishes;

	if (e->method != 0 && e->method != route_method_id(req->method))
		return ROUTE_BY_METHOD;
	for (size_t i = 0; i < e->headers_len; i++, w++)
		if (!wish_takes_header(w, req)) {
			*name = wish_name(w);
			return ROUTE_BY_HEADER;
		}
	for (size_t i = 0; i < e->queries_len; i++, w++)
		if (!wish_takes_query(w, req)) {
			*name = wish_name(w);
			return ROUTE_BY_QUERY;
		}
	return ROUTE_WON;
}

/* --- one bucket ----------------------------------------------------------------- */

static bool
entry_takes(const struct entry *e, const struct route_request *req)
{
	struct slice name;

	return entry_takes_rest(e, req, &name) == ROUTE_WON &&
	    (e->kind < ROUTE_REGEX || entry_takes_path(e, req));
}

/* The entries that want just the value that the request has. */
static const struct index_slot *
index_find(const struct route_table *t, const struct index *x, struct slice value)
{
	for (uint32_t i = (uint32_t)slice_hash(value);; i++) {
		const struct index_slot *s = &x->slots[i & x->slots_mask];

		if (s->len == 0)
			return NULL;
		const struct wish *w = index_wish(&t->entries[x->ranks[s->at]], x);

		if (slice_eq((struct slice){ w->value.text, w->value_len }, value))
			return s;
	}
}

static __attribute__((noinline)) const struct index_slot *
index_find_decoded(const struct route_table *t, const struct index *x,
    struct slice raw)
{
	char decoded[DECODED_MAX];
	size_t len;

	return query_decode(raw, decoded, sizeof(decoded), &len) ?
	    index_find(t, x, slice_of(decoded, len)) : NULL;
}

static const struct index_slot *
index_pick(const struct route_table *t, const struct index *x,
    const struct route_request *req)
{
	struct slice value;

	if (!x->is_query) {
		value = req->header(req->head, x->name);
		return value.ptr != NULL ? index_find(t, x, value) : NULL;
	}
	if (!query_find(req->query, x->name, &value))
		return NULL;
	return query_is_plain(value) ? index_find(t, x, value) :
	    index_find_decoded(t, x, value);
}

/* Two ascending lists, the lower rank first. */
static const struct entry *
index_winner(const struct route_table *t, const struct index *x,
    const struct route_request *req)
{
	const struct index_slot *s = index_pick(t, x, req);
	const uint32_t *a = s != NULL ? x->ranks + s->at : NULL;
	const uint32_t *a_end = s != NULL ? a + s->len : NULL;
	const uint32_t *b = x->others, *b_end = b + x->others_len;

	while (a < a_end || b < b_end) {
		bool first = b == b_end || (a < a_end && *a < *b);
		const struct entry *e = &t->entries[*(first ? a++ : b++)];

		if (entry_takes(e, req))
			return e;
	}
	return NULL;
}

static const struct entry *
bucket_winner(const struct route_table *t, const struct bucket *b,
    const struct route_request *req)
{
	if (b->index != NULL)
		return index_winner(t, b->index, req);
	for (uint32_t i = 0; i < b->len; i++)
		if (entry_takes(&t->entries[b->first + i], req))
			return &t->entries[b->first + i];
	return NULL;
}

/* --- one host ------------------------------------------------------------------- */

/*
 * Of many rules those that a request meets are in no cache, and each one leads
 * to the next: what can be foreseen is fetched while the rest is looked at.
 */
static void
fetch_entry(const struct route_table *t, const struct bucket *b)
{
	const char *e = (const char *)&t->entries[b->first];

	__builtin_prefetch(e);
	__builtin_prefetch(e + sizeof(struct entry) - 1);
}

static void
fetch_slot(const struct route_table *t, uint64_t hash)
{
	__builtin_prefetch(&t->slots[(uint32_t)hash & t->slots_mask]);
}

static uint32_t
bucket_find(const struct route_table *t, uint64_t hash, uint32_t host,
    enum route_path_kind kind, struct slice path)
{
	for (uint32_t i = (uint32_t)hash;; i++) {
		const struct slot *s = &t->slots[i & t->slots_mask];

		if (s->bucket == NO_BUCKET)
			return NO_BUCKET;
		if (s->tag != (uint32_t)(hash >> 32))
			continue;
		const struct bucket *b = &t->buckets[s->bucket];

		fetch_entry(t, b);
		if (b->host == host && b->kind == kind &&
		    b->path_len == path.len &&
		    memcmp(b->path, path.ptr, path.len) == 0)
			return s->bucket;
	}
}

void
path_find(const struct route_table *t, uint32_t host, struct slice path,
    uint32_t *exact, uint32_t *prefix)
{
	const struct host *h = &t->hosts[host];
	size_t end = path.len <= h->path_max ? path.len : h->path_max + 1u;
	uint64_t hash = hash_start(host);

	*exact = NO_BUCKET;
	*prefix = h->root;
	if (h->paths == 0)
		return;
	for (size_t i = 0; i < end; i++) {
		if (path.ptr[i] == '/' && i > 0) {
			uint32_t b = bucket_find(t, hash_end(hash, ROUTE_PREFIX),
			    host, ROUTE_PREFIX, slice_of(path.ptr, i));

			if (b != NO_BUCKET)
				*prefix = b;
		}
		hash = hash_byte(hash, path.ptr[i]);
	}
	if (path.len > h->path_max)
		return;
	fetch_slot(t, hash_end(hash, ROUTE_PREFIX));
	*exact = bucket_find(t, hash_end(hash, ROUTE_EXACT), host, ROUTE_EXACT,
	    path);
	uint32_t b = bucket_find(t, hash_end(hash, ROUTE_PREFIX), host,
	    ROUTE_PREFIX, path);

	if (b != NO_BUCKET)
		*prefix = b;
}

static const struct entry *
host_winner(const struct route_table *t, const struct host *h,
    const struct route_request *req)
{
	const struct entry *e = NULL;
	uint32_t exact, b;

	path_find(t, (uint32_t)(h - t->hosts), req->path, &exact, &b);
	if (exact != NO_BUCKET)
		e = bucket_winner(t, &t->buckets[exact], req);
	for (; e == NULL && b != NO_BUCKET; b = t->buckets[b].parent)
		e = bucket_winner(t, &t->buckets[b], req);
	if (e == NULL && h->regexes != NO_BUCKET)
		e = bucket_winner(t, &t->buckets[h->regexes], req);
	if (e == NULL && h->calls != NO_BUCKET)
		e = bucket_winner(t, &t->buckets[h->calls], req);
	return e;
}

/* --- all of them ------------------------------------------------------------------ */

static const struct host *
host_find(const struct route_table *t, struct slice name, bool is_wildcard)
{
	for (uint32_t i = (uint32_t)slice_hash(name);; i++) {
		uint32_t id = t->host_slots[i & t->host_mask];

		if (id == 0)
			return NULL;
		const struct host *h = &t->hosts[id - 1];

		if (h->is_wildcard == is_wildcard && slice_eq(h->name, name))
			return h;
	}
}

static const struct entry *
winner_of(const struct route_table *t, struct slice name, bool is_wildcard,
    const struct route_request *req)
{
	const struct host *h = host_find(t, name, is_wildcard);

	return h != NULL ? host_winner(t, h, req) : NULL;
}

const struct entry *
route_winner(const struct route_table *t, const struct route_request *req)
{
	const struct entry *e = NULL;

	if (t->named > 0 && req->host.len > 0)
		e = winner_of(t, req->host, false, req);
	for (size_t i = 1; e == NULL && t->wildcards > 0 && i < req->host.len; i++)
		if (req->host.ptr[i] == '.')
			e = winner_of(t, slice_from(req->host, i), true, req);
	if (e == NULL && t->any != NULL)
		e = host_winner(t, t->any, req);
	return e;
}

void
route_found_fill(const struct route_table *t, const struct entry *e,
    struct route_found *out)
{
	*out = (struct route_found){ .payload = e->payload,
		.route = { e->route, e->route_len }, .rule = e->rule,
		.match = e->match, .host = t->hosts[e->host].text,
		.path_kind = (enum route_path_kind)e->kind,
		.path = entry_path(e) };
}

bool
route_find(const struct route_table *t, const struct route_request *req,
    struct route_found *out)
{
	const struct entry *e = route_winner(t, req);

	if (e == NULL)
		return false;
	route_found_fill(t, e, out);
	return true;
}
