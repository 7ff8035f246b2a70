#include "filter/cache_rules.h"
#include "filter/http_date.h"

#define VARY_NAMES	8

static bool
has(const struct http_fields *f, const char *name)
{
	return http_fields_find(f, slice_str(name)).ptr != NULL;
}

static bool
has_any(const struct http_fields *f, const char *const *names)
{
	for (; *names != NULL; names++)
		if (has(f, *names))
			return true;
	return false;
}

/* --- requests ------------------------------------------------------------------ */

enum cache_use
cache_rules_use(const struct http_head *h, const struct cache_control *c,
    bool end)
{
	static const char *const parts[] = {
		"range", "if-range", "if-match", "if-unmodified-since", NULL
	};

	if ((h->method_id != METHOD_GET && h->method_id != METHOD_HEAD) ||
	    !end || h->content_length > 0 || h->upgrade.len > 0 ||
	    c->no_store || has_any(&h->fields, parts))
		return CACHE_NOT;
	if (c->no_cache || (!has(&h->fields, "cache-control") &&
	    cache_control_lists(&h->fields, SLICE("pragma"), SLICE("no-cache"))))
		return CACHE_FETCH;
	return CACHE_LOOK;
}

bool
cache_rules_is_personal(const struct http_fields *f)
{
	return http_fields_count(f, FIELD_AUTHORIZATION) > 0 ||
	    http_fields_count(f, FIELD_COOKIE) > 0;
}

bool
cache_rules_is_conditional(const struct http_fields *f)
{
	return has(f, "if-none-match") || has(f, "if-modified-since");
}

/* --- answers ------------------------------------------------------------------- */

