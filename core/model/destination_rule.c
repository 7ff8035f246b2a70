#include <string.h>

#include "base/slice.h"
#include "model/destination_rule.h"
#include "model/proxy_protocol.h"
#include "model/tcp_policy.h"

#define DAY	INT64_C(86400000)

enum simple { LEAST_REQUEST, LEAST_CONN, ROUND_ROBIN, RANDOM, UNSPECIFIED };
static const char *const simples[] = { "LEAST_REQUEST", "LEAST_CONN",
	"ROUND_ROBIN", "RANDOM", "UNSPECIFIED", NULL };
static const char *const proxy_versions[] = { "V1", "V2", NULL };
static const char *const tls_modes[] = { "ISTIO_MUTUAL", NULL };
static const char *const versions[] = { "networking.istio.io/v1",
	"networking.istio.io/v1beta1", "networking.istio.io/v1alpha3", NULL };

struct hash_cookie {
	const char *name, *path;
	int64_t     ttl_ms;
};

struct hash {
	const char         *header, *query;
	bool                source_ip;
	struct hash_cookie *cookie;
	struct ring {
		int64_t minimum;
	} *ring;
	struct maglev {
		int64_t size;
	} *maglev;
	int64_t             minimum;	/* the older form of ring */
};

struct warmup {
	int64_t duration_ms, minimum_percent;
};

struct balancer {
	int            simple;
	struct hash   *hash;
	struct warmup *warmup;
	int64_t        warmup_ms;	/* the older form; 0: not given */
};

struct pool {
	struct tcp {
		int64_t connections, connect_ms, max_age_ms, idle_ms;
	} tcp;
	struct http {
		int64_t pending, requests, per_connection, retries, idle_ms;
		int64_t streams;
		int     upgrade;
		struct model_keep_alive *keep_alive;
	} http;
};

struct outlier {
	int64_t consecutive, interval_ms, base_ms, max_percent;
};

struct policy {
	struct balancer *balancer;
	struct pool     *pool;
	struct outlier  *outlier;
	struct tls {
		const char *mode;
	} *tls;
	struct announce {
		int version;	/* enum model_proxy_protocol, less one */
	} *announce;
};

struct destination_rule {
	struct model_head head;
	struct rule_spec {
		const char             *host;
		struct policy          *policy;
		struct model_subset    *subsets;
		size_t                  subsets_len;
		const struct conf_node *other;
	} spec;
	struct model_backend_policy_spec result;
};

/* --- what it may say ---------------------------------------------------------- */

static const struct conf_field cookie_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct hash_cookie, name),
	    .pattern = CONF_HEADER_NAME, .required = true, .text = "its name" },
	{ "path", CONF_STRING_T, CONF_AT(struct hash_cookie, path),
	    .pattern = CONF_URL_PATH, .fallback = "/",
	    .text = "its path, where it is made" },
	{ "ttl", CONF_DURATION_T, CONF_AT(struct hash_cookie, ttl_ms),
	    .text = "its life, where it is made" },
	{ 0 },
};
static const struct conf_schema cookie_schema = { "hash cookie",
	sizeof(struct hash_cookie), cookie_fields, NULL };

static const struct conf_field ring_fields[] = {
	{ "minimumRingSize", CONF_INT_T, CONF_AT(struct ring, minimum), .min = 1,
	    .max = 8388608, .fallback = "1024", .text = "points of the ring" },
	{ 0 },
};
static const struct conf_schema ring_schema = { "ring", sizeof(struct ring),
	ring_fields, NULL };

static const struct conf_field maglev_fields[] = {
	{ "tableSize", CONF_INT_T, CONF_AT(struct maglev, size), .min = 2,
	    .max = 5000011, .fallback = "65537", .text = "places of the table" },
	{ 0 },
};
static const struct conf_schema maglev_schema = { "maglev", sizeof(struct maglev),
	maglev_fields, NULL };

