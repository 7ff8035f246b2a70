#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conf/schema.h"
#include "filter/cache_rules.h"
#include "filter/filters.h"

/*
 * cache: a shared cache (RFC 9111) in front of the service, in memory, one for
 * all workers of a proxy.
 *
 * A request that finds a fresh answer ends here.  One that finds a stale one
 * asks the service whether it is still right; a request that nothing is known
 * for goes by, and its answer is copied while it passes.  An answer that does
 * not say that it is for everybody (public, s-maxage) is given again to the
 * identity alone that asked for it.
 */
#define YEAR		INT64_C(31536000000)
#define CLAIM_MS	30000	/* so long one asks while others get stale ones */

struct cache {
	struct arena        arena;
	int64_t             max_bytes, max_object;
	struct cache_limits limits;
	bool                collapse, status_header;
	const char        **ignored_query;
	size_t              ignored_query_len;
	struct cache_store *store;
	atomic_llong        busy;	/* bytes on their way in and out */
};

struct state {
	struct slice        key;	/* absent: this exchange goes by */
	struct http_fields *request;	/* as it came here */
	struct cache_entry *stale;	/* the service is asked about it */
	struct cache_entry *fill;	/* made of the answer that passes */
	struct buf          body;	/* of fill, so far */
	int64_t             length;	/* that its head said, or -1 */
	long long           busy;	/* our part of the cache's */
	uint64_t            asked_ms;
	unsigned            changes;	/* of the key, when it was asked for */
	bool                is_get, is_unsafe;
	bool                is_question;	/* the service sees our conditions */
	bool                is_claimed;		/* nobody else asks about stale */
	const char         *forward;	/* why the service is asked; NULL: unsaid */
};

#define AT(member)	CONF_AT(struct cache, member)

static const struct conf_field fields[] = {
	{ "maxBytes", CONF_BYTES_T, AT(max_bytes), .min = 65536,
	    .max = 1099511627776, .fallback = "64Mi",
	    .text = "memory that answers may take" },
	{ "maxObject", CONF_BYTES_T, AT(max_object), .min = 1,
	    .max = 1073741824, .fallback = "1Mi",
	    .text = "the longest body that is kept" },
	{ "defaultTtl", CONF_DURATION_T, AT(limits.default_ttl_ms), .min = 0,
	    .max = YEAR, .fallback = "0s",
	    .text = "for answers that do not say how long they are fresh; "
	    "0s: they are not kept" },
	{ "maxTtl", CONF_DURATION_T, AT(limits.max_ttl_ms), .min = 1,
	    .max = YEAR, .fallback = "24h", .text = "the longest, whatever they say" },
	{ "staleWhileRevalidate", CONF_DURATION_T, AT(limits.revalidate_ms),
	    .min = 0, .max = YEAR, .fallback = "0s",
	    .text = "so long a stale one is given while another request asks "
	    "the service" },
	{ "staleIfError", CONF_DURATION_T, AT(limits.error_ms), .min = 0,
	    .max = YEAR, .fallback = "0s",
	    .text = "so long a stale one is given when the service fails" },
	{ "collapse", CONF_BOOL_T, AT(collapse), .fallback = "true",
	    .text = "many requests for the same become one, once that is made" },
	{ "statusHeader", CONF_BOOL_T, AT(status_header), .fallback = "true",
	    .text = "whether answers say Cache-Status (RFC 9211)" },
	{ "ignoredQuery", CONF_STRING_T, CONF_LIST_AT(struct cache, ignored_query),
	    .min = 1, .max = 256, .max_items = 64,
	    .text = "parameters of a query that make no difference" },
	{ 0 },
};

static int
verify(const void *filled, const struct conf_node *node, struct err *err)
{
	const struct cache *c = filled;

	if (c->max_object <= c->max_bytes)
		return 0;
	return conf_error(conf_get(node, "maxObject"), err,
	    "expected at most maxBytes, %lld", (long long)c->max_bytes);
}

const struct conf_schema filter_cache_schema = {
	"cache", sizeof(struct cache), fields, verify
};

