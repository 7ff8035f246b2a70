#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conf/schema.h"
#include "filter/caller.h"
#include "filter/filters.h"
#include "filter/rate_limit.h"
#include "stat/metrics.h"

/*
 * rate_limit: how many requests may come in a time, of all callers together
 * or of each by itself.  A request too many is answered with 429.  Answers
 * say what is left in the fields of draft-polli-ratelimit-headers-03.
 */
#define KEYS		16384	/* callers told apart; 256 KiB */
#define LIMITS_MAX	16

struct override {
	uint64_t        key;
	struct buckets *buckets;
	struct lease   *lease;		/* or this: shared with other proxies */
};

struct limit {
	struct buckets  *buckets;
	struct lease    *lease;		/* or this */
	const char      *header;	/* as heads have it; NULL: not by one */
	struct override *overrides;	/* of callers, instead */
};

struct rate_limit {
	struct arena                 arena;
	struct model_rate_limit_spec spec;
	struct limit                 v[LIMITS_MAX];	/* spec.limits_len */
	struct slice                 window;	/* "10;w=1, 1000;w=3600" */
};

struct state {
	struct buckets_answer answer;	/* of the limit that is nearest */
	const struct model_limit *limit;	/* that one; NULL: not asked */
};

#define SPEC(member)	CONF_AT(struct model_rate_limit_spec, member)

static const struct conf_field fields[] = {
	{ "limits", CONF_STRUCT_T, CONF_LIST_AT(struct model_rate_limit_spec, limits),
	    .schema = &model_limit_schema, .max_items = LIMITS_MAX,
	    .text = "all of which hold; none: any number may come" },
	{ "overrides", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_rate_limit_spec, overrides),
	    .schema = &model_limit_override_schema, .max_items = 100,
	    .text = "other limits for some callers" },
	{ "headers", CONF_BOOL_T, SPEC(headers), .fallback = "true",
	    .text = "whether answers say what is left" },
	{ "dryRun", CONF_BOOL_T, SPEC(dry_run),
	    .text = "whether it only counts what it would refuse" },
	{ 0 },
};

static int
verify(const void *filled, const struct conf_node *node, struct err *err)
{
	const struct conf_place at = { node, "", err };

	return model_rate_limit_check(filled, &at);
}

const struct conf_schema filter_rate_limit_schema = {
	"rate_limit", sizeof(struct model_rate_limit_spec), fields, verify
};

/* --- configuring --------------------------------------------------------------- */

static void
release(void *shared)
{
	struct rate_limit *l = shared;

	for (size_t i = 0; i < l->spec.limits_len; i++) {
		buckets_free(l->v[i].buckets);
		lease_free(l->v[i].lease);
		for (size_t j = 0; l->v[i].overrides != NULL &&
		    j < l->spec.overrides_len; j++) {
			buckets_free(l->v[i].overrides[j].buckets);
			lease_free(l->v[i].overrides[j].lease);
		}
	}
	arena_fini(&l->arena);
	mem_free(l);
}

static struct buckets_rate
rate_of(const struct model_limit *l, int64_t requests, int64_t burst)
{
	return (struct buckets_rate){
		.requests = (uint64_t)requests,
		.per_ns = (uint64_t)l->per_ms * 1000000,
		.burst = (uint64_t)(burst > 0 ? burst : requests),
	};
}

static struct buckets *
make_buckets(const struct model_limit *l, int64_t requests, int64_t burst,
    size_t keys)
{
	const struct buckets_rate rate = rate_of(l, requests, burst);

	return buckets_new(&rate, keys);
}

static bool
is_keyed(const struct model_limit *l)
{
	return l->by_identity || l->by_address || l->by_header != NULL;
}

/* Never 0, which is the key of a slot that nobody had. */
static uint64_t
key_of_text(struct slice s)
{
	return slice_hash(s) | 1;
}

static void
add_overrides(struct rate_limit *l, struct limit *to,
    const struct model_limit *from)
{
	to->overrides = arena_zalloc(&l->arena, (l->spec.overrides_len + 1) *
	    sizeof(*to->overrides));
	for (size_t i = 0; i < l->spec.overrides_len; i++) {
		const struct model_limit_override *o = &l->spec.overrides[i];

		to->overrides[i] = (struct override){
			.key = key_of_text(slice_str(o->identity)),
			.buckets = make_buckets(from, o->requests, 0, 1),
		};
	}
}