static const struct conf_field hash_fields[] = {
	{ "httpHeaderName", CONF_STRING_T, CONF_AT(struct hash, header),
	    .pattern = CONF_HEADER_NAME, .text = "hash of a header" },
	{ "httpQueryParameterName", CONF_STRING_T, CONF_AT(struct hash, query),
	    .min = 1, .max = 256, .text = "hash of a query parameter" },
	{ "useSourceIp", CONF_BOOL_T, CONF_AT(struct hash, source_ip),
	    .text = "hash of the caller's address" },
	{ "httpCookie", CONF_POINTER_T, CONF_AT(struct hash, cookie),
	    .schema = &cookie_schema, .text = "hash of a cookie" },
	{ "ringHash", CONF_POINTER_T, CONF_AT(struct hash, ring),
	    .schema = &ring_schema, .text = "by a ring; the default" },
	{ "maglev", CONF_POINTER_T, CONF_AT(struct hash, maglev),
	    .schema = &maglev_schema, .text = "by Maglev's table" },
	{ "minimumRingSize", CONF_INT_T, CONF_AT(struct hash, minimum), .min = 1,
	    .max = 8388608, .absent = -1, .text = "older name of "
	    "ringHash.minimumRingSize" },
	{ 0 },
};
static const struct conf_schema hash_schema = { "consistent hash",
	sizeof(struct hash), hash_fields, NULL };

static int
hash_rule(const void *value, const struct conf_place *at)
{
	const struct hash *h = value;
	int n = (h->header != NULL) + (h->query != NULL) + h->source_ip +
	    (h->cookie != NULL);

	return n == 1 ? 0 : conf_fail(at, ": expected one of httpHeaderName, "
	    "httpQueryParameterName, useSourceIp, httpCookie, found %d", n);
}

static const struct conf_field warmup_fields[] = {
	{ "duration", CONF_DURATION_T, CONF_AT(struct warmup, duration_ms), .min = 1,
	    .max = DAY, .required = true, .text = "until it gets its whole share" },
	{ "minimumPercent", CONF_INT_T, CONF_AT(struct warmup, minimum_percent),
	    .min = 1, .max = 100, .fallback = "10", .text = "of its share, at first" },
	{ 0 },
};
static const struct conf_schema warmup_schema = { "warmup", sizeof(struct warmup),
	warmup_fields, NULL };

static const struct conf_field balancer_fields[] = {
	{ "simple", CONF_ENUM_T, CONF_AT(struct balancer, simple), .words = simples,
	    .fallback = "UNSPECIFIED", .text = "how an endpoint is chosen" },
	{ "consistentHash", CONF_POINTER_T, CONF_AT(struct balancer, hash),
	    .schema = &hash_schema, .rule = hash_rule,
	    .text = "requests with the same go to the same endpoint" },
	{ "warmup", CONF_POINTER_T, CONF_AT(struct balancer, warmup),
	    .schema = &warmup_schema, .text = "new endpoints get less at first" },
	{ "warmupDurationSecs", CONF_DURATION_T, CONF_AT(struct balancer, warmup_ms),
	    .text = "older name of warmup.duration" },
	{ 0 },
};
static const struct conf_schema balancer_schema = { "load balancer",
	sizeof(struct balancer), balancer_fields, NULL };

#define LIMIT(word, type, member, line)					\
	{ word, CONF_INT_T, CONF_AT(struct type, member), .min = 1,	\
	    .max = INT32_MAX, .absent = -1, .text = line }
#define AFTER(word, type, member, line)					\
	{ word, CONF_DURATION_T, CONF_AT(struct type, member), .min = 1,	\
	    .max = 365 * DAY, .absent = -1, .text = line }

static const struct conf_field tcp_fields[] = {
	LIMIT("maxConnections", tcp, connections, "connections to the service"),
	AFTER("connectTimeout", tcp, connect_ms, "to reach one endpoint"),
	AFTER("maxConnectionDuration", tcp, max_age_ms,
	    "after which a connection ends, or takes no more requests"),
	AFTER("idleTimeout", tcp, idle_ms, "after which an idle one is closed"),
	{ 0 },
};
static const struct conf_schema tcp_schema = { "TCP pool", sizeof(struct tcp),
	tcp_fields, NULL };