static void
release(void *shared)
{
	struct cache *c = shared;

	cache_store_free(c->store);
	arena_fini(&c->arena);
	mem_free(c);
}

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct cache *c = mem_zalloc(sizeof(*c));
	struct arena arena;

	arena_init(&arena);
	if (conf_decode(node != NULL ? node : conf_map_new(&arena),
	    &filter_cache_schema, &arena, c, err) != 0) {
		arena_fini(&arena);
		mem_free(c);
		return -1;
	}
	for (size_t i = 0; i < c->ignored_query_len; i++)
		c->ignored_query[i] = arena_strdup(&arena, c->ignored_query[i]);
	c->arena = arena;
	c->store = cache_store_new((size_t)c->max_bytes);
	*shared = c;
	return 0;
}

/* What is busy changes; the rest is as configured. */
static struct cache *
cache_of(const struct l7_ctx *ctx)
{
	union { const void *from; struct cache *to; } u = { ctx->shared };

	return u.to;
}

static void
add_busy(struct cache *c, struct state *s, size_t n)
{
	s->busy += (long long)n;
	atomic_fetch_add_explicit(&c->busy, (long long)n, memory_order_relaxed);
}

/* --- keys ---------------------------------------------------------------------- */

static bool
is_ignored(const struct cache *c, struct slice parameter)
{
	ptrdiff_t equals = slice_find(parameter, '=');

	if (equals >= 0)
		parameter.len = (size_t)equals;
	for (size_t i = 0; i < c->ignored_query_len; i++)
		if (slice_is(parameter, c->ignored_query[i]))
			return true;
	return false;
}

/* A line end stands in none of the parts, so no two requests meet by chance. */
static struct slice
key_of(const struct cache *c, struct arena *a, const struct http_head *h)
{
	struct str key = { 0 };
	struct slice rest = h->query, one;

	str_addf(&key, "%.*s\n%.*s\n%.*s", SLICE_ARG(h->scheme),
	    SLICE_ARG(h->authority), SLICE_ARG(h->path));
	if (c->ignored_query_len == 0 && rest.ptr != NULL)
		str_addf(&key, "\n%.*s", SLICE_ARG(rest));
	else
		while (slice_cut(&rest, '&', &one))
			if (!is_ignored(c, one))
				str_addf(&key, "\n%.*s", SLICE_ARG(one));
	struct slice kept = arena_dup(a, str_slice(&key));

	str_fini(&key);
	return kept;
}

/* --- giving -------------------------------------------------------------------- */

static int64_t
age_of(const struct cache_entry *e)
{
	return e->age_ms + (int64_t)(clock_mono_ms() - e->born_ms);
}

static void
say_status(const struct cache *c, struct http_head *h, const char *text)
{
	if (c->status_header && text != NULL)
		http_fields_add(&h->fields, SLICE("cache-status"),
		    slice_str(text));
}

/* Answers with an entry, or that the caller has it. */
static enum verdict
give(struct l7_ctx *ctx, const struct cache_entry *e, const char *forward)
{
	struct cache *c = cache_of(ctx);
	struct state *s = ctx->state;
	struct arena *a = l7_arena(ctx);
	struct http_head *h = arena_alloc(a, sizeof(*h));
	struct buf body = { 0 };
	int64_t age_ms = age_of(e);

	http_head_init(h, a);
	h->status = e->status;
	cache_rules_fields(e, &h->fields);
	http_fields_set(&h->fields, SLICE("age"), slice_str(arena_printf(a,
	    "%lld", (long long)(age_ms / 1000))));
	say_status(c, h, forward != NULL ? forward : arena_printf(a,
	    "mesh; hit; ttl=%lld", (long long)((e->fresh_ms - age_ms) / 1000)));
	if (e->status == 200 && cache_rules_is_known(s->request, &h->fields)) {
		h->status = 304;
	} else {
		buf_add(&body, e->body->bytes, e->body->len);
		add_busy(c, s, e->body->len);
	}
	l7_reply_with(ctx, h, &body, FLAG_NONE, "cache");
	buf_fini(&body);
	return STOP;
}

/* --- the way up ---------------------------------------------------------------- */

static bool
may_be_stale(const struct cache_entry *e, const struct cache_control *cc,
    int64_t grace_ms)
{
	int64_t age_ms = age_of(e);

	return grace_ms > 0 && age_ms < e->fresh_ms + grace_ms &&
	    cc->max_age < 0 && cc->min_fresh < 0;
}

