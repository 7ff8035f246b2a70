#include <string.h>

#include "base/check.h"
#include "conf/node.h"
#include "model/backend_policy.h"
#include "model/closure.h"
#include "model/destination_rule.h"
#include "model/proxy_protocol.h"
#include "model/traffic_policy.h"
#include "model/tcp_policy.h"
#include "model/upgrades.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const balancers[] = {
	[MODEL_LEAST_REQUEST] = "LeastRequest",
	[MODEL_ROUND_ROBIN] = "RoundRobin",
	[MODEL_RANDOM] = "Random",
	[MODEL_PEAK_EWMA] = "PeakEWMA",
	[MODEL_RING_HASH] = "RingHash",
	[MODEL_MAGLEV] = "Maglev",
	NULL,
};
static const char *const zone_modes[] = { "Any", "Even", "Local", NULL };
static const char *const health_types[] = { "HTTP", "TCP", "GRPC", NULL };
static const char *const retry_words[] = {
	[MODEL_RETRY_CONNECT] = "connect-failure",
	[MODEL_RETRY_REFUSED] = "refused-stream",
	[MODEL_RETRY_RESET_BEFORE] = "reset-before-request",
	[MODEL_RETRY_RESET] = "reset",
	[MODEL_RETRY_GATEWAY_ERROR] = "gateway-error",
	[MODEL_RETRY_5XX] = "5xx",
	[MODEL_RETRY_CANCELLED] = "cancelled",
	[MODEL_RETRY_DEADLINE_EXCEEDED] = "deadline-exceeded",
	[MODEL_RETRY_INTERNAL] = "internal",
	[MODEL_RETRY_RESOURCE_EXHAUSTED] = "resource-exhausted",
	[MODEL_RETRY_UNAVAILABLE] = "unavailable",
	NULL,
};

#define DAY	INT64_C(86400000)

/* A number, or a duration, with limits, default and line. */
#define NUMBER(word, where, low, high, unless_given, line)		\
	{ word, CONF_INT_T, where, .min = low, .max = high,		\
	    .fallback = unless_given, .text = line }
#define DURATION(word, where, low, high, unless_given, line)		\
	{ word, CONF_DURATION_T, where, .min = low, .max = high,	\
	    .fallback = unless_given, .text = line }

/* --- balancing ---------------------------------------------------------------- */

#define COOKIE(member)	CONF_AT(struct model_hash_cookie, member)

static const struct conf_field cookie_fields[] = {
	{ "name", CONF_STRING_T, COOKIE(name), .pattern = CONF_HEADER_NAME,
	    .required = true, .text = "its name" },
	{ "path", CONF_STRING_T, COOKIE(path), .pattern = CONF_URL_PATH,
	    .fallback = "/", .text = "its path, where it is made" },
	DURATION("ttl", COOKIE(ttl_ms), 0, 3650 * DAY, "0s",
	    "its life, where it is made; 0s: the client's session"),
	{ 0 },
};

static const struct conf_schema cookie_schema = { "hash cookie",
	sizeof(struct model_hash_cookie), cookie_fields, NULL };

#define KEY(member)	CONF_AT(struct model_hash_key, member)

static const struct conf_field key_fields[] = {
	{ "header", CONF_STRING_T, KEY(header), .pattern = CONF_HEADER_NAME,
	    .text = "a header's value" },
	{ "query", CONF_STRING_T, KEY(query), .min = 1, .max = 256,
	    .text = "a query parameter's value" },
	{ "sourceAddress", CONF_BOOL_T, KEY(source_address),
	    .text = "the caller's address" },
	{ "cookie", CONF_POINTER_T, KEY(cookie), .schema = &cookie_schema,
	    .text = "a cookie's value; without one it is made" },
	{ 0 },
};

static const struct conf_schema key_schema = { "hash key",
	sizeof(struct model_hash_key), key_fields, NULL };

static int
key_rule(const void *value, const struct conf_place *at)
{
	const struct model_hash_key *k = value;
	int n = (k->header != NULL) + (k->query != NULL) + k->source_address +
	    (k->cookie != NULL);

	return n == 1 ? 0 : conf_fail(at, ": expected one of header, query, "
	    "sourceAddress, cookie, found %d", n);
}

#define WARMUP(member)	CONF_AT(struct model_warmup, member)