static const struct conf_field http_fields[] = {
	LIMIT("http1MaxPendingRequests", http, pending,
	    "requests that wait for a connection"),
	LIMIT("http2MaxRequests", http, requests, "requests under way"),
	LIMIT("maxRequestsPerConnection", http, per_connection,
	    "after which a connection is closed"),
	LIMIT("maxRetries", http, retries, "retries under way"),
	AFTER("idleTimeout", http, idle_ms, "after which an idle one is closed"),
	{ "maxConcurrentStreams", CONF_INT_T, CONF_AT(struct http, streams),
	    .min = 1, .max = 100000, .absent = -1,
	    .text = "streams of a connection of HTTP/2 at a time" },
	{ "h2UpgradePolicy", CONF_ENUM_T, CONF_AT(struct http, upgrade),
	    .words = model_h2_upgrades, .fallback = "DEFAULT",
	    .text = "whether requests of HTTP/1 go to other sidecars over HTTP/2" },
	{ "http2KeepAlive", CONF_POINTER_T, CONF_AT(struct http, keep_alive),
	    .schema = &model_keep_alive_schema,
	    .text = "asks a silent endpoint whether it is there" },
	{ 0 },
};
static const struct conf_schema http_schema = { "HTTP pool", sizeof(struct http),
	http_fields, NULL };

static const struct conf_field pool_fields[] = {
	{ "tcp", CONF_STRUCT_T, CONF_AT(struct pool, tcp), .schema = &tcp_schema,
	    .text = "connections" },
	{ "http", CONF_STRUCT_T, CONF_AT(struct pool, http), .schema = &http_schema,
	    .text = "requests" },
	{ 0 },
};
static const struct conf_schema pool_schema = { "connection pool",
	sizeof(struct pool), pool_fields, NULL };

static const struct conf_field outlier_fields[] = {
	{ "consecutive5xxErrors", CONF_INT_T, CONF_AT(struct outlier, consecutive),
	    .min = 0, .max = INT32_MAX, .fallback = "5",
	    .text = "failures in a row that eject an endpoint; 0: off" },
	{ "interval", CONF_DURATION_T, CONF_AT(struct outlier, interval_ms),
	    .min = 1, .max = DAY, .fallback = "10s", .text = "between looks at shares" },
	{ "baseEjectionTime", CONF_DURATION_T, CONF_AT(struct outlier, base_ms),
	    .min = 1, .max = DAY, .fallback = "30s", .text = "the first ejection" },
	{ "maxEjectionPercent", CONF_INT_T, CONF_AT(struct outlier, max_percent),
	    .min = 0, .max = 100, .fallback = "10",
	    .text = "of the endpoints that may be out" },
	{ 0 },
};
static const struct conf_schema outlier_schema = { "outlier detection",
	sizeof(struct outlier), outlier_fields, NULL };

static const struct conf_field tls_fields[] = {
	{ "mode", CONF_WORD_T, CONF_AT(struct tls, mode), .words = tls_modes,
	    .required = true, .text = "mutual TLS of sidecars, which always is; for "
	    "others see BackendTLSPolicy" },
	{ 0 },
};
static const struct conf_schema tls_schema = { "TLS", sizeof(struct tls),
	tls_fields, NULL };

static const struct conf_field announce_fields[] = {
	{ "version", CONF_ENUM_T, CONF_AT(struct announce, version),
	    .words = proxy_versions, .fallback = "V1", .text = "of the header" },
	{ 0 },
};
static const struct conf_schema announce_schema = { "PROXY protocol",
	sizeof(struct announce), announce_fields, NULL };

static const struct conf_field policy_fields[] = {
	{ "loadBalancer", CONF_POINTER_T, CONF_AT(struct policy, balancer),
	    .schema = &balancer_schema, .text = "how an endpoint is chosen" },
	{ "connectionPool", CONF_POINTER_T, CONF_AT(struct policy, pool),
	    .schema = &pool_schema, .text = "connections and limits" },
	{ "outlierDetection", CONF_POINTER_T, CONF_AT(struct policy, outlier),
	    .schema = &outlier_schema,
	    .text = "when an endpoint that answers badly is left alone" },
	{ "tls", CONF_POINTER_T, CONF_AT(struct policy, tls), .schema = &tls_schema,
	    .text = "how backends are called" },
	{ "proxyProtocol", CONF_POINTER_T, CONF_AT(struct policy, announce),
	    .schema = &announce_schema,
	    .text = "says to endpoints without a proxy for whom a connection is" },
	{ 0 },
};
static const struct conf_schema policy_schema = { "traffic policy",
	sizeof(struct policy), policy_fields, NULL };

