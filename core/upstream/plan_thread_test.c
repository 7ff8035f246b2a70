#include <pthread.h>

#include "base/unit.h"
#include "upstream/outlier.h"
#include "upstream/plan.h"

/*
 * Workers pick while endpoints fail, come back, leave and join: for the thread
 * sanitizer, and for what must hold all the same.
 */
#define WORKERS		3
#define PICKS		20000
#define ENDPOINTS	12

struct bench {
	struct cluster_registry *registry;
	struct cluster          *first;
	enum lb_policy           lb;
	atomic_int               working;
};

static struct cluster *
make(struct bench *b, uint16_t len)
{
	struct cluster *c = cluster_new(b->registry, SLICE("default/web"),
	    SLICE("80"));

	c->lb = b->lb;
	c->balance.slow_start_ms = 10;
	c->outlier.max_ejected_percent = 50;
	for (uint16_t i = 0; i < len; i++) {
		struct endpoint e = {
			.weight = 1 + i % 3u, .priority = i % 2u,
			.is_degraded = i % 5 == 0,
		};
		struct err err = ERR_INIT;

		assert_int_equal(addr_from_ip(SLICE("10.0.0.1"),
		    (uint16_t)(i + 1), &e.addr, &err), 0);
		cluster_add(c, b->registry, &e);
	}
	cluster_seal(c);
	return c;
}

static void *
work(void *arg)
{
	struct bench *b = arg;
	struct cluster *c = b->first;

	for (unsigned i = 0; i < PICKS; i++) {
		struct pick p = {
			.now_ms = 100000 + i / 4, .has_hash = true, .hash = i
		};
		const struct endpoint *e = cluster_pick(c, &p);

		assert_non_null(e);
		atomic_fetch_add(&e->state->requests, 1);
		outlier_add(c, e->state, i % 16 < 9, p.now_ms);
		if (i % 64 == 0)
			endpoint_state_missed(e->state, p.now_ms - 1, p.now_ms);
		else
			endpoint_state_reached(e->state);
	}
	atomic_fetch_sub(&b->working, 1);
	return NULL;
}

TEST(plan_is_shared_by_threads)
{
	for (int lb = 0; lb < LB_POLICIES; lb++) {
		struct bench b = {
			.registry = cluster_registry_new(), .lb = (enum lb_policy)lb,
			.working = WORKERS,
		};
		pthread_t threads[WORKERS];
		uint16_t len = 0;

		b.first = make(&b, ENDPOINTS);
		for (int i = 0; i < WORKERS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, work,
			    &b), 0);
		/* Meanwhile snapshots come and go. */
		while (atomic_load(&b.working) > 0) {
			struct cluster *c = make(&b, ++len % ENDPOINTS);

			outlier_sweep(c, 100000, NULL, NULL);
			cluster_unref(c);
			cluster_registry_sweep(b.registry);
		}
		for (int i = 0; i < WORKERS; i++)
			pthread_join(threads[i], NULL);
		for (size_t i = 0; i < b.first->len; i++)
			assert_int_equal(b.first->v[i].state->refs, 1);
		cluster_unref(b.first);
		cluster_registry_free(b.registry);
	}
}
