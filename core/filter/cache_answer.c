#include "base/clock.h"
#include "base/mem.h"
#include "chain/l7_aside.h"
#include "filter/cache_run.h"

static bool
is_failure(int status)
{
	return status == 500 || (status >= 502 && status <= 504);
}

static void
land(struct cache_state *s, enum flight_end end)
{
	cache_flight_land(&s->ticket, end, clock_mono_ms());
}

/* What was stale when it came serves its caller alone. */
static enum flight_end
end_of(const struct cache_entry *e)
{
	return e->fresh_ms > cache_age_ms(e) ? FLIGHT_LANDED : FLIGHT_USELESS;
}

/* Of an answer that is not kept nobody beside an exchange wants the rest. */
static void
end_aside(struct l7_ctx *ctx)
{
	if (l7_is_aside(ctx))
		l7_abort(ctx, FLAG_NONE, "not_kept");
}

/* --- what is kept ---------------------------------------------------------------- */

void
cache_drop_fill(struct cache_state *s, enum flight_end end)
{
	if (s->fill == NULL)
		return;
	cache_entry_unref(s->fill);
	s->fill = NULL;
	buf_fini(&s->body);
	land(s, end);
}

static void
set_names(struct l7_ctx *ctx, struct cache_entry *e)
{
	const struct cache_state *s = ctx->state;

	str_add_slice(&e->key, s->key);
	str_add_slice(&e->owner, slice_str(l7_peer(ctx)->id));
	str_add_slice(&e->route, s->route);
	e->born_ms = clock_mono_ms();
}

static void
end_fill(struct l7_ctx *ctx)
{
	struct cache_state *s = ctx->state;
	struct cache_entry *e = s->fill;
	size_t len = buf_len(&s->body);
	enum flight_end end = FLIGHT_FAILED;

	if (s->length < 0 || (uint64_t)s->length == len) {
		e->body = mem_alloc(sizeof(*e->body) + len);
		refs_init(&e->body->refs);
		e->body->len = len;
		buf_copy_out(&s->body, e->body->bytes, len);
		cache_store_put(cache_of(ctx)->store, e, s->request, s->changes);
		end = end_of(e);
	}
	cache_drop_fill(s, end);
}

void
cache_add_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;

	if (s->fill == NULL)
		return;
	if (buf_len(&s->body) + buf_len(b) > (size_t)c->max_object) {
		cache_drop_fill(s, FLIGHT_USELESS);
		end_aside(ctx);
		return;
	}
	buf_share(&s->body, b);
	cache_add_busy(c, s, buf_len(b));
	if (end)
		end_fill(ctx);
}

/* A token that was taken out on the way here makes it somebody's still. */
static bool
may_keep(struct l7_ctx *ctx, struct cache_entry *e, const struct http_head *h)
{
	const struct cache_state *s = ctx->state;

	return cache_rules_keep(e, &cache_of(ctx)->limits, s->request, h,
	    clock_wall_s(), (int64_t)(clock_mono_ms() - s->asked_ms)) &&
	    (e->is_shared || !l7_summary(ctx)->is_personal);
}

static bool
begin_fill(struct l7_ctx *ctx, const struct http_head *h, bool end)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;
	struct cache_entry *e;

	if (!s->is_get || h->content_length > c->max_object || cache_is_busy(c))
		return false;
	e = cache_entry_new();
	if (!may_keep(ctx, e, h)) {
		cache_entry_unref(e);
		return false;
	}
	set_names(ctx, e);
	s->fill = e;
	s->length = h->content_length;
	if (end)
		end_fill(ctx);
	return true;
}

/* --- what the service says ------------------------------------------------------- */

/* That what we have is right: it is given, with what was said anew. */
static enum verdict
refresh(struct l7_ctx *ctx, const struct http_head *not_modified)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;
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
	if (is_same && may_keep(ctx, e, &h)) {
		cache_store_put(c->store, e, s->request, s->changes);
		cache_entry_unref(s->stale);
		s->stale = e;
		s->is_claimed = false;	/* that was of the one before */
		land(s, end_of(e));
	} else {
		cache_store_remove_entry(c->store, s->stale);
		cache_entry_unref(e);
		land(s, FLIGHT_USELESS);
	}
	return cache_give(ctx, s->stale, "mesh; fwd=stale; fwd-status=304");
}

/* STOP: what we have is given instead. */
static enum verdict
compare(struct l7_ctx *ctx, const struct http_head *h)
{
	struct cache_state *s = ctx->state;

	if (h->status == 304 && s->is_question)
		return refresh(ctx, h);
	if (is_failure(h->status) && cache_may_be_stale(s->stale, &s->wants,
	    s->stale->error_ms)) {
		land(s, FLIGHT_FAILED);
		return cache_give(ctx, s->stale, NULL);
	}
	return PASS;
}

/* An answer that is not kept, and may end what was: one that is takes its place. */
static void
pass_by(struct l7_ctx *ctx, int status)
{
	struct cache_state *s = ctx->state;
	bool is_failed = status >= 500 || status == 429;

	if (s->stale != NULL && s->is_get && !is_failed && status != 304)
		cache_store_remove_entry(cache_of(ctx)->store, s->stale);
	land(s, is_failed ? FLIGHT_FAILED : FLIGHT_USELESS);
}

enum verdict
cache_answered(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;

	if (s->is_unsafe && h->status >= 200 && h->status < 400)
		cache_store_remove(c->store, s->key);
	if (s->stale != NULL && s->is_get && compare(ctx, h) == STOP)
		return STOP;
	if (s->request != NULL && !begin_fill(ctx, h, end)) {
		pass_by(ctx, h->status);
		end_aside(ctx);
	}
	cache_say_status(c, h, s->forward);
	return PASS;
}