static const struct conf_field warmup_fields[] = {
	{ "duration", CONF_DURATION_T, WARMUP(duration_ms), .min = 1, .max = DAY,
	    .required = true, .text = "until it gets its whole share" },
	NUMBER("minimumPercent", WARMUP(minimum_percent), 1, 100, "10",
	    "of its share, at first"),
	NUMBER("aggressionPercent", WARMUP(aggression_percent), 1, 10000, "100",
	    "100: the share grows evenly; more: faster at first"),
	{ 0 },
};

const struct conf_schema model_warmup_schema = { "warmup",
	sizeof(struct model_warmup), warmup_fields, NULL };

#define LB(member)	CONF_AT(struct model_load_balancer, member)

static const struct conf_field balancer_fields[] = {
	{ "type", CONF_ENUM_T, LB(type), .words = balancers,
	    .fallback = "PeakEWMA", .text = "how an endpoint is chosen" },
	{ "hash", CONF_POINTER_T, LB(key), .schema = &key_schema, .rule = key_rule,
	    .text = "of RingHash and Maglev: what requests of one endpoint have in "
	    "common" },
	NUMBER("minimumRingSize", LB(ring_min), 1, 8388608, "1024",
	    "points of a ring, at least"),
	NUMBER("maximumRingSize", LB(ring_max), 1, 8388608, "8388608",
	    "points of a ring, at most"),
	NUMBER("tableSize", LB(table_size), 2, 5000011, "65537",
	    "places of Maglev's table, a prime"),
	NUMBER("boundedLoadPercent", LB(bounded_percent), 0, 10000, "0",
	    "of the mean load, above which a hash goes to another; 0: never"),
	DURATION("decay", LB(decay_ms), 1, DAY, "10s",
	    "after which a latency counts little for PeakEWMA"),
	{ "warmup", CONF_POINTER_T, LB(warmup), .schema = &model_warmup_schema,
	    .text = "new endpoints get less at first" },
	{ 0 },
};

const struct conf_schema model_load_balancer_schema = { "load balancer",
	sizeof(struct model_load_balancer), balancer_fields, NULL };

static bool
is_prime(int64_t n)
{
	for (int64_t i = 2; i * i <= n; i++)
		if (n % i == 0)
			return false;
	return n > 1;
}

static int
balancer_rule(const void *value, const struct conf_place *at)
{
	const struct model_load_balancer *b = value;
	bool is_hash = b->type == MODEL_RING_HASH || b->type == MODEL_MAGLEV;

	if (is_hash && b->key == NULL)
		return conf_fail(at, ": the required field \"hash\" is missing, which "
		    "%s needs", balancers[b->type]);
	if (!is_hash && b->key != NULL)
		return conf_fail(at, "hash: expected none, as %s does not hash",
		    balancers[b->type]);
	if (b->ring_min > b->ring_max)
		return conf_fail(at, "minimumRingSize: expected at most "
		    "maximumRingSize, %lld, found %lld", (long long)b->ring_max,
		    (long long)b->ring_min);
	if (!is_prime(b->table_size))
		return conf_fail(at, "tableSize: expected a prime, found %lld",
		    (long long)b->table_size);
	if (b->bounded_percent > 0 && b->bounded_percent < 101)
		return conf_fail(at, "boundedLoadPercent: expected 0 or more than "
		    "100, found %lld", (long long)b->bounded_percent);
	return 0;
}

#define LOCALITY(member)	CONF_AT(struct model_locality, member)

static const struct conf_field priority_fields[] = {
	{ "labels", CONF_PAIRS_T, CONF_AT(struct model_priority, labels),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .required = true, .text = "workloads with all of these" },
	{ 0 },
};

static const struct conf_schema priority_schema = { "priority",
	sizeof(struct model_priority), priority_fields, NULL };

static const struct conf_field locality_fields[] = {
	{ "zones", CONF_ENUM_T, LOCALITY(zones), .words = zone_modes,
	    .fallback = "Any",
	    .text = "Even: the caller's zone, as long as all endpoints get the same; "
	    "Local: as long as enough of it is available" },
	NUMBER("zoneMinimum", LOCALITY(zone_minimum), 1, 100000, "6",
	    "endpoints below which Even does not apply"),
	NUMBER("panicPercent", LOCALITY(panic_percent), 0, 100, "50",
	    "available endpoints below which health is ignored; 0: never"),
	NUMBER("overprovisioningPercent", LOCALITY(overprovisioning_percent), 100,
	    1000, "140", "so much can the healthy take over"),
	{ "priorities", CONF_STRUCT_T, CONF_LIST_AT(struct model_locality, priorities),
	    .schema = &priority_schema, .max_items = 16,
	    .text = "who is used first; who matches none comes last" },
	{ "degraded", CONF_PAIRS_T, LOCALITY(degraded),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .text = "workloads with all of these are used only when the others do "
	    "not suffice" },
	{ 0 },
};