static void
add_limit(struct rate_limit *l, size_t i, struct str *window)
{
	const struct model_limit *from = &l->spec.limits[i];
	struct limit *to = &l->v[i];

	to->buckets = make_buckets(from, from->requests, from->burst,
	    is_keyed(from) ? KEYS : 1);
	if (from->by_header != NULL)
		to->header = arena_lower(&l->arena,
		    slice_str(from->by_header)).ptr;
	if (from->by_identity)
		add_overrides(l, to, from);
	str_addf(window, ", %lld;w=%lld", (long long)from->requests,
	    (long long)((from->per_ms + 999) / 1000));
}

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct rate_limit *l = mem_zalloc(sizeof(*l));
	struct str window = { 0 };

	arena_init(&l->arena);
	/* A copy, since strings of the spec point into it. */
	node = node == NULL ? conf_map_new(&l->arena) :
	    conf_copy(&l->arena, node);
	if (conf_decode(node, &filter_rate_limit_schema, &l->arena, &l->spec,
	    err) != 0) {
		arena_fini(&l->arena);
		mem_free(l);
		return -1;
	}
	for (size_t i = 0; i < l->spec.limits_len; i++)
		add_limit(l, i, &window);
	l->window = arena_dup(&l->arena, str_slice(&window));
	str_fini(&window);
	*shared = l;
	return 0;
}

struct rate_limit *
rate_limit_of(const struct l7_part *p)
{
	return l7_part_shared(p, &filter_rate_limit);
}

const struct model_rate_limit_spec *
rate_limit_spec(const struct rate_limit *l)
{
	return &l->spec;
}

/* --- with other proxies ---------------------------------------------------------- */

static struct lease *
make_lease(const struct model_limit *l, int64_t requests, int64_t burst,
    bool keyed, struct buckets **instead_of)
{
	const struct buckets_rate rate = rate_of(l, requests, burst);

	buckets_free(*instead_of);
	*instead_of = NULL;
	return lease_new(&rate, keyed);
}

void
rate_limit_lease_all(struct rate_limit *l)
{
	for (size_t i = 0; i < l->spec.limits_len; i++) {
		const struct model_limit *from = &l->spec.limits[i];
		struct limit *to = &l->v[i];

		to->lease = make_lease(from, from->requests, from->burst,
		    is_keyed(from), &to->buckets);
		for (size_t j = 0; to->overrides != NULL &&
		    j < l->spec.overrides_len; j++) {
			struct override *o = &to->overrides[j];
			int64_t requests = l->spec.overrides[j].requests;

			/* Of nothing there is nothing to divide. */
			if (requests > 0)
				o->lease = make_lease(from, requests, 0, false,
				    &o->buckets);
		}
	}
}

