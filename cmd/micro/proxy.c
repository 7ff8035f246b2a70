#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/micro/micro.h"
#include "link/sni.h"
#include "modes/proxy/snapshot.h"
#include "stat/stat.h"
#include "upstream/cluster.h"

/* --- balancing ---------------------------------------------------------------- */

#define ENDPOINTS	100

struct balance {
	struct cluster_registry *registry;
	struct cluster          *cluster;
	uint64_t                 key;	/* for hashes */
};

static void *
balance_start(enum lb_policy lb)
{
	struct balance *b = mem_zalloc(sizeof(*b));

	b->registry = cluster_registry_new();
	b->cluster = cluster_new(b->registry, SLICE("default/web"), SLICE("80"));
	b->cluster->lb = lb;
	for (int i = 0; i < ENDPOINTS; i++) {
		struct endpoint e = { .weight = 1 };
		struct err err = ERR_INIT;

		check(addr_from_ip(SLICE("127.0.0.1"), 1000 + i, &e.addr,
		    &err) == 0);
		cluster_add(b->cluster, b->registry, &e);
	}
	cluster_seal(b->cluster);
	return b;
}

static void *
least_request_start(void)
{
	return balance_start(LB_LEAST_REQUEST);
}

static void *
round_robin_start(void)
{
	return balance_start(LB_ROUND_ROBIN);
}

static void *
peak_ewma_start(void)
{
	return balance_start(LB_PEAK_EWMA);
}

static void *
ring_hash_start(void)
{
	return balance_start(LB_RING_HASH);
}

static void *
maglev_start(void)
{
	return balance_start(LB_MAGLEV);
}

static void
balance_once(void *state)
{
	struct balance *b = state;
	struct pick p = {
		.now_ms = 1000, .has_hash = true,
		.hash = b->key += UINT64_C(0x9e3779b97f4a7c15),
	};

	check(cluster_pick(b->cluster, &p) != NULL);
}

static void
balance_stop(void *state)
{
	struct balance *b = state;

	cluster_unref(b->cluster);
	cluster_registry_free(b->registry);
	mem_free(b);
}

/* --- routes: from a host to a service ------------------------------------------ */

#define SERVICES	1000

struct routes {
	struct snapshot *snapshot;
	char             hosts[SERVICES][32];
	size_t           at;
};

static void
route_add(struct routes *r, unsigned int i)
{
	struct service *service = arena_zalloc(&r->snapshot->arena,
	    sizeof(*service));
	char key[SERVICE_KEY_MAX];

	snprintf(r->hosts[i], sizeof(r->hosts[i]), "service-%u.default.mesh", i);
	check(service_name_parse(slice_str(r->hosts[i]), SLICE_NONE,
	    &service->name));
	service_key(&service->name, key);
	map_put(&r->snapshot->services, slice_str(key), service);
}

static void *
route_start(void)
{
	struct routes *r = mem_zalloc(sizeof(*r));

	r->snapshot = snapshot_new();
	for (unsigned int i = 0; i < SERVICES; i++)
		route_add(r, i);
	return r;
}

static void
route_once(void *state)
{
	struct routes *r = state;
	struct service_name name;

	check(service_name_parse(slice_str(r->hosts[r->at]), SLICE_NONE, &name));
	check(snapshot_service(r->snapshot, &name) != NULL);
	r->at = (r->at + 1) % SERVICES;
}

static void
route_stop(void *state)
{
	struct routes *r = state;

	snapshot_unref(r->snapshot);
	mem_free(r);
}

/* --- metrics -------------------------------------------------------------------- */

enum { REQUESTS, DURATIONS };
static const struct stat_family families[] = {
	[REQUESTS] = {
		.name = "requests_total", .help = "Requests",
		.type = STAT_COUNTER, .labels = { "service", NULL },
	},
	[DURATIONS] = {
		.name = "duration_seconds", .help = "How long they took",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations, .labels = { "service", NULL },
	},
};

struct metrics {
	struct stat_registry *registry;
	struct stat_worker   *worker;
	struct stat_series   *requests, *durations;
	uint64_t              n;
};

static void *
metrics_start(void)
{
	struct metrics *m = mem_zalloc(sizeof(*m));
	struct slice service = SLICE("default/web");

	m->registry = stat_registry_new(families, 2);
	m->worker = stat_worker_new(m->registry);
	m->requests = stat_series_get(m->registry, REQUESTS, &service);
	m->durations = stat_series_get(m->registry, DURATIONS, &service);
	return m;
}

static void
metrics_once(void *state)
{
	struct metrics *m = state;

	stat_counter_add(m->worker, m->requests, 1);
	stat_histogram_add(m->worker, m->durations, m->n++ * 977 % 100000);
}

static void
metrics_stop(void *state)
{
	struct metrics *m = state;

	stat_series_unref(m->requests);
	stat_series_unref(m->durations);
	stat_registry_free(m->registry);
	mem_free(m);
}

const struct micro micro_proxy[] = {
	{ "pick-least-request", least_request_start, balance_once, balance_stop },
	{ "pick-round-robin", round_robin_start, balance_once, balance_stop },
	{ "pick-peak-ewma", peak_ewma_start, balance_once, balance_stop },
	{ "pick-ring-hash", ring_hash_start, balance_once, balance_stop },
	{ "pick-maglev", maglev_start, balance_once, balance_stop },
	{ "host-to-service", route_start, route_once, route_stop },
	{ "count-and-time-request", metrics_start, metrics_once, metrics_stop },
};
const size_t micro_proxy_len = sizeof(micro_proxy) / sizeof(micro_proxy[0]);