const struct conf_schema model_locality_schema = { "locality",
	sizeof(struct model_locality), locality_fields, NULL };

static const struct conf_field subset_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_subset, name),
	    .pattern = CONF_LABEL, .required = true, .text = "unique in the policy" },
	{ "labels", CONF_PAIRS_T, CONF_AT(struct model_subset, labels),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .required = true, .text = "workloads with all of these" },
	{ 0 },
};

static const struct conf_schema subset_schema = { "subset",
	sizeof(struct model_subset), subset_fields, NULL };

/* --- connections, limits ------------------------------------------------------ */

static const struct conf_field timeout_fields[] = {
	DURATION("response", CONF_AT(struct model_timeouts, response_ms), 0, DAY,
	    "15s", "from the end of a request to the reply's head; 0s: none"),
	DURATION("idle", CONF_AT(struct model_timeouts, idle_ms), 0, DAY, "1m",
	    "without a byte of a body; 0s: none"),
	{ 0 },
};

static const struct conf_schema timeout_schema = { "timeouts",
	sizeof(struct model_timeouts), timeout_fields, NULL };

static const struct conf_field datagram_fields[] = {
	{ "perPacket", CONF_BOOL_T,
	    CONF_AT(struct model_datagram_policy, per_packet),
	    .text = "whether each is balanced by itself, not each session" },
	{ 0 },
};

static const struct conf_schema datagram_schema = { "datagrams",
	sizeof(struct model_datagram_policy), datagram_fields, NULL };

#define BREAKER(member)	CONF_AT(struct model_breaker, member)

static const struct conf_field breaker_fields[] = {
	NUMBER("maxConnections", BREAKER(connections), 1, INT32_MAX, "1024",
	    "connections to the service"),
	NUMBER("maxPendingRequests", BREAKER(pending), 0, INT32_MAX, "1024",
	    "requests that wait for a connection"),
	NUMBER("maxRequests", BREAKER(requests), 1, INT32_MAX, "1024",
	    "requests under way"),
	NUMBER("maxRetries", BREAKER(retries), 0, INT32_MAX, "3",
	    "retries under way, or more if the retry budget allows"),
	NUMBER("maxRequestsPerEndpoint", BREAKER(endpoint_requests), 0, INT32_MAX,
	    "0", "requests under way to one endpoint; 0: no limit"),
	NUMBER("queuePerEndpoint", BREAKER(queue), 0, INT32_MAX, "0",
	    "requests that wait for their turn at one endpoint"),
	DURATION("queueTimeout", BREAKER(queue_ms), 1, 3600000, "1s",
	    "the longest wait there"),
	{ "adaptive", CONF_BOOL_T, BREAKER(adaptive),
	    .text = "whether the limit of an endpoint follows its latency" },
	{ 0 },
};

const struct conf_schema model_breaker_schema = { "circuit breaker",
	sizeof(struct model_breaker), breaker_fields, NULL };

/* --- health ------------------------------------------------------------------- */

#define OUTLIER(member)	CONF_AT(struct model_outlier, member)

static const struct conf_field outlier_fields[] = {
	NUMBER("consecutiveFailures", OUTLIER(consecutive), 0, INT32_MAX, "7",
	    "failures in a row that eject an endpoint; 0: off"),
	DURATION("baseEjectionTime", OUTLIER(base_ms), 1, DAY, "1s",
	    "the first ejection; each one after lasts twice as long"),
	DURATION("maxEjectionTime", OUTLIER(max_ms), 1, DAY, "1m",
	    "the longest ejection"),
	NUMBER("jitterPercent", OUTLIER(jitter_percent), 0, 100, "50",
	    "so much longer at most, by chance"),
	NUMBER("maxEjectionPercent", OUTLIER(max_ejected_percent), 0, 100, "10",
	    "of the endpoints that may be out; one always may"),
	DURATION("interval", OUTLIER(interval_ms), 1, DAY, "10s",
	    "between looks at shares"),
	NUMBER("minimumEndpoints", OUTLIER(min_endpoints), 1, INT32_MAX, "5",
	    "so many must have enough requests for a look at shares"),
	NUMBER("minimumRequests", OUTLIER(min_requests), 1, INT32_MAX, "100",
	    "in an interval, to be looked at"),
	NUMBER("successRateStdev", OUTLIER(stdev_permille), 0, 100000, "1900",
	    "thousandths of the standard deviation by which success may lie below "
	    "the mean; 0: off"),
	NUMBER("failurePercent", OUTLIER(failure_percent), 0, 100, "0",
	    "more failures than that eject; 0: off"),
	{ 0 },
};

