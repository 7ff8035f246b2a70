#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "conf/source.h"
#include "model/set.h"
#include "modes/proxy/policy.h"

#define HEAD(name, created)						\
	"apiVersion: mesh/v1\nkind: BackendPolicy\nmetadata:\n"		\
	"  {name: " name ", namespace: shop, "				\
	"creationTimestamp: '2026-01-0" created "T00:00:00Z'}\nspec:\n"
#define ALL	"  targetRefs: [{name: web}]\n"
#define PORT	"  targetRefs: [{name: web, sectionName: http}]\n"

struct fixture {
	struct model_set                 set;
	struct policies                  found;
	struct model_backend_policy_spec spec;
	struct cluster_registry         *registry;
	struct cluster                  *c;
};

/* What the documents make of shop/web's port http. */
static void
start(struct fixture *f, const char *text)
{
	model_set_init(&f->set, MODEL_STRICT, "shop");
	model_set_read_text(&f->set, slice_str(text), "p.yaml", CONF_YAML);
	if (f->set.faults_len > 0)
		fail_msg("%s", f->set.faults[0].err.text);
	policies_find(&f->found, f->set.objects, f->set.len);
	policy_of(&f->found, "shop", "web", "http", &f->spec);
	f->registry = cluster_registry_new();
	f->c = cluster_new(f->registry, SLICE("shop/web"), SLICE("80"));
	policy_apply(&f->spec, f->c);
	cluster_seal(f->c);
}

static void
stop(struct fixture *f)
{
	cluster_unref(f->c);
	cluster_registry_free(f->registry);
	policies_fini(&f->found);
	model_set_fini(&f->set);
}

TEST(policy_of_nobody_changes_nothing)
{
	struct fixture f;

	start(&f, HEAD("a", "1") "  targetRefs: [{name: other}]\n"
	    "  loadBalancer: {type: Maglev, hash: {header: X-User}}\n");
	struct cluster *plain = cluster_new(f.registry, SLICE("shop/web"),
	    SLICE("80"));

	cluster_seal(plain);
	assert_true(cluster_is_same(f.c, plain));
	cluster_unref(plain);
	stop(&f);
}

/* Groups with nothing said in them are the defaults of a cluster. */
TEST(policy_defaults_are_those_without_a_policy)
{
	struct fixture f;

	start(&f, HEAD("a", "1") ALL "  loadBalancer: {}\n  locality: {}\n"
	    "  connectionPool: {}\n  timeouts: {}\n  circuitBreaker: {}\n"
	    "  upgrades: {}\n  tcp: {}\n  proxyProtocol: none\n"
	    "  outlierDetection: {}\n  retry: {}\n");
	struct cluster *plain = cluster_new(f.registry, SLICE("shop/web"),
	    SLICE("80"));

	cluster_seal(plain);
	assert_non_null(f.spec.outlier);
	/* Who writes one wants to see it: tries are numbered. */
	plain->retry.is_asked = true;
	assert_true(cluster_is_same(f.c, plain));
	cluster_unref(plain);
	stop(&f);
}

static const char everything[] = HEAD("a", "1") ALL
	    "  loadBalancer:\n"
	    "    {type: RingHash, hash: {cookie: {name: User, ttl: 1h}},\n"
	    "     minimumRingSize: 8, maximumRingSize: 9,\n"
	    "     boundedLoadPercent: 125, decay: 3s,\n"
	    "     warmup: {duration: 30s, minimumPercent: 20,\n"
	    "              aggressionPercent: 150}}\n"
	    "  locality: {zones: Local, panicPercent: 0,\n"
	    "             overprovisioningPercent: 100}\n"
	    "  subsets: [{name: v1, labels: {version: v1}}]\n"
	    "  subsetHeader: X-Version\n  subsetsStrict: true\n"
	    "  connectionPool: {connectTimeout: 2s, idleTimeout: 3s,\n"
	    "    maxRequestsPerConnection: 4, maxConnectionDuration: 5s}\n"
	    "  timeouts: {response: 6s, idle: 7s}\n"
	    "  upgrades: {allow: any, idleTimeout: 8s, maxDuration: 9s}\n"
	    "  tcp: {idleTimeout: 10s, maxDuration: 11s}\n"
	    "  proxyProtocol: v2\n"
	    "  circuitBreaker: {maxConnections: 1, maxPendingRequests: 2,\n"
	    "    maxRequests: 3, maxRetries: 4, maxRequestsPerEndpoint: 5,\n"
	    "    queuePerEndpoint: 6, queueTimeout: 7s, adaptive: true}\n"
	    "  outlierDetection: {consecutiveFailures: 3, failurePercent: 40,\n"
	    "    baseEjectionTime: 5s, maxEjectionTime: 6s}\n"
	    "  healthCheck: {type: HTTP, path: /live, statusMax: 299}\n"
	    "  retry: {attempts: 2, budgetPercent: 50, budgetMinimum: 1,\n"
	    "    on: [reset, cancelled, deadline-exceeded, internal,\n"
	    "      resource-exhausted, unavailable],\n"
	    "    codes: [429, 500], backoff: 2ms,\n"
	    "    maxBackoff: 3ms, perTryTimeout: 4ms, hedge: true,\n"
	    "    unsafeMethods: true, bodyLimit: 6Ki}\n";

