#include "base/mem.h"
#include "filter/filters.h"
#include "stat/memo.h"
#include "stat/metrics.h"

/*
 * metrics: counts exchanges when they are over.  Series are looked up by who
 * called whom and how it ended; each worker remembers those that it has met,
 * so that a steady flow takes no lock.
 */
static struct slice
known(struct slice s)
{
	return s.len > 0 ? s : SLICE(METRIC_UNKNOWN);
}

static bool
is_inbound(struct l7_ctx *ctx)
{
	return slice_has_prefix(slice_str(l7_listener_name(ctx)),
	    SLICE(METRIC_INBOUND));
}

/* The same labels in front of every family: see SERVICES in metrics.c. */
static size_t
services(struct slice *v, struct l7_ctx *ctx, const struct l7_summary *m)
{
	const struct worker_env *env = l7_env(ctx);
	bool in = is_inbound(ctx);

	v[0] = in ? SLICE(METRIC_INBOUND) : SLICE(METRIC_OUTBOUND);
	metric_service(&v[1], in ? m->source_service : env->service);
	metric_service(&v[3], in ? env->service : m->service);
	return 5;
}

/* Tells a pair of services and a direction apart. */
static uint64_t
pair_key(struct l7_ctx *ctx, const struct l7_summary *m)
{
	bool in = is_inbound(ctx);

	return slice_hash(in ? m->source_service : m->service) * 2 + in;
}

/* And how an exchange between them ended. */
static uint64_t
outcome_key(uint64_t pair, struct l7_ctx *ctx, const struct l7_summary *m)
{
	struct slice other = is_inbound(ctx) ? m->source_workload : m->workload;
	uint64_t h = pair ^ slice_hash(other) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= (uint64_t)m->status << 32 ^ (uint64_t)m->flag << 48 ^
	    (uint64_t)(m->is_grpc ? 1 + m->grpc_status : 0) << 55 ^
	    (uint64_t)(m->upstream_id.len > 0) << 60 ^
	    (uint64_t)l7_peer(ctx)->is_tls << 61 ^
	    (uint64_t)m->is_upstream_tls << 62;
	return h * UINT64_C(0xff51afd7ed558ccd);
}

/* Of gRPC alone: 0 to 16, with which a series has one more label. */
static struct slice
grpc_status(const struct l7_summary *m, char text[2])
{
	if (!m->is_grpc)
		return SLICE("");
	text[0] = (char)('0' + m->grpc_status / 10);
	text[1] = (char)('0' + m->grpc_status % 10);
	return m->grpc_status < 10 ? slice_of(text + 1, 1) : slice_of(text, 2);
}

static struct stat_series *
requests_series(struct l7_ctx *ctx, const struct l7_summary *m)
{
	const struct worker_env *env = l7_env(ctx);
	bool in = is_inbound(ctx);
	struct slice v[STAT_LABELS_MAX];
	char code[8], grpc[2];
	size_t n = services(v, ctx, m);
	int status = m->status;

	code[0] = (char)('0' + status / 100 % 10);
	code[1] = (char)('0' + status / 10 % 10);
	code[2] = (char)('0' + status % 10);
	v[n++] = known(in ? m->source_workload : env->workload);
	v[n++] = known(in ? env->workload : m->workload);
	v[n++] = m->is_grpc ? SLICE("grpc") : SLICE("http");
	v[n++] = status > 0 ? slice_of(code, 3) : SLICE("0");
	v[n++] = slice_str(response_flag_name(m->flag));
	v[n++] = (in ? l7_peer(ctx)->is_tls : m->upstream_id.len > 0) ?
	    SLICE("mutual_tls") : !in && m->is_upstream_tls ? SLICE("tls") :
	    SLICE("none");
	v[n++] = grpc_status(m, grpc);
	return stat_series_get(env->stats, METRIC_REQUESTS, v);
}

static void
add_histograms(struct l7_ctx *ctx, const struct l7_summary *m, uint64_t pair)
{
	const struct worker_env *env = l7_env(ctx);
	const struct {
		enum metric metric;
		uint64_t    value;
	} all[] = {
		{ METRIC_REQUEST_DURATION, m->end_us - m->start_us },
		{ METRIC_REQUEST_BYTES, m->bytes_up },
		{ METRIC_RESPONSE_BYTES, m->bytes_down },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t key = pair + all[i].metric * UINT64_C(0x2545f4914f6cdd1d);
		struct stat_series *s = stat_memo_find(env->memo, key);

		if (s == NULL) {
			struct slice v[STAT_LABELS_MAX];

			services(v, ctx, m);
			s = stat_memo_put(env->memo, key,
			    stat_series_get(env->stats, all[i].metric, v));
		}
		stat_histogram_add(env->stat, s, all[i].value);
	}
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *m)
{
	const struct worker_env *env = l7_env(ctx);

	if (env->stat == NULL)
		return;
	uint64_t pair = pair_key(ctx, m), key = outcome_key(pair, ctx, m);
	struct stat_series *s = stat_memo_find(env->memo, key);

	if (s == NULL)
		s = stat_memo_put(env->memo, key, requests_series(ctx, m));
	stat_counter_add(env->stat, s, 1);
	/* What a tunnel carried, and for how long, says nothing about answers. */
	if (m->status != 101)
		add_histograms(ctx, m, pair);
}

const struct l7_filter filter_metrics = {
	.base = { .name = "metrics" }, .done = done,
};
