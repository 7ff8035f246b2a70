#include "base/clock.h"
#include "chain/l7_aside.h"
#include "filter/cache_run.h"

#define CLAIM_MS	30000	/* so long one asks while others get stale ones */
#define COLLAPSE_MS	5000	/* so long a request waits for another's answer */

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

int64_t
cache_age_ms(const struct cache_entry *e)
{
	return e->age_ms + (int64_t)(clock_mono_ms() - e->born_ms);
}

bool
cache_may_be_stale(const struct cache_entry *e, const struct cache_control *cc,
    int64_t grace_ms)
{
	return grace_ms > 0 && cache_age_ms(e) < e->fresh_ms + grace_ms &&
	    cc->max_age < 0 && cc->min_fresh < 0;
}

/* With Age it makes the lifetime; of what is stale it is none or less. */
static long long
left_s(const struct cache_entry *e, int64_t age_ms)
{
	return e->fresh_ms / 1000 - age_ms / 1000;
}

enum verdict
cache_give(struct l7_ctx *ctx, const struct cache_entry *e, const char *status)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;
	struct arena *a = l7_arena(ctx);
	struct http_head *h = arena_alloc(a, sizeof(*h));
	struct buf body = { 0 };
	int64_t age_ms = cache_age_ms(e);

	http_head_init(h, a);
	h->status = e->status;
	cache_rules_fields(e, &h->fields);
	http_fields_set(&h->fields, SLICE("age"), slice_str(arena_printf(a,
	    "%lld", (long long)(age_ms / 1000))));
	cache_say_status(c, h, status != NULL ? status : arena_printf(a,
	    "mesh; hit; ttl=%lld", left_s(e, age_ms)));
	if (e->status == 200 && cache_rules_is_known(s->request, &h->fields)) {
		h->status = 304;
	} else {
		buf_add(&body, e->body->bytes, e->body->len);
		cache_add_busy(c, s, e->body->len);
	}
	l7_reply_with(ctx, h, &body, FLAG_NONE, "cache");
	buf_fini(&body);
	return STOP;
}

/* --- what there is --------------------------------------------------------------- */

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

/* What there is for it becomes s->stale; true: and that is fresh. */
static bool
find(struct l7_ctx *ctx)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;
	const struct cache_asker q = {
		.identity = slice_str(l7_peer(ctx)->id), .route = s->route,
		.only_shared = l7_summary(ctx)->is_personal,
		.request = s->request,
	};
	bool has_key;
	struct cache_entry *e = cache_store_find(c->store, s->key, &q, &has_key);

	s->forward = e != NULL ? "mesh; fwd=stale" : has_key ?
	    "mesh; fwd=vary-miss" : "mesh; fwd=uri-miss";
	if (s->is_claimed)
		cache_store_unclaim(c->store, s->stale, 0);
	s->is_claimed = false;
	cache_entry_unref(s->stale);
	s->stale = e;		/* until done */
	return e != NULL && cache_rules_is_fresh(e, &s->wants, cache_age_ms(e));
}

/* Beside this exchange, which has its answer.  It gets back what it claimed. */
static bool
ask_aside(struct l7_ctx *ctx, const struct http_head *h)
{
	struct http_head get = *h;

	get.method_id = METHOD_GET;
	get.method = SLICE("GET");
	return l7_aside(ctx, &get);
}

/* PASS: the service is to be asked. */
static enum verdict
look(struct l7_ctx *ctx, const struct http_head *h)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;

	if (find(ctx))
		return cache_give(ctx, s->stale, NULL);
	if (s->stale != NULL && cache_may_be_stale(s->stale, &s->wants,
	    s->stale->revalidate_ms)) {
		uint64_t now = clock_mono_ms();

		s->is_claimed = cache_store_claim(c->store, s->stale, now,
		    now + CLAIM_MS);
		if (s->is_claimed && !ask_aside(ctx, h))
			return PASS;
		s->is_claimed = false;
		return cache_give(ctx, s->stale, NULL);
	}
	return PASS;
}

/* --- who asks -------------------------------------------------------------------- */

/* Goes to the service, with our question if there is one. */
static void
go(struct l7_ctx *ctx, struct http_head *h)
{
	struct cache_state *s = ctx->state;

	s->asked_ms = clock_mono_ms();
	s->is_question = s->stale != NULL && s->is_get &&
	    set_question(h, l7_arena(ctx), s->stale);
}

static enum verdict take_off(struct l7_ctx *, struct http_head *);

static const char *
collapsed(struct l7_ctx *ctx, const char *why, bool is_used)
{
	return arena_printf(l7_arena(ctx), "%s; collapsed%s", why,
	    is_used ? "" : "=?0");
}

