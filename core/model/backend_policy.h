#ifndef MODEL_BACKEND_POLICY_H
#define MODEL_BACKEND_POLICY_H

#include "model/object.h"
#include "model/persistence.h"
#include "model/pool.h"
#include "model/refs.h"
#include "model/retry_policy.h"

/*
 * backend_policy: mesh/v1 BackendPolicy: how callers treat a service's backends.
 *
 * It is about the services (or single ports, by sectionName) of its namespace
 * that targetRefs name.  A group of settings that it does not have is NULL, so
 * that defaults, or an older policy of the same target, stand; within a group
 * every field has its default.  Of two policies with the same group for one
 * target the older wins, then the first by name.
 *
 * Istio's DestinationRule and Gateway API's XBackendTrafficPolicy are read into
 * the same struct, as far as they can be said in it; what cannot is refused.
 */
enum model_balancer { MODEL_LEAST_REQUEST, MODEL_ROUND_ROBIN, MODEL_RANDOM,
	MODEL_PEAK_EWMA, MODEL_RING_HASH, MODEL_MAGLEV };
enum model_zone_mode { MODEL_ZONE_ANY, MODEL_ZONE_EVEN, MODEL_ZONE_LOCAL };

/* What a hash is made of: the one that is set. */
struct model_hash_key {
	const char *header, *query;
	bool        source_address;
	struct model_hash_cookie {
		const char *name, *path;
		int64_t     ttl_ms;	/* 0: for the client's session */
	} *cookie;
};

struct model_warmup {
	int64_t duration_ms;
	int64_t minimum_percent;	/* of its weight, at first */
	int64_t aggression_percent;	/* 100: linear */
};

struct model_load_balancer {
	int                    type;	/* enum model_balancer */
	struct model_hash_key *key;	/* RING_HASH, MAGLEV only */
	int64_t                ring_min, ring_max, table_size;
	int64_t                bounded_percent;	/* of the mean; 0: no bound */
	int64_t                decay_ms;
	struct model_warmup   *warmup;
};

struct model_locality {
	int     zones;			/* enum model_zone_mode */
	int64_t zone_minimum;		/* endpoints, for EVEN */
	int64_t panic_percent;		/* 0: never */
	int64_t overprovisioning_percent;
	struct model_priority {
		struct conf_pairs labels;
	} *priorities;			/* who matches none comes last */
	size_t  priorities_len;
	struct conf_pairs degraded;	/* only when others do not suffice */
};

struct model_subset {
	const char       *name;
	struct conf_pairs labels;
};

struct model_timeouts {
	int64_t response_ms;		/* end of request to head of reply; 0: none */
	int64_t idle_ms;		/* in bodies; 0: none */
};
struct model_datagram_policy { bool per_packet; };	/* UDP */
struct model_breaker {
	int64_t connections, pending, requests, retries;	/* of the service */
	int64_t endpoint_requests;	/* to one endpoint; 0: no limit */
	int64_t queue;			/* so many wait for one endpoint */
	int64_t queue_ms;		/* the longest wait there */
	bool    adaptive;		/* the limit follows latency */
};

struct model_outlier {
	int64_t consecutive;		/* failures in a row; 0: off */
	int64_t base_ms, max_ms;
	int64_t jitter_percent, max_ejected_percent;
	int64_t interval_ms;
	int64_t min_endpoints, min_requests;
	int64_t stdev_permille;		/* success below mean - this; 0: off */
	int64_t failure_percent;	/* 0: off */
};

enum model_health_type { MODEL_HEALTH_HTTP, MODEL_HEALTH_TCP, MODEL_HEALTH_GRPC };

struct model_health_check {
	int         type;		/* enum model_health_type */
	const char *path, *host;	/* host NULL: the service's name */
	const char *service;		/* of GRPC; "": the whole server */
	int64_t     status_min, status_max;
	int64_t     interval_ms, timeout_ms, edge_ms, unhealthy_ms;
	int64_t     jitter_percent;
	int64_t     healthy, unhealthy;	/* so many in a row */
	bool        starts_unhealthy;
};

struct model_backend_policy_spec {
	struct model_target_ref    *targets;
	size_t                      targets_len;
	struct model_load_balancer *balancer;
	struct model_locality      *locality;
	struct model_subset        *subsets;
	size_t                      subsets_len;
	const char                 *subset_header;	/* names the subset; NULL */
	bool                        subsets_strict;	/* an empty one: 503 */
	struct model_pool          *pool;
	struct model_timeouts      *timeouts;
	struct model_upgrades      *upgrades;
	struct model_tcp_policy    *tcp;
	struct model_datagram_policy *datagrams;
	struct model_breaker       *breaker;
	struct model_outlier       *outlier;
	struct model_health_check  *health;
	struct model_retry_policy  *retry;
	struct model_retry_budget  *budget;	/* goes before that of retry */
	struct model_persistence   *persistence;
	int                         proxy_protocol;	/* enum model_proxy_protocol */
};

/* Of a BackendPolicy, DestinationRule or XBackendTrafficPolicy; NULL: another. */
const struct model_backend_policy_spec *model_backend_policy(
    const struct model_object *);
/* Whether it is about this service, and this port of it (name may be NULL). */
bool model_backend_policy_is_for(const struct model_object *, const char *namespace,
    const char *service, const char *port_name);

/* Of the rows of the three kinds. */
struct model_subject;
extern const struct model_column model_backend_policy_columns[];
bool model_backend_policy_concerns(const struct model_subject *,
    const struct model_object *);
/* For conversions: each group with all of its defaults, in the arena. */
void *model_group_new(struct arena *, const struct conf_schema *);
extern const struct conf_schema model_load_balancer_schema, model_warmup_schema,
    model_breaker_schema, model_outlier_schema,
    model_retry_policy_schema, model_locality_schema;

#endif