const struct conf_schema model_outlier_schema = { "outlier detection",
	sizeof(struct model_outlier), outlier_fields, NULL };

static int
outlier_rule(const void *value, const struct conf_place *at)
{
	const struct model_outlier *o = value;

	return o->base_ms <= o->max_ms ? 0 : conf_fail(at, "maxEjectionTime: "
	    "expected at least baseEjectionTime, %lldms, found %lldms",
	    (long long)o->base_ms, (long long)o->max_ms);
}

#define HEALTH(member)	CONF_AT(struct model_health_check, member)

static const struct conf_field health_fields[] = {
	{ "type", CONF_ENUM_T, HEALTH(type), .words = health_types,
	    .required = true, .text = "how is asked" },
	{ "path", CONF_STRING_T, HEALTH(path), .pattern = CONF_URL_PATH,
	    .fallback = "/", .text = "of HTTP: what is asked for" },
	{ "host", CONF_STRING_T, HEALTH(host), .pattern = CONF_HOST,
	    .text = "of HTTP and GRPC: the Host; default: the service's name" },
	{ "service", CONF_STRING_T, HEALTH(service), .max = 256, .fallback = "",
	    .text = "of GRPC: which service is asked about; default: the whole "
	    "server" },
	NUMBER("statusMin", HEALTH(status_min), 100, 599, "200",
	    "the least status that is healthy"),
	NUMBER("statusMax", HEALTH(status_max), 100, 599, "399",
	    "the greatest status that is healthy"),
	DURATION("interval", HEALTH(interval_ms), 1, DAY, "10s", "between questions"),
	DURATION("timeout", HEALTH(timeout_ms), 1, 3600000, "1s", "for an answer"),
	DURATION("edgeInterval", HEALTH(edge_ms), 1, DAY, "1s",
	    "between questions while the answers change"),
	DURATION("unhealthyInterval", HEALTH(unhealthy_ms), 1, DAY, "10s",
	    "between questions to one that is unhealthy"),
	NUMBER("jitterPercent", HEALTH(jitter_percent), 0, 100, "10",
	    "of each interval, by chance"),
	NUMBER("healthyThreshold", HEALTH(healthy), 1, 1000, "2",
	    "good answers in a row that make it healthy; at first one"),
	NUMBER("unhealthyThreshold", HEALTH(unhealthy), 1, 1000, "3",
	    "bad answers in a row that make it unhealthy"),
	{ "startsUnhealthy", CONF_BOOL_T, HEALTH(starts_unhealthy),
	    .text = "whether it is used only after the first good answer" },
	{ 0 },
};

static const struct conf_schema health_schema = { "health check",
	sizeof(struct model_health_check), health_fields, NULL };

static int
health_rule(const void *value, const struct conf_place *at)
{
	const struct model_health_check *h = value;

	return h->status_min <= h->status_max ? 0 : conf_fail(at, "statusMax: "
	    "expected at least statusMin, %lld, found %lld",
	    (long long)h->status_min, (long long)h->status_max);
}

/* --- retries ------------------------------------------------------------------ */

#define RETRY(member)	CONF_AT(struct model_retry_policy, member)