/* Our question instead of the caller's. */
static bool
set_question(struct http_head *h, struct arena *a, const struct cache_entry *e)
{
	struct http_fields kept;

	http_fields_init(&kept, a);
	cache_rules_fields(e, &kept);
	struct slice etag = http_fields_find(&kept, SLICE("etag"));
	struct slice modified = http_fields_find(&kept, SLICE("last-modified"));

	if (etag.ptr == NULL && modified.ptr == NULL)
		return false;
	http_fields_remove(&h->fields, SLICE("if-none-match"));
	http_fields_remove(&h->fields, SLICE("if-modified-since"));
	if (etag.ptr != NULL)
		http_fields_add(&h->fields, SLICE("if-none-match"), etag);
	if (modified.ptr != NULL)
		http_fields_add(&h->fields, SLICE("if-modified-since"),
		    modified);
	return true;
}

/* PASS: the service is to be asked; s->stale is set if about an entry. */
static enum verdict
look(struct l7_ctx *ctx, struct http_head *h, const struct cache_control *cc)
{
	struct cache *c = cache_of(ctx);
	struct state *s = ctx->state;
	bool has_key;
	struct cache_entry *e = cache_store_find(c->store, s->key,
	    slice_str(l7_peer(ctx)->id), cache_rules_is_personal(&h->fields),
	    s->request, &has_key);

	s->forward = e != NULL ? "mesh; fwd=stale" : has_key ?
	    "mesh; fwd=vary-miss" : "mesh; fwd=uri-miss";
	if (e == NULL)
		return PASS;
	s->stale = e;		/* until done */
	if (cache_rules_is_fresh(e, cc, age_of(e)))
		return give(ctx, e, NULL);
	if (e->revalidate_ms > 0) {
		uint64_t now = clock_mono_ms();

		s->is_claimed = cache_store_claim(c->store, e, now,
		    now + CLAIM_MS);
		if (!s->is_claimed && may_be_stale(e, cc, e->revalidate_ms))
			return give(ctx, e, NULL);
	}
	return PASS;
}

static enum verdict
ask(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	struct cache *c = cache_of(ctx);
	struct state *s = ctx->state;
	struct arena *a = l7_arena(ctx);
	struct cache_control cc;

	cache_control_read(&cc, &h->fields);
	enum cache_use use = cache_rules_use(h, &cc, end);

	s->is_get = h->method_id == METHOD_GET;
	s->is_unsafe = !s->is_get && h->method_id != METHOD_HEAD &&
	    h->method_id != METHOD_OPTIONS && h->method_id != METHOD_TRACE &&
	    h->method_id != METHOD_CONNECT;
	s->forward = s->is_get ? "mesh; fwd=bypass" : "mesh; fwd=method";
	if (s->is_unsafe)
		s->key = key_of(c, a, h);
	if (use == CACHE_NOT || atomic_load_explicit(&c->busy,
	    memory_order_relaxed) >= c->max_bytes)
		return PASS;
	s->key = key_of(c, a, h);
	s->changes = cache_store_changes(c->store, s->key);
	s->asked_ms = clock_mono_ms();
	s->request = arena_alloc(a, sizeof(*s->request));
	http_fields_init(s->request, a);
	for (size_t i = 0; i < h->fields.len; i++)
		http_fields_add(s->request, h->fields.v[i].name,
		    h->fields.v[i].value);
	s->forward = "mesh; fwd=request";
	if (use == CACHE_LOOK && look(ctx, h, &cc) == STOP)
		return STOP;
	if (cc.only_if_cached) {
		l7_reply(ctx, 504, FLAG_NONE, "cache_miss", SLICE_NONE);
		return STOP;
	}
	s->is_question = s->stale != NULL && s->is_get &&
	    set_question(h, a, s->stale);
	return PASS;
}

/* --- the way down --------------------------------------------------------------- */

static void
drop_fill(struct state *s)
{
	cache_entry_unref(s->fill);
	s->fill = NULL;
	buf_fini(&s->body);
}

static void
set_names(struct l7_ctx *ctx, struct cache_entry *e)
{
	const struct state *s = ctx->state;

	str_add_slice(&e->key, s->key);
	str_add_slice(&e->owner, slice_str(l7_peer(ctx)->id));
	e->born_ms = clock_mono_ms();
}

static void
end_fill(struct l7_ctx *ctx)
{
	struct state *s = ctx->state;
	struct cache_entry *e = s->fill;
	size_t len = buf_len(&s->body);

	if (s->length < 0 || (uint64_t)s->length == len) {
		e->body = mem_alloc(sizeof(*e->body) + len);
		e->body->refs = 1;
		e->body->len = len;
		buf_copy_out(&s->body, e->body->bytes, len);
		cache_store_put(cache_of(ctx)->store, e, s->request, s->changes);
	}
	drop_fill(s);
}

