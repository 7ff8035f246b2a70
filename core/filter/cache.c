#include "base/clock.h"
#include "base/mem.h"
#include "chain/l7_aside.h"
#include "conf/schema.h"
#include "filter/cache_run.h"
#include "filter/filters.h"

/*
 * cache: a shared cache (RFC 9111) in front of the service, in memory, one for
 * all workers of a proxy.
 *
 * A request that finds a fresh answer ends here.  One that finds a stale one
 * asks the service whether it is still right; a request that nothing is known
 * for goes by, and its answer is copied while it passes.  Of many for the same
 * one goes, the others wait for its answer.  An answer that does not say that
 * it is for everybody (public, s-maxage) is given again to the identity alone
 * that asked for it.
 */
#define YEAR		INT64_C(31536000000)

#define ASK_AGAIN_MS	1000	/* after the service did not say anything new */

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
	    .text = "many requests for the same at a time become one" },
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
	cache_flights_free(c->flights);
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
	c->flights = cache_flights_new();
	*shared = c;
	return 0;
}

/* What is busy changes; the rest is as configured. */
struct cache *
cache_of(const struct l7_ctx *ctx)
{
	union { const void *from; struct cache *to; } u = { ctx->shared };

	return u.to;
}

bool
cache_is_busy(const struct cache *c)
{
	return atomic_load_explicit(&c->busy, memory_order_relaxed) >=
	    c->max_bytes;
}

void
cache_add_busy(struct cache *c, struct cache_state *s, size_t n)
{
	s->busy += (long long)n;
	atomic_fetch_add_explicit(&c->busy, (long long)n, memory_order_relaxed);
}

void
cache_say_status(const struct cache *c, struct http_head *h, const char *text)
{
	if (c->status_header && text != NULL)
		http_fields_add(&h->fields, SLICE("cache-status"),
		    slice_str(text));
}

/* --- the hooks ------------------------------------------------------------------ */

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	return dir == DIR_UP ? cache_ask(ctx, h, end) :
	    cache_answered(ctx, h, end);
}

static enum verdict
body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	if (dir == DIR_DOWN)
		cache_add_body(ctx, b, end);
	return PASS;
}

static enum verdict
trailers(struct l7_ctx *ctx, enum dir dir, struct http_fields *t)
{
	(void)t;
	/* They would be lost. */
	if (dir == DIR_DOWN)
		cache_drop_fill(ctx->state, FLIGHT_USELESS);
	return PASS;
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct cache *c = cache_of(ctx);
	struct cache_state *s = ctx->state;

	(void)sum;
	if (s->is_claimed)
		cache_store_unclaim(c->store, s->stale, clock_mono_ms() +
		    (l7_is_aside(ctx) ? ASK_AGAIN_MS : 0));
	cache_drop_fill(s, FLIGHT_LOST);
	cache_flight_leave(&s->ticket);
	cache_entry_unref(s->stale);
	atomic_fetch_sub_explicit(&c->busy, s->busy, memory_order_relaxed);
}

const struct l7_filter filter_cache = {
	.base = { .name = "cache", .state_size = sizeof(struct cache_state),
	    .configure = configure, .release = release },
	.head = head, .body = body, .trailers = trailers, .done = done,
};