static const struct conf_field subset_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_subset, name),
	    .pattern = CONF_LABEL, .required = true, .text = "its name" },
	{ "labels", CONF_PAIRS_T, CONF_AT(struct model_subset, labels),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .required = true, .text = "workloads with all of these" },
	{ 0 },
};
static const struct conf_schema subset_schema = { "subset",
	sizeof(struct model_subset), subset_fields, NULL };

static const struct conf_field spec_fields[] = {
	{ "host", CONF_STRING_T, CONF_AT(struct rule_spec, host), .required = true,
	    .pattern = CONF_PRECISE_HOSTNAME,
	    .text = "a service of its own namespace: NAME, NAME.NAMESPACE, or that "
	    "with .svc, .svc.cluster.local or .mesh" },
	{ "trafficPolicy", CONF_POINTER_T, CONF_AT(struct rule_spec, policy),
	    .schema = &policy_schema, .text = "how its backends are treated" },
	{ "subsets", CONF_STRUCT_T, CONF_LIST_AT(struct rule_spec, subsets),
	    .schema = &subset_schema, .max_items = 64,
	    .text = "parts of its endpoints, by label" },
	{ "exportTo", CONF_ANY_T, CONF_AT(struct rule_spec, other),
	    .text = "accepted, not used" },
	{ 0 },
};
static const struct conf_schema spec_schema = { "DestinationRule spec",
	sizeof(struct rule_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct destination_rule, spec),
	    .schema = &spec_schema, .required = true, .text = "what is wanted" },
	{ 0 },
};
static const struct conf_schema schema = { "DestinationRule",
	sizeof(struct destination_rule), fields, NULL };

/* --- what it comes to --------------------------------------------------------- */

static void
put(int64_t *out, int64_t value)
{
	if (value >= 0)
		*out = value;
}

static void
put_hash(struct model_load_balancer *b, const struct hash *h, struct arena *a)
{
	b->type = h->maglev != NULL ? MODEL_MAGLEV : MODEL_RING_HASH;
	b->key = arena_zalloc(a, sizeof(*b->key));
	*b->key = (struct model_hash_key){ .header = h->header, .query = h->query,
	    .source_address = h->source_ip };
	if (h->cookie != NULL) {
		b->key->cookie = arena_zalloc(a, sizeof(*b->key->cookie));
		*b->key->cookie = (struct model_hash_cookie){ h->cookie->name,
		    h->cookie->path, h->cookie->ttl_ms };
	}
	put(&b->ring_min, h->ring != NULL ? h->ring->minimum : h->minimum);
	if (h->maglev != NULL)
		b->table_size = h->maglev->size;
}

static void
put_warmup(struct model_load_balancer *b, const struct balancer *from,
    struct arena *a)
{
	if (from->warmup == NULL && from->warmup_ms == 0)
		return;
	b->warmup = arena_zalloc(a, sizeof(*b->warmup));
	*b->warmup = (struct model_warmup){ from->warmup_ms, 10, 100 };
	if (from->warmup != NULL)
		*b->warmup = (struct model_warmup){ from->warmup->duration_ms,
		    from->warmup->minimum_percent, 100 };
}

static struct model_load_balancer *
balancer_of(const struct balancer *from, struct arena *a)
{
	static const enum model_balancer types[] = {
		[LEAST_REQUEST] = MODEL_LEAST_REQUEST,
		[LEAST_CONN] = MODEL_LEAST_REQUEST,
		[ROUND_ROBIN] = MODEL_ROUND_ROBIN,
		[RANDOM] = MODEL_RANDOM,
		[UNSPECIFIED] = MODEL_LEAST_REQUEST,
	};
	struct model_load_balancer *b = model_group_new(a,
	    &model_load_balancer_schema);

	b->type = types[from->simple];
	if (from->hash != NULL)
		put_hash(b, from->hash, a);
	put_warmup(b, from, a);
	return b;
}