static void
assert_choice(const struct cluster *c)
{
	assert_int_equal(c->lb, LB_RING_HASH);
	assert_int_equal(c->affinity.kind, AFFINITY_COOKIE);
	assert_true(slice_is(c->affinity.name, "User"));
	assert_true(slice_is(c->affinity.path, "/"));
	assert_int_equal(c->affinity.ttl_ms, 3600000);
	assert_true(slice_is(c->affinity.subset_header, "x-version"));
	assert_int_equal(c->balance.ring_max, 9);
	assert_int_equal(c->balance.bounded_percent, 125);
	assert_int_equal(c->balance.ewma_decay_ms, 3000);
	assert_int_equal(c->balance.slow_start_ms, 30000);
	assert_int_equal(c->balance.slow_start_min_percent, 20);
	assert_true(c->balance.slow_start_aggression > 1.49 &&
	    c->balance.slow_start_aggression < 1.51);
	assert_int_equal(c->balance.zone_mode, ZONE_LOCAL);
	assert_int_equal(c->balance.panic_percent, 0);
	assert_int_equal(c->balance.overprovision_percent, 100);
	assert_true(c->balance.is_subset_strict);
	assert_int_equal(cluster_subset(c, SLICE("v1")), 1);
}

static void
assert_bounds(const struct cluster *c)
{
	assert_int_equal(c->connect_timeout_ms, 2000);
	assert_int_equal(c->pool.idle_ms, 3000);
	assert_int_equal(c->pool.requests, 4);
	assert_int_equal(c->pool.age_ms, 5000);
	assert_int_equal(c->response_timeout_ms, 6000);
	assert_int_equal(c->body_idle_ms, 7000);
	assert_int_equal(c->announce, PROXY_V2);
	assert_int_equal(c->upgrades.allow, UPGRADE_ANY);
	assert_int_equal(c->upgrades.idle_ms, 8000);
	assert_int_equal(c->upgrades.max_ms, 9000);
	assert_int_equal(c->tcp.idle_ms, 10000);
	assert_int_equal(c->tcp.max_ms, 11000);
	assert_int_equal(c->limits.conns, 1);
	assert_int_equal(c->limits.pending, 2);
	assert_int_equal(c->limits.requests, 3);
	assert_int_equal(c->limits.retries, 4);
	assert_int_equal(c->limits.endpoint_requests, 5);
	assert_int_equal(c->limits.queue, 6);
	assert_int_equal(c->limits.queue_ms, 7000);
	assert_true(c->limits.is_adaptive);
}

static void
assert_failures(const struct cluster *c)
{
	assert_int_equal(c->outlier.consecutive, 3);
	assert_int_equal(c->outlier.failure_percent, 40);
	assert_int_equal(c->outlier.base_ms, 5000);
	assert_int_equal(c->outlier.max_ms, 6000);
	assert_int_equal(c->health.kind, HEALTH_HTTP);
	assert_true(slice_is(c->health.path, "/live"));
	assert_true(slice_is(c->health.host, "web.shop"));
	assert_int_equal(c->health.status_max, 299);
	assert_int_equal(c->retry.attempts, 2);
	assert_int_equal(c->retry.on, RETRY_RESET);
	assert_int_equal(c->retry.grpc, 1u << 1 | 1u << 4 | 1u << 8 | 1u << 13 |
	    1u << 14);
	assert_true(retry_takes_status(&c->retry, 429, true));
	assert_false(retry_takes_status(&c->retry, 503, true));
	assert_int_equal(c->retry.backoff_ms, 2);
	assert_int_equal(c->retry.max_backoff_ms, 3);
	assert_int_equal(c->retry.try_ms, 4);
	assert_int_equal(c->retry.body_limit, 6144);
	assert_true(c->retry.hedges && c->retry.unsafe);
	assert_int_equal(c->limits.retry_percent, 50);
}

TEST(policy_says_it_all)
{
	struct fixture f;

	start(&f, everything);
	assert_choice(f.c);
	assert_bounds(f.c);
	assert_failures(f.c);
	stop(&f);
}