static const struct conf_field retry_fields[] = {
	NUMBER("attempts", RETRY(attempts), 0, 100, "1",
	    "how many times is tried again"),
	{ "on", CONF_ENUM_T, CONF_LIST_AT(struct model_retry_policy, on),
	    .words = retry_words, .max_items = MODEL_RETRY_WORDS,
	    .text = "after what; default: connect-failure, refused-stream and "
	    "reset-before-request" },
	{ "codes", CONF_INT_T, CONF_LIST_AT(struct model_retry_policy, codes),
	    .min = 400, .max = 599, .max_items = 200,
	    .text = "statuses after which as well" },
	DURATION("backoff", RETRY(backoff_ms), 0, DAY, "25ms",
	    "the first wait; each later one may be twice as long, by chance"),
	DURATION("maxBackoff", RETRY(max_backoff_ms), 0, DAY, "250ms",
	    "the longest wait"),
	DURATION("perTryTimeout", RETRY(per_try_ms), 0, DAY, "0s",
	    "for each try, which is replaced then; 0s: none"),
	{ "hedge", CONF_BOOL_T, RETRY(hedge),
	    .text = "whether a try beyond perTryTimeout goes on beside the next; the "
	    "first answer counts" },
	{ "unsafeMethods", CONF_BOOL_T, RETRY(unsafe_methods),
	    .text = "whether POST and PATCH are sent again though a backend may have "
	    "acted on them" },
	{ "bodyLimit", CONF_BYTES_T, RETRY(body_limit), .min = 0, .max = 16777216,
	    .fallback = "64Ki", .text = "the longest body that is kept for another "
	    "try" },
	NUMBER("budgetPercent", RETRY(budget_percent), 0, 100, "20",
	    "retries under way, of the requests under way"),
	NUMBER("budgetMinimum", RETRY(budget_min), 0, INT32_MAX, "3",
	    "retries under way that are always allowed"),
	{ 0 },
};

const struct conf_schema model_retry_policy_schema = { "retries",
	sizeof(struct model_retry_policy), retry_fields, NULL };

static int
retry_rule(const void *value, const struct conf_place *at)
{
	const struct model_retry_policy *r = value;

	if (r->backoff_ms > r->max_backoff_ms)
		return conf_fail(at, "maxBackoff: expected at least backoff, %lldms, "
		    "found %lldms", (long long)r->backoff_ms,
		    (long long)r->max_backoff_ms);
	if (r->hedge && r->per_try_ms == 0)
		return conf_fail(at, ": the required field \"perTryTimeout\" is "
		    "missing, which hedge needs");
	return 0;
}

/* --- the policy --------------------------------------------------------------- */

struct backend_policy {
	struct model_head                head;
	struct model_backend_policy_spec spec;
};

#define SPEC(member)	CONF_AT(struct model_backend_policy_spec, member)

