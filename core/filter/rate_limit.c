
#include "base/clock.h"
#include "base/mem.h"
#include "conf/schema.h"
#include "filter/buckets.h"
#include "filter/filters.h"

/*
 * rate_limit: how many requests may come in a time, of all callers together
 * or of each by itself.  A request too many is answered with 429.  Answers
 * say what is left in the fields of draft-polli-ratelimit-headers-03.
 */
enum by { BY_ALL, BY_IDENTITY, BY_ADDRESS, BY_HEADER };
static const char *const by_words[] = {
	[BY_ALL] = "all", [BY_IDENTITY] = "identity", [BY_ADDRESS] = "address",
	[BY_HEADER] = "header", NULL
};

#define KEYS	16384	/* callers told apart; 256 KiB */

struct rate_limit {
	struct arena    arena;
	int64_t         requests, per_ms, burst;
	int             by;
	const char     *header;
	bool            is_silent;
	struct buckets *buckets;	/* NULL: no limit */
};

struct state {
	struct buckets_answer answer;
	bool                  was_asked;
};

static const struct conf_field fields[] = {
	{ "requests", CONF_INT_T, CONF_AT(struct rate_limit, requests),
	    .min = 0, .max = 1000000000, .fallback = "0",
	    .text = "how many may come in the time that per says; 0: any" },
	{ "per", CONF_DURATION_T, CONF_AT(struct rate_limit, per_ms),
	    .fallback = "1s", .text = "that time; they are spread evenly over it" },
	{ "burst", CONF_INT_T, CONF_AT(struct rate_limit, burst),
	    .min = 0, .max = 1000000000, .fallback = "0",
	    .text = "how many may come at once; 0: as many as requests says" },
	{ "by", CONF_ENUM_T, CONF_AT(struct rate_limit, by), .words = by_words,
	    .fallback = "all", .text = "whose requests are counted together" },
	{ "header", CONF_STRING_T, CONF_AT(struct rate_limit, header),
	    .pattern = CONF_HEADER_NAME,
	    .text = "with by: header, the field whose values are told apart" },
	{ "silent", CONF_BOOL_T, CONF_AT(struct rate_limit, is_silent),
	    .fallback = "false", .text = "answers do not say what is left" },
	{ 0 },
};

static int
verify(const void *filled, const struct conf_node *node, struct err *err)
{
	const struct rate_limit *l = filled;

	if (l->requests > 0 && l->per_ms < 1)
		return conf_error(node, err, "per is longer than nothing");
	if ((l->by == BY_HEADER) != (l->header != NULL))
		return conf_error(node, err, "by: header and the name of a "
		    "header belong together");
	return 0;
}

const struct conf_schema filter_rate_limit_schema = {
	"rate_limit", sizeof(struct rate_limit), fields, verify
};

static void
release(void *shared)
{
	struct rate_limit *l = shared;

	buckets_free(l->buckets);
	arena_fini(&l->arena);
	mem_free(l);
}

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct rate_limit *l = mem_zalloc(sizeof(*l));
	struct arena arena;

	arena_init(&arena);
	if (conf_decode(node != NULL ? node : conf_map_new(&arena),
	    &filter_rate_limit_schema, &arena, l, err) != 0) {
		arena_fini(&arena);
		mem_free(l);
		return -1;
	}
	arena_init(&l->arena);
	if (l->header != NULL)
		l->header = filter_field_name(&l->arena, l->header);
	arena_fini(&arena);
	if (l->requests > 0) {
		const struct buckets_rate rate = {
			.requests = (uint64_t)l->requests,
			.per_ns = (uint64_t)l->per_ms * 1000000,
			.burst = (uint64_t)(l->burst > 0 ? l->burst :
			    l->requests),
		};

		l->buckets = buckets_new(&rate, l->by == BY_ALL ? 1 : KEYS);
	}
	*shared = l;
	return 0;
}

/* Never 0, which is the key of a slot that nobody had. */
static uint64_t
key_of(struct l7_ctx *ctx, const struct http_head *h)
{
	const struct rate_limit *l = ctx->shared;
	const struct conn_peer *peer = l7_peer(ctx);
	char ip[ADDR_TEXT_MAX];

	switch (l->by) {
	case BY_IDENTITY:
		return slice_hash(slice_str(peer->id)) | 1;
	case BY_ADDRESS:
		addr_format_ip(&peer->addr, ip);
		return slice_hash(slice_str(ip)) | 1;
	case BY_HEADER:
		return slice_hash(http_fields_find(&h->fields,
		    slice_str(l->header))) | 1;
	default:
		return 1;
	}
}

/* --- telling ------------------------------------------------------------------- */

static struct slice
text_of(struct arena *a, uint64_t n)
{
	return slice_str(arena_printf(a, "%llu", (unsigned long long)n));
}

static uint64_t
seconds_up(uint64_t ns)
{
	return (ns + 999999999) / 1000000000;
}

static void
tell(struct l7_ctx *ctx, struct http_head *h, const struct buckets_answer *now)
{
	const struct rate_limit *l = ctx->shared;
	struct arena *a = l7_arena(ctx);

	if (l->is_silent)
		return;
	http_fields_set(&h->fields, SLICE("x-ratelimit-limit"),
	    slice_str(arena_printf(a, "%lld, %lld;w=%lld",
	    (long long)l->requests, (long long)l->requests,
	    (long long)((l->per_ms + 999) / 1000))));
	http_fields_set(&h->fields, SLICE("x-ratelimit-remaining"),
	    text_of(a, now->left));
	http_fields_set(&h->fields, SLICE("x-ratelimit-reset"),
	    text_of(a, seconds_up(now->is_allowed ? now->full_ns :
	    now->wait_ns)));
}

static void
refuse(struct l7_ctx *ctx, const struct buckets_answer *now)
{
	struct arena *a = l7_arena(ctx);
	struct http_head *h = arena_alloc(a, sizeof(*h));
	struct buf body = { 0 };

	http_head_init(h, a);
	h->status = 429;
	http_fields_add_id(&h->fields, FIELD_CONTENT_TYPE,
	    SLICE("text/plain; charset=utf-8"));
	http_fields_set(&h->fields, SLICE("retry-after"),
	    text_of(a, seconds_up(now->wait_ns)));
	tell(ctx, h, now);
	buf_addf(&body, "%s\n", response_flag_text(FLAG_RL));
	l7_reply_with(ctx, h, &body, FLAG_RL, "rate_limited");
	buf_fini(&body);
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct rate_limit *l = ctx->shared;
	struct state *s = ctx->state;

	(void)end;
	if (l->buckets == NULL)
		return PASS;
	if (dir == DIR_DOWN) {
		if (s->was_asked)
			tell(ctx, h, &s->answer);
		return PASS;
	}
	s->answer = buckets_take(l->buckets, key_of(ctx, h), clock_mono_ns());
	s->was_asked = true;
	if (s->answer.is_allowed)
		return PASS;
	refuse(ctx, &s->answer);
	return STOP;
}

const struct l7_filter filter_rate_limit = {
	.base = { .name = "rate_limit", .state_size = sizeof(struct state),
	    .configure = configure, .release = release },
	.head = head,
};
