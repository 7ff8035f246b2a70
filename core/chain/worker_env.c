#include "base/check.h"
#include "chain/l4_run.h"
#include "chain/l7_aside.h"
#include "chain/worker_env.h"
#include "stat/memo.h"
#include "stat/metrics.h"
#include "stat/stat.h"

void
worker_env_init(struct worker_env *env, struct loop *loop, int index, void *mode)
{
	env->loop = loop;
	env->index = index;
	env->mode = mode;
	atomic_init(&env->runs_len, 0);
	atomic_init(&env->arriving, 0);
	flow_init(&env->flow, NULL, 0, 0, NULL, NULL);
	list_init(&env->runs);
	list_init(&env->asides);
	env->asides_len = 0;
}

size_t
worker_env_conns(const struct worker_env *env)
{
	/* In the order in which a connection goes from one to the other. */
	size_t arriving = atomic_load_explicit(&env->arriving,
	    memory_order_acquire);

	return arriving + atomic_load_explicit(&env->runs_len,
	    memory_order_relaxed);
}

static void
drain_who_must(struct worker_env *env)
{
	LIST_FOREACH_SAFE(at, &env->runs) {
		struct l4_run *r = list_entry(at, struct l4_run, link);

		if (r->is_open && !r->is_closed)
			l4_drain_if_due(r);
	}
}

void
worker_env_drain(struct worker_env *env)
{
	env->is_draining = true;
	drain_who_must(env);
}

void
worker_env_part(struct worker_env *env, worker_env_leaving *is_leaving,
    void *arg)
{
	env->is_leaving = is_leaving;
	env->leaving_arg = arg;
	if (is_leaving != NULL)
		drain_who_must(env);
}

void
worker_env_close(struct worker_env *env)
{
	env->is_closing = true;
	LIST_FOREACH_SAFE(at, &env->runs) {
		struct l4_run *r = list_entry(at, struct l4_run, link);

		/* An end of bytes says that they were all, a reset does not. */
		if (r->is_open && r->terminal->drain == NULL)
			conn_abort(r->conn, CLOSE_DRAINED);
		else
			conn_close(r->conn, CLOSE_DRAINED);
	}
	l7_asides_end(env);
}

/* Same labels, same key; a seeded hash, so nobody can make two collide. */
static uint64_t
key_of(size_t family, const struct slice *labels, size_t n)
{
	uint64_t key = family + 1;

	for (size_t i = 0; i < n; i++)
		key = (key ^ slice_hash(labels[i])) *
		    UINT64_C(0x9e3779b97f4a7c15);
	return key;
}

void
worker_env_count(struct worker_env *env, size_t family,
    const struct slice *labels, size_t n, int64_t by)
{
	if (env->stat == NULL)
		return;
	uint64_t key = key_of(family, labels, n);
	struct stat_series *s = stat_memo_find(env->memo, key);

	if (s == NULL)
		s = stat_memo_put(env->memo, key,
		    stat_series_get(env->stats, family, labels));
	switch (stat_registry_family(env->stats, family)->type) {
	case STAT_COUNTER:
		stat_counter_add(env->stat, s, (uint64_t)by);
		break;
	case STAT_GAUGE:
		stat_gauge_add(env->stat, s, by);
		break;
	case STAT_HISTOGRAM:
		stat_histogram_add(env->stat, s, (uint64_t)by);
		break;
	case STAT_INFO:
		break;
	}
}

void
worker_env_count_service(struct worker_env *env, size_t family,
    struct slice service, const char *reason, int64_t by)
{
	struct slice v[3] = { [2] = slice_str(reason) };

	if (metric_service(v, service))
		worker_env_count(env, family, v, reason != NULL ? 3 : 2, by);
}