static const struct conf_field spec_fields[] = {
	{ "targetRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_backend_policy_spec, targets),
	    .schema = &model_target_ref_schema, .required = true, .min_items = 1,
	    .max_items = 16, .text = "the services that it is about" },
	{ "loadBalancer", CONF_POINTER_T, SPEC(balancer),
	    .schema = &model_load_balancer_schema, .rule = balancer_rule,
	    .text = "how an endpoint is chosen" },
	{ "locality", CONF_POINTER_T, SPEC(locality),
	    .schema = &model_locality_schema,
	    .text = "which endpoints are used first" },
	{ "subsets", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_backend_policy_spec, subsets),
	    .schema = &subset_schema, .max_items = 64,
	    .text = "parts of the service's endpoints, by label" },
	{ "subsetHeader", CONF_STRING_T, SPEC(subset_header),
	    .pattern = CONF_HEADER_NAME,
	    .text = "request header that names the subset to use" },
	{ "subsetsStrict", CONF_BOOL_T, SPEC(subsets_strict),
	    .text = "whether an empty subset gets 503 instead of all endpoints" },
	{ "connectionPool", CONF_POINTER_T, SPEC(pool),
	    .schema = &model_pool_schema, .text = "connections to endpoints" },
	{ "timeouts", CONF_POINTER_T, SPEC(timeouts), .schema = &timeout_schema,
	    .text = "how long a reply may take, unless a route says it" },
	{ "upgrades", CONF_POINTER_T, SPEC(upgrades),
	    .schema = &model_upgrades_schema,
	    .text = "requests that become tunnels, such as WebSocket" },
	{ "tcp", CONF_POINTER_T, SPEC(tcp), .schema = &model_tcp_policy_schema,
	    .text = "connections to ports that carry bytes" },
	{ "datagrams", CONF_POINTER_T, SPEC(datagrams),
	    .schema = &datagram_schema, .text = "ports of UDP" },
	{ "circuitBreaker", CONF_POINTER_T, SPEC(breaker),
	    .schema = &model_breaker_schema,
	    .text = "what callers of one proxy may have under way" },
	{ "outlierDetection", CONF_POINTER_T, SPEC(outlier),
	    .schema = &model_outlier_schema, .rule = outlier_rule,
	    .text = "when an endpoint that answers badly is left alone" },
	{ "healthCheck", CONF_POINTER_T, SPEC(health), .schema = &health_schema,
	    .rule = health_rule, .text = "asks endpoints whether they are "
	    "well; to say so ends no ejection" },
	{ "retry", CONF_POINTER_T, SPEC(retry),
	    .schema = &model_retry_policy_schema, .rule = retry_rule,
	    .text = "when is tried again, unless a route says it" },
	{ "proxyProtocol", CONF_ENUM_T, SPEC(proxy_protocol),
	    .words = model_proxy_protocols, .fallback = "none",
	    .text = "says to endpoints without a proxy for whom a connection is" },
	{ "sessionPersistence", CONF_POINTER_T, SPEC(persistence),
	    .schema = &model_persistence_schema, .rule = model_persistence_rule,
	    .text = "keeps a session with one endpoint, unless a route says it" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "BackendPolicy spec",
	sizeof(struct model_backend_policy_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_backend_policy_spec *s = value;

	for (size_t i = 0; i < s->subsets_len; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(s->subsets[i].name, s->subsets[j].name) == 0)
				return conf_fail(at, "subsets[%zu].name: the name %s "
				    "stands twice, expected each once", i,
				    s->subsets[i].name);
	if (s->subset_header != NULL && s->subsets_len == 0)
		return conf_fail(at, "subsetHeader: expected subsets beside it, found "
		    "none");
	return 0;
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct backend_policy, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "BackendPolicy",
	sizeof(struct backend_policy), fields, NULL };

void *
model_group_new(struct arena *a, const struct conf_schema *s)
{
	void *group = arena_alloc(a, s->size);
	struct err err = ERR_INIT;

	check(conf_decode(conf_map_new(a), s, a, group, &err) == 0);
	return group;
}

const struct model_backend_policy_spec *
model_backend_policy(const struct model_object *o)
{
	if (o->kind == &model_destination_rule_kind)
		return model_destination_rule_policy(o);
	if (o->kind == &model_traffic_policy_kind)
		return model_traffic_policy_spec(o);
	if (o->kind != &model_backend_policy_kind)
		return NULL;
	return &((const struct backend_policy *)(const void *)o->head)->spec;
}

bool
model_backend_policy_is_for(const struct model_object *o, const char *namespace,
    const char *service, const char *port_name)
{
	const struct model_backend_policy_spec *s = model_backend_policy(o);

	if (s == NULL || strcmp(o->head->meta.namespace, namespace) != 0)
		return false;
	for (size_t i = 0; i < s->targets_len; i++) {
		const struct model_target_ref *t = &s->targets[i];

		if (model_ref_is(t->group, t->kind, "", "Service") &&
		    strcmp(t->name, service) == 0 && (t->section == NULL ||
		    (port_name != NULL && strcmp(t->section, port_name) == 0)))
			return true;
	}
	return false;
}

/* Of what is one of the three kinds. */
static const struct model_backend_policy_spec *
need(const struct model_object *o)
{
	const struct model_backend_policy_spec *s = model_backend_policy(o);

	check(s != NULL);
	return s;
}

static void
print_targets(struct str *out, const struct model_object *o)
{
	const struct model_backend_policy_spec *s = need(o);

	model_print_targets(out, s->targets, s->targets_len);
}

static void
print_balancer(struct str *out, const struct model_object *o)
{
	const struct model_backend_policy_spec *s = need(o);

	str_add(out, s->balancer == NULL ? "-" : balancers[s->balancer->type]);
}

const struct model_column model_backend_policy_columns[] = {
	{ "TARGETS", print_targets, false },
	{ "BALANCER", print_balancer, true },
	{ NULL, NULL, false },
};

bool
model_backend_policy_concerns(const struct model_subject *subject,
    const struct model_object *o)
{
	const struct model_backend_policy_spec *s = need(o);

	return model_subject_targets(subject, o, s->targets, s->targets_len);
}

const struct model_kind model_backend_policy_kind = {
	.kind = "BackendPolicy", .plural = "backendpolicies", .short_name = "bp",
	.group = "mesh", .versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_backend_policy_columns,
	.concerns = model_backend_policy_concerns,
	.text = "how callers treat a service's backends: balancing, limits, health, "
	    "retries",
};