/* A port's own goes first, then the older; groups come from several. */
TEST(policy_is_the_more_exact_then_the_older)
{
	struct fixture f;

	start(&f, HEAD("a", "2") ALL "  retry: {attempts: 2}\n"
	    "  timeouts: {response: 2s}\n"
	    "---\n" HEAD("b", "1") ALL "  retry: {attempts: 1}\n"
	    "  circuitBreaker: {maxRetries: 9}\n"
	    "---\n" HEAD("c", "3") PORT "  timeouts: {response: 3s}\n"
	    "---\n" HEAD("d", "1")
	    "  targetRefs: [{name: web, sectionName: other}]\n"
	    "  timeouts: {response: 4s}\n");
	assert_int_equal(f.c->retry.attempts, 1);
	assert_int_equal(f.c->response_timeout_ms, 3000);
	assert_int_equal(f.c->limits.retries, 9);
	stop(&f);
}

TEST(policy_priorities_go_by_label)
{
	static const struct {
		const char *key, *value;
		uint32_t    priority;
	} cases[] = {
		{ "tier", "first", 0 }, { "tier", "second", 1 },
		{ "tier", "third", 2 }, { "other", "first", 2 },
	};
	struct fixture f;

	start(&f, HEAD("a", "1") ALL "  locality:\n    priorities:\n"
	    "    - labels: {tier: first}\n    - labels: {tier: second}\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_pair pair = { cases[i].key, cases[i].value };
		struct conf_pairs labels = { &pair, 1 };

		assert_int_equal(policy_priority(&f.spec, &labels),
		    cases[i].priority);
	}
	assert_int_equal(policy_priority(&f.spec, NULL), 2);
	stop(&f);
}

TEST(policy_degrades_by_label)
{
	static const struct {
		const char *value;
		bool        degraded;
	} cases[] = { { "old", true }, { "new", false } };
	struct fixture f;

	start(&f, HEAD("a", "1") ALL "  locality: {degraded: {version: old}}\n");
	for (size_t i = 0; i < 2; i++) {
		struct conf_pair pair = { "version", cases[i].value };
		struct conf_pairs labels = { &pair, 1 };

		assert_int_equal(policy_is_degraded(&f.spec, &labels),
		    cases[i].degraded);
	}
	assert_false(policy_is_degraded(&f.spec, NULL));
	f.spec.locality->degraded.len = 0;
	assert_false(policy_is_degraded(&f.spec,
	    &(struct conf_pairs){ NULL, 0 }));
	stop(&f);
}

/* A budget over time stands beside a policy's retries. */
TEST(policy_reads_backend_traffic_policies)
{
	struct fixture f;

	start(&f, HEAD("a", "1") ALL "  retry: {attempts: 5, budgetPercent: 9}\n"
	    "---\napiVersion: gateway.networking.x-k8s.io/v1alpha1\n"
	    "kind: XBackendTrafficPolicy\n"
	    "metadata: {name: web, namespace: shop}\nspec:\n"
	    "  targetRefs: [{group: '', kind: Service, name: web}]\n"
	    "  retryConstraint:\n"
	    "    budget: {percent: 30, interval: 20s}\n"
	    "    minRetryRate: {count: 4, interval: 2s}\n"
	    "  sessionPersistence: {type: Header, sessionName: X-S,\n"
	    "    idleTimeout: 5s}\n");
	assert_int_equal(f.c->retry.attempts, 5);
	assert_int_equal(f.c->limits.retry_percent, 30);
	assert_int_equal(f.c->limits.retry_interval_ms, 20000);
	assert_int_equal(f.c->limits.rate_retries, 4);
	assert_int_equal(f.c->limits.rate_ms, 2000);
	assert_int_equal(f.c->session.kind, SESSION_HEADER);
	assert_true(slice_is(f.c->session.name, "X-S"));
	assert_int_equal(f.c->session.idle_ms, 5000);
	assert_int_equal(f.c->session.absolute_ms, -1);
	stop(&f);
}

/* Istio's form comes to the same. */
TEST(policy_reads_destination_rules)
{
	struct fixture f;

	start(&f, "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
	    "metadata: {name: web, namespace: shop}\nspec:\n  host: web\n"
	    "  trafficPolicy:\n    loadBalancer: {consistentHash: "
	    "{httpHeaderName: X-User}}\n"
	    "    connectionPool: {tcp: {maxConnectionDuration: 90s}}\n"
	    "    outlierDetection: {consecutive5xxErrors: 3}\n");
	assert_int_equal(f.c->pool.age_ms, 90000);
	assert_int_equal(f.c->tcp.max_ms, 90000);
	assert_int_equal(f.c->tcp.idle_ms, 3600000);
	assert_int_equal(f.c->lb, LB_RING_HASH);
	assert_int_equal(f.c->affinity.kind, AFFINITY_HEADER);
	assert_true(slice_is(f.c->affinity.name, "x-user"));
	assert_int_equal(f.c->outlier.consecutive, 3);
	stop(&f);
}