/* What it waited for has come, or will not. */
static void
on_wake(void *arg, enum flight_end end)
{
	struct l7_ctx *ctx = arg;
	struct cache_state *s = ctx->state;
	const char *why = s->forward;

	s->ticket = NULL;
	if (end == FLIGHT_LOST) {
		if (take_off(ctx, s->held) == PASS)
			l7_resume(ctx, DIR_UP);
	} else if (find(ctx)) {
		cache_give(ctx, s->stale, collapsed(ctx, why, true));
	} else if (end == FLIGHT_FAILED && s->stale != NULL &&
	    cache_may_be_stale(s->stale, &s->wants, s->stale->error_ms)) {
		cache_give(ctx, s->stale, NULL);
	} else {
		s->forward = collapsed(ctx, s->forward, false);
		go(ctx, s->held);
		l7_resume(ctx, DIR_UP);
	}
}

/*
 * Whether what comes for it is likely to do for others.  An answer to a
 * condition of the caller's own says nothing to them.
 */
static bool
may_collapse(const struct cache *c, const struct cache_state *s)
{
	return c->collapse && s->is_get && !s->wants.no_cache &&
	    s->wants.max_age < 0 && s->wants.min_fresh < 0 &&
	    (s->stale != NULL || !cache_rules_is_conditional(s->request));
}

/* Answers to others can be given to those alone who are alike in this too. */
static struct slice
flight_of(struct l7_ctx *ctx)
{
	const struct cache_state *s = ctx->state;

	return slice_str(arena_printf(l7_arena(ctx), "%.*s\n\n%.*s\n%s\n%d",
	    SLICE_ARG(s->key), SLICE_ARG(s->route), l7_peer(ctx)->id,
	    l7_summary(ctx)->is_personal));
}

/* PASS: to the service.  HOLD: another went there for the same. */
static enum verdict
take_off(struct l7_ctx *ctx, struct http_head *h)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;
	uint64_t now = clock_mono_ms();

	if (s->wait_until_ms == 0)
		s->wait_until_ms = now + COLLAPSE_MS;
	if (may_collapse(c, s) && now < s->wait_until_ms) {
		const struct flight_waiter w = {
			.loop = l7_loop(ctx), .wake = on_wake, .arg = ctx,
			.wait_ms = s->wait_until_ms - now,
		};
		enum flight_role role = cache_flight_join(c->flights,
		    flight_of(ctx), &w, now, &s->ticket);

		s->held = h;
		if (role == FLIGHT_FOLLOWS)
			return HOLD;
		/* One may have landed since we looked. */
		if (role == FLIGHT_LEADS && find(ctx)) {
			cache_flight_land(&s->ticket, FLIGHT_LANDED, now);
			return cache_give(ctx, s->stale, NULL);
		}
	}
	go(ctx, h);
	return PASS;
}

/* Nobody waits for it; the claim of who began it is ours. */
static enum verdict
renew(struct l7_ctx *ctx, struct http_head *h)
{
	struct cache_state *s = ctx->state;

	if (find(ctx))
		return cache_give(ctx, s->stale, NULL);
	s->is_claimed = s->stale != NULL;
	http_fields_remove(&h->fields, SLICE("if-none-match"));
	http_fields_remove(&h->fields, SLICE("if-modified-since"));
	go(ctx, h);
	return PASS;
}

/* --- the way up ------------------------------------------------------------------ */

static void
remember(struct cache_state *s, struct arena *a, const struct http_head *h)
{
	s->request = arena_alloc(a, sizeof(*s->request));
	http_fields_init(s->request, a);
	for (size_t i = 0; i < h->fields.len; i++)
		http_fields_add(s->request, h->fields.v[i].name,
		    h->fields.v[i].value);
}

static bool
is_safe(enum http_method m)
{
	return m == METHOD_GET || m == METHOD_HEAD || m == METHOD_OPTIONS ||
	    m == METHOD_TRACE || m == METHOD_CONNECT;
}

enum verdict
cache_ask(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;
	struct arena *a = l7_arena(ctx);

	cache_control_read(&s->wants, &h->fields);
	s->route = l7_summary(ctx)->route;
	enum cache_use use = cache_is_busy(c) && !l7_is_aside(ctx) ?
	    CACHE_NOT : cache_rules_use(h, &s->wants, end);

	s->is_get = h->method_id == METHOD_GET;
	s->is_unsafe = !is_safe(h->method_id);
	s->forward = s->is_get ? "mesh; fwd=bypass" : "mesh; fwd=method";
	if (use != CACHE_NOT || s->is_unsafe)
		s->key = key_of(c, a, h);
	if (use != CACHE_NOT) {
		s->changes = cache_store_changes(c->store, s->key);
		s->forward = "mesh; fwd=request";
		remember(s, a, h);
	}
	if (l7_is_aside(ctx))
		return renew(ctx, h);
	if (use == CACHE_LOOK && look(ctx, h) == STOP)
		return STOP;
	if (s->wants.only_if_cached) {
		l7_reply(ctx, 504, FLAG_NONE, "cache_miss", SLICE_NONE);
		return STOP;
	}
	if (use == CACHE_LOOK)
		return take_off(ctx, h);
	s->asked_ms = clock_mono_ms();
	return PASS;
}