struct lease *
rate_limit_lease(const struct rate_limit *l, size_t index)
{
	size_t i = index % RATE_LIMIT_OVERRIDE, n = index / RATE_LIMIT_OVERRIDE;

	if (i >= l->spec.limits_len || n > l->spec.overrides_len)
		return NULL;
	if (n == 0)
		return l->v[i].lease;
	return l->v[i].overrides == NULL ? NULL :
	    l->v[i].overrides[n - 1].lease;
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

/* A limit further on, or the service's own, that is nearer. */
static bool
is_told(const struct http_head *h, uint64_t left)
{
	uint64_t told;

	return slice_u64(http_fields_find(&h->fields,
	    SLICE("x-ratelimit-remaining")), &told) && told <= left;
}

static void
tell(struct l7_ctx *ctx, struct http_head *h, const struct state *s)
{
	const struct rate_limit *l = ctx->shared;
	const struct buckets_answer *now = &s->answer;
	struct arena *a = l7_arena(ctx);

	if (!l->spec.headers || l->spec.dry_run || is_told(h, now->left))
		return;
	http_fields_set(&h->fields, SLICE("x-ratelimit-limit"),
	    slice_str(arena_printf(a, "%lld%.*s",
	    (long long)s->limit->requests, SLICE_ARG(l->window))));
	http_fields_set(&h->fields, SLICE("x-ratelimit-remaining"),
	    text_of(a, now->left));
	http_fields_set(&h->fields, SLICE("x-ratelimit-reset"),
	    text_of(a, seconds_up(now->is_allowed ? now->full_ns :
	    now->wait_ns)));
}

static void
count(struct l7_ctx *ctx, const char *outcome)
{
	worker_env_count_service(l7_env(ctx), METRIC_RATE_LIMITED,
	    l7_summary(ctx)->service, outcome, 1);
}

static void
refuse(struct l7_ctx *ctx, const struct state *s)
{
	struct arena *a = l7_arena(ctx);
	struct http_head *h = arena_alloc(a, sizeof(*h));
	struct buf body = { 0 };

	count(ctx, "refused");
	http_head_init(h, a);
	h->status = 429;
	http_fields_add_id(&h->fields, FIELD_CONTENT_TYPE,
	    SLICE("text/plain; charset=utf-8"));
	buf_addf(&body, "%s\n", response_flag_text(FLAG_RL));
	http_fields_set(&h->fields, SLICE("retry-after"),
	    text_of(a, seconds_up(s->answer.wait_ns)));
	tell(ctx, h, s);
	l7_reply_with(ctx, h, &body, FLAG_RL, "rate_limited");
	buf_fini(&body);
}

/* --- asking -------------------------------------------------------------------- */

/* Its bucket among those, or in the lease, if there is one. */
static struct lease_place
place_in(struct lease *lease, struct buckets *buckets, struct slice text)
{
	if (lease == NULL)
		return (struct lease_place){ buckets, key_of_text(text) };
	return lease_place(lease, lease_is_keyed(lease) ? lease_key(text) :
	    LEASE_ALL);
}

static struct lease_place
by_identity(struct l7_ctx *ctx, const struct limit *l)
{
	const struct rate_limit *all = ctx->shared;
	const struct slice caller = filter_caller(ctx);
	const uint64_t key = key_of_text(caller);

	for (size_t i = 0; i < all->spec.overrides_len; i++)
		if (l->overrides[i].key == key)
			return place_in(l->overrides[i].lease,
			    l->overrides[i].buckets, SLICE_NONE);
	return place_in(l->lease, l->buckets, caller);
}

static struct lease_place
place_of(struct l7_ctx *ctx, size_t i, const struct http_head *h)
{
	const struct rate_limit *all = ctx->shared;
	const struct limit *l = &all->v[i];
	struct addr room;
	char ip[ADDR_TEXT_MAX];

	if (l->overrides != NULL)
		return by_identity(ctx, l);
	if (l->header != NULL)
		return place_in(l->lease, l->buckets, http_fields_find(
		    &h->fields, slice_str(l->header)));
	if (!all->spec.limits[i].by_address)
		return place_in(l->lease, l->buckets, SLICE_NONE);
	addr_format_ip(l7_addr(ctx, &room), ip);
	return place_in(l->lease, l->buckets, slice_str(ip));
}

/* From all, or from none.  Remembers the limit that is nearest. */
static bool
take(struct l7_ctx *ctx, const struct http_head *h, struct state *s)
{
	const struct rate_limit *l = ctx->shared;
	struct lease_place places[LIMITS_MAX];
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < l->spec.limits_len; i++) {
		places[i] = place_of(ctx, i, h);
		struct buckets_answer a = buckets_take(places[i].buckets,
		    places[i].key, now);

		if (s->limit == NULL || !a.is_allowed ||
		    a.left < s->answer.left) {
			s->answer = a;
			s->limit = &l->spec.limits[i];
		}
		if (a.is_allowed)
			continue;
		while (i-- > 0)
			buckets_put(places[i].buckets, places[i].key);
		return false;
	}
	return true;
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct rate_limit *l = ctx->shared;
	struct state *s = ctx->state;

	(void)end;
	if (dir == DIR_DOWN) {
		if (s->limit != NULL)
			tell(ctx, h, s);
		return PASS;
	}
	if (take(ctx, h, s))
		return PASS;
	if (l->spec.dry_run) {
		count(ctx, "dry_run");
		return PASS;
	}
	refuse(ctx, s);
	return STOP;
}

const struct l7_filter filter_rate_limit = {
	.base = { .name = "rate_limit", .state_size = sizeof(struct state),
	    .configure = configure, .release = release },
	.head = head,
};