/* Those that say how long; and those that may be taken for fresh unsaid. */
static bool
may_keep_status(int status, bool is_said)
{
	static const struct {
		int  status;
		bool unsaid;
	} v[] = {
		{ 200, true }, { 203, true }, { 300, true }, { 301, true },
		{ 302, false }, { 307, false }, { 308, true }, { 404, true },
		{ 410, true },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (v[i].status == status)
			return is_said || v[i].unsaid;
	return false;
}

/* False: too many names, or '*'. */
static bool
keep_vary(struct str *out, const struct http_fields *request,
    const struct http_fields *response)
{
	int names = 0;

	for (size_t i = 0; i < response->len; i++) {
		struct slice rest = response->v[i].value, name;

		if (!slice_is(response->v[i].name, "vary"))
			continue;
		while (slice_cut(&rest, ',', &name)) {
			char lower[64];

			name = slice_trim(name);
			if (name.len == 0)
				continue;
			if (slice_is(name, "*") || name.len > sizeof(lower) ||
			    ++names > VARY_NAMES || !http_is_token(name))
				return false;
			for (size_t k = 0; k < name.len; k++)
				lower[k] = name.ptr[k] >= 'A' &&
				    name.ptr[k] <= 'Z' ?
				    (char)(name.ptr[k] | 0x20) : name.ptr[k];
			cache_vary_add(out, request, slice_of(lower, name.len));
		}
	}
	return true;
}

static void
add_line(struct str *out, struct slice name, struct slice value)
{
	str_addf(out, "%.*s\n%.*s\n", SLICE_ARG(name), SLICE_ARG(value));
}

/* Not what was said to one proxy, or of one exchange (RFC 9111, 3.1). */
static void
keep_fields(struct str *out, const struct http_fields *f)
{
	static const char *const not_kept[] = {
		"age", "proxy-authenticate", "proxy-authentication-info",
		"proxy-authorization", "x-request-id", "cache-status",
		"proxy-status", NULL
	};

	for (size_t i = 0; i < f->len; i++) {
		bool is_kept = true;

		for (size_t k = 0; not_kept[k] != NULL; k++)
			is_kept &= !slice_is(f->v[i].name, not_kept[k]);
		if (is_kept)
			add_line(out, f->v[i].name, f->v[i].value);
	}
}

/* -1: not said. */
static int64_t
said_ms(const struct cache_control *c, const struct http_fields *f,
    int64_t date_s)
{
	if (c->s_maxage >= 0)
		return c->s_maxage * 1000;
	if (c->max_age >= 0)
		return c->max_age * 1000;
	struct slice expires = http_fields_find(f, SLICE("expires"));

	if (expires.ptr == NULL)
		return -1;
	int64_t at = http_date_read(expires);

	/* What is no time, "0" above all, is in the past. */
	return at > date_s ? (at - date_s) * 1000 : 0;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
keep_grace(struct cache_entry *e, const struct cache_limits *l,
    const struct cache_control *c)
{
	/* Whoever says one of these wants no stale answer (4.2.4). */
	if (c->must_revalidate || c->proxy_revalidate || c->no_cache)
		return;
	/* Nor who says s-maxage, unless he says that too. */
	bool is_ours = c->s_maxage < 0;

	if (c->stale_while_revalidate >= 0)
		e->revalidate_ms = least(c->stale_while_revalidate * 1000,
		    l->max_ttl_ms);
	else if (is_ours)
		e->revalidate_ms = l->revalidate_ms;
	if (c->stale_if_error >= 0)
		e->error_ms = least(c->stale_if_error * 1000, l->max_ttl_ms);
	else if (is_ours)
		e->error_ms = l->error_ms;
}

static void
keep_age(struct cache_entry *e, const struct http_fields *f, int64_t date_s,
    int64_t wall_s, int64_t took_ms)
{
	struct slice text = http_fields_find(f, SLICE("age"));
	int64_t apparent_ms = wall_s > date_s ? (wall_s - date_s) * 1000 : 0;
	uint64_t age_s = 0;

	/* An age that is none is an old one (RFC 9111, section 5.1: ignore). */
	if (text.ptr != NULL && (!slice_u64(text, &age_s) ||
	    age_s > CACHE_CONTROL_MAX))
		age_s = CACHE_CONTROL_MAX;
	int64_t said = (int64_t)age_s * 1000 + took_ms;

	e->age_ms = said > apparent_ms ? said : apparent_ms;
}

bool
cache_rules_keep(struct cache_entry *e, const struct cache_limits *l,
    const struct http_fields *request, const struct http_head *h,
    int64_t wall_s, int64_t took_ms)
{
	const struct http_fields *f = &h->fields;
	struct cache_control c;
	int64_t date_s = http_date_read(http_fields_find(f, SLICE("date")));

	cache_control_read(&c, f);
	e->is_shared = c.is_public || c.s_maxage >= 0;
	if (c.no_store || c.is_private || has(f, "set-cookie") ||
	    (!e->is_shared && cache_rules_is_personal(request)) ||
	    has(f, "content-range"))
		return false;
	bool has_date = date_s >= 0;

	if (!has_date)
		date_s = wall_s;
	int64_t said = said_ms(&c, f, date_s);

	if (!may_keep_status(h->status, said >= 0))
		return false;
	e->status = h->status;
	e->fresh_ms = c.no_cache ? 0 :
	    least(said >= 0 ? said : l->default_ttl_ms, l->max_ttl_ms);
	keep_grace(e, l, &c);
	keep_age(e, f, date_s, wall_s, took_ms);
	/* What is stale at once is kept to be given so, or to ask about it. */
	if (e->fresh_ms <= e->age_ms && ((said < 0 && !c.no_cache) ||
	    !(e->fresh_ms + e->revalidate_ms > e->age_ms ||
	    e->fresh_ms + e->error_ms > e->age_ms ||
	    has(f, "etag") || has(f, "last-modified"))))
		return false;
	if (!keep_vary(&e->vary, request, f))
		return false;
	keep_fields(&e->fields, f);
	if (!has_date) {
		struct arena a;

		arena_init(&a);
		add_line(&e->fields, SLICE("date"), http_date_text(&a, wall_s));
		arena_fini(&a);
	}
	return true;
}

/* --- giving -------------------------------------------------------------------- */

bool
cache_rules_is_fresh(const struct cache_entry *e, const struct cache_control *c,
    int64_t age_ms)
{
	int64_t left = e->fresh_ms - age_ms;

	if (left <= 0 || (c->max_age >= 0 && age_ms > c->max_age * 1000))
		return false;
	return c->min_fresh < 0 || left >= c->min_fresh * 1000;
}

void
cache_rules_fields(const struct cache_entry *e, struct http_fields *f)
{
	struct slice rest = arena_dup(f->arena, str_slice(&e->fields));
	struct slice name, value;

	while (slice_cut(&rest, '\n', &name) && slice_cut(&rest, '\n', &value))
		http_fields_add(f, name, value);
}

static struct slice
opaque(struct slice etag)
{
	etag = slice_trim(etag);
	return slice_has_prefix(etag, SLICE("W/")) ? slice_from(etag, 2) : etag;
}

/*
 * Tags may hold commas, so one is looked for as a whole between quotes; what is
 * not found costs the caller a body that it has.
 */
static bool
lists_tag(const struct http_fields *f, struct slice tag)
{
	for (size_t i = 0; i < f->len; i++) {
		struct slice rest = f->v[i].value, item;

		if (!slice_is(f->v[i].name, "if-none-match"))
			continue;
		if (slice_is(slice_trim(rest), "*"))
			return true;
		while (slice_cut(&rest, ',', &item))
			if (tag.len >= 2 && slice_eq(opaque(item), tag))
				return true;
	}
	return false;
}

bool
cache_rules_is_known(const struct http_fields *request,
    const struct http_fields *kept)
{
	if (has(request, "if-none-match"))
		return lists_tag(request, opaque(http_fields_find(kept,
		    SLICE("etag"))));
	int64_t since = http_date_read(http_fields_find(request,
	    SLICE("if-modified-since")));
	int64_t modified = http_date_read(http_fields_find(kept,
	    SLICE("last-modified")));

	return since >= 0 && modified >= 0 && modified <= since;
}

bool
cache_rules_is_same(const struct http_fields *kept,
    const struct http_fields *not_modified)
{
	struct slice now = http_fields_find(not_modified, SLICE("etag"));

	return now.ptr == NULL || slice_eq(opaque(now),
	    opaque(http_fields_find(kept, SLICE("etag"))));
}

void
cache_rules_merge(struct http_fields *kept, const struct http_fields *fresh)
{
	static const char *const of_body[] = {
		"content-encoding", "content-type", "content-range", "vary", NULL
	};

	for (size_t i = 0; i < fresh->len; i++) {
		struct slice name = fresh->v[i].name;
		bool is_of_body = false;

		for (size_t k = 0; of_body[k] != NULL; k++)
			is_of_body |= slice_is(name, of_body[k]);
		if (!is_of_body)
			http_fields_remove(kept, name);
	}
	for (size_t i = 0; i < fresh->len; i++) {
		bool is_of_body = false;

		for (size_t k = 0; of_body[k] != NULL; k++)
			is_of_body |= slice_is(fresh->v[i].name, of_body[k]);
		if (!is_of_body)
			http_fields_add(kept, fresh->v[i].name,
			    fresh->v[i].value);
	}
}