static void
put_pool(struct model_backend_policy_spec *out, const struct pool *from,
    struct arena *a)
{
	out->pool = model_group_new(a, &model_pool_schema);
	put(&out->pool->connect_ms, from->tcp.connect_ms);
	put(&out->pool->idle_ms, from->tcp.idle_ms);
	put(&out->pool->idle_ms, from->http.idle_ms);
	put(&out->pool->max_age_ms, from->tcp.max_age_ms);
	if (from->tcp.idle_ms >= 0 || from->tcp.max_age_ms >= 0) {
		out->tcp = model_group_new(a, &model_tcp_policy_schema);
		put(&out->tcp->idle_ms, from->tcp.idle_ms);
		put(&out->tcp->max_ms, from->tcp.max_age_ms);
	}
	put(&out->pool->max_requests, from->http.per_connection);
	put(&out->pool->http2.streams, from->http.streams);
	out->pool->upgrade = from->http.upgrade;
	out->pool->http2.keep_alive = from->http.keep_alive;
	out->breaker = model_group_new(a, &model_breaker_schema);
	put(&out->breaker->connections, from->tcp.connections);
	put(&out->breaker->pending, from->http.pending);
	put(&out->breaker->requests, from->http.requests);
	put(&out->breaker->retries, from->http.retries);
}

static struct model_outlier *
outlier_of(const struct outlier *from, struct arena *a)
{
	struct model_outlier *o = model_group_new(a, &model_outlier_schema);

	o->consecutive = from->consecutive;
	o->interval_ms = from->interval_ms;
	o->base_ms = from->base_ms;
	if (o->max_ms < o->base_ms)
		o->max_ms = o->base_ms;
	o->max_ejected_percent = from->max_percent;
	return o;
}

/* The name of the service; NULL: the host is none of this namespace. */
static const char *
service_of(const char *host, const char *namespace, struct arena *a)
{
	static const char *const domains[] = { "svc", "svc.cluster.local", "mesh" };
	struct slice rest = slice_str(host), name, space;

	slice_cut(&rest, '.', &name);
	if (slice_cut(&rest, '.', &space) && !slice_is(space, namespace))
		return NULL;
	bool good = rest.ptr == NULL || rest.len == 0;

	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		good = good || slice_is(rest, domains[i]);
	return good ? arena_dup(a, name).ptr : NULL;
}

static int
finish(struct model_object *o, struct err *err)
{
	struct destination_rule *d = (struct destination_rule *)(void *)o->head;
	struct model_backend_policy_spec *out = &d->result;
	const struct policy *p = d->spec.policy;
	const char *service = service_of(d->spec.host, d->head.meta.namespace,
	    &o->arena);

	if (service == NULL)
		return conf_error(conf_find(o->node, "spec.host"), err,
		    "spec.host: expected a service of namespace %s, found \"%s\"",
		    d->head.meta.namespace, d->spec.host);
	out->targets = arena_zalloc(&o->arena, sizeof(*out->targets));
	out->targets[0] = (struct model_target_ref){ "", "Service", service, NULL };
	out->targets_len = 1;
	out->subsets = d->spec.subsets;
	out->subsets_len = d->spec.subsets_len;
	if (p == NULL)
		return 0;
	if (p->balancer != NULL)
		out->balancer = balancer_of(p->balancer, &o->arena);
	if (p->pool != NULL)
		put_pool(out, p->pool, &o->arena);
	if (p->outlier != NULL)
		out->outlier = outlier_of(p->outlier, &o->arena);
	if (p->announce != NULL)
		out->proxy_protocol = MODEL_PROXY_V1 + p->announce->version;
	return 0;
}

const struct model_backend_policy_spec *
model_destination_rule_policy(const struct model_object *o)
{
	return &((const struct destination_rule *)(const void *)o->head)->result;
}

const struct model_kind model_destination_rule_kind = {
	.kind = "DestinationRule", .plural = "destinationrules", .short_name = "dr",
	.group = "networking.istio.io", .versions = versions, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_backend_policy_columns,
	.concerns = model_backend_policy_concerns, .finish = finish,
	.text = "Istio's form of a BackendPolicy, as far as that can say it",
};