static void
begin_fill(struct l7_ctx *ctx, const struct http_head *h, bool end)
{
	struct cache *c = cache_of(ctx);
	struct state *s = ctx->state;
	struct cache_entry *e;

	if (!s->is_get || h->content_length > c->max_object ||
	    atomic_load_explicit(&c->busy, memory_order_relaxed) >= c->max_bytes)
		return;
	e = cache_entry_new();
	if (!cache_rules_keep(e, &c->limits, s->request, h, clock_wall_s(),
	    (int64_t)(clock_mono_ms() - s->asked_ms))) {
		cache_entry_unref(e);
		return;
	}
	set_names(ctx, e);
	s->fill = e;
	s->length = h->content_length;
	if (end)
		end_fill(ctx);
}

/* The service says that what we have is right; gives it with what it says anew. */
static enum verdict
refresh(struct l7_ctx *ctx, const struct http_head *not_modified)
{
	struct cache *c = cache_of(ctx);
	struct state *s = ctx->state;
	struct arena *a = l7_arena(ctx);
	struct cache_entry *e = cache_entry_new();
	struct http_head h;

	http_head_init(&h, a);
	h.status = s->stale->status;
	cache_rules_fields(s->stale, &h.fields);
	bool is_same = cache_rules_is_same(&h.fields, &not_modified->fields);

	cache_rules_merge(&h.fields, &not_modified->fields);
	e->body = cache_body_ref(s->stale->body);
	set_names(ctx, e);
	if (is_same && cache_rules_keep(e, &c->limits, s->request, &h,
	    clock_wall_s(), (int64_t)(clock_mono_ms() - s->asked_ms))) {
		cache_store_put(c->store, e, s->request, s->changes);
		cache_entry_unref(s->stale);
		s->stale = e;
	} else {
		cache_store_remove_entry(c->store, s->stale);
		cache_entry_unref(e);
	}
	return give(ctx, s->stale, "mesh; fwd=stale; fwd-status=304");
}

static bool
is_failure(int status)
{
	return status == 500 || (status >= 502 && status <= 504);
}

static enum verdict
answered(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	struct cache *c = cache_of(ctx);
	struct state *s = ctx->state;
	struct cache_control cc;

	if (s->is_unsafe && h->status >= 200 && h->status < 400)
		cache_store_remove(c->store, s->key);
	if (s->request != NULL && s->stale != NULL && s->is_get) {
		cache_control_read(&cc, s->request);
		if (h->status == 304 && s->is_question)
			return refresh(ctx, h);
		if (is_failure(h->status) &&
		    may_be_stale(s->stale, &cc, s->stale->error_ms))
			return give(ctx, s->stale, NULL);
		if (h->status < 500 && h->status != 304)
			cache_store_remove_entry(c->store, s->stale);
	}
	if (s->request != NULL)
		begin_fill(ctx, h, end);
	say_status(c, h, s->forward);
	return PASS;
}

/* --- the hooks ------------------------------------------------------------------ */

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	return dir == DIR_UP ? ask(ctx, h, end) : answered(ctx, h, end);
}

static enum verdict
body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	struct cache *c = cache_of(ctx);
	struct state *s = ctx->state;

	if (dir == DIR_UP || s->fill == NULL)
		return PASS;
	if (buf_len(&s->body) + buf_len(b) > (size_t)c->max_object) {
		drop_fill(s);
		return PASS;
	}
	buf_share(&s->body, b);
	add_busy(c, s, buf_len(b));
	if (end)
		end_fill(ctx);
	return PASS;
}

static enum verdict
trailers(struct l7_ctx *ctx, enum dir dir, struct http_fields *t)
{
	(void)t;
	if (dir == DIR_DOWN)
		drop_fill(ctx->state);
	return PASS;
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct cache *c = cache_of(ctx);
	struct state *s = ctx->state;

	(void)sum;
	if (s->is_claimed)
		cache_store_unclaim(c->store, s->stale);
	drop_fill(s);
	cache_entry_unref(s->stale);
	atomic_fetch_sub_explicit(&c->busy, s->busy, memory_order_relaxed);
}

const struct l7_filter filter_cache = {
	.base = { .name = "cache", .state_size = sizeof(struct state),
	    .configure = configure, .release = release },
	.head = head, .body = body, .trailers = trailers, .done = done,
};
