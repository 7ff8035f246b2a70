#ifndef STAT_METRICS_H
#define STAT_METRICS_H

#include "stat/stat.h"

/*
 * metrics: every family that the program has, in one table.
 *
 * mesh-metrics(7) is held against it, and proxies and control agree through
 * it on what counters mean.  Durations and sizes are histograms per source
 * service, destination service and direction; workloads, response codes,
 * flags and reasons are labels of counters only, so that the number of series
 * of a histogram is that of pairs of services.  A label whose value is not
 * known says "unknown".
 */
enum metric {
	/* HTTP through a proxy */
	METRIC_REQUESTS,
	METRIC_REQUEST_DURATION,
	METRIC_REQUEST_BYTES,
	METRIC_RESPONSE_BYTES,
	METRIC_RETRIES,
	METRIC_TUNNELS_ACTIVE,
	METRIC_TUNNEL_SENT,
	METRIC_TUNNEL_RECEIVED,
	METRIC_TUNNEL_DURATION,
	/* TCP through a proxy */
	METRIC_TCP_OPENED,
	METRIC_TCP_CLOSED,
	METRIC_TCP_SENT,
	METRIC_TCP_RECEIVED,
	METRIC_TCP_DURATION,
	METRIC_TCP_ACTIVE,
	/* UDP through a proxy */
	METRIC_UDP_OPENED,
	METRIC_UDP_CLOSED,
	METRIC_UDP_ACTIVE,
	METRIC_UDP_DURATION,
	METRIC_UDP_SENT,
	METRIC_UDP_RECEIVED,
	METRIC_UDP_SENT_BYTES,
	METRIC_UDP_RECEIVED_BYTES,
	METRIC_UDP_DROPPED,
	/* connections */
	METRIC_CONNECTIONS_ACCEPTED,
	METRIC_CONNECTIONS_REFUSED,
	METRIC_CONNECTIONS_ACTIVE,
	METRIC_CONNECTIONS_HANDED_OVER,
	METRIC_WORKER_CONNECTIONS,
	METRIC_WORKER_STALL,
	METRIC_OVERLOAD,
	METRIC_CONNECTIONS_PLAINTEXT,
	METRIC_UPSTREAM_CONNECTIONS,
	METRIC_UPSTREAM_CONNECTIONS_ACTIVE,
	METRIC_UPSTREAM_CONNECT_FAILURES,
	METRIC_UPSTREAM_CONNECT_DURATION,
	METRIC_UPSTREAM_EJECTIONS,
	METRIC_UPSTREAM_HEALTH_CHECKS,
	METRIC_UPSTREAM_OVERFLOWS,
	METRIC_EGRESS_REFUSED,
	METRIC_PROTOCOL_MISMATCHES,
	/* TLS and identity */
	METRIC_TLS_HANDSHAKES,
	METRIC_TLS_HANDSHAKE_DURATION,
	METRIC_TLS_FAILURES,
	METRIC_REVOKED_CONNECTIONS,
	METRIC_CERTIFICATE_EXPIRY,
	METRIC_CERTIFICATE_RENEWALS,
	METRIC_WORKLOAD_API_REQUESTS,
	/* filters and policy */
	METRIC_FILTER_CALLS,
	METRIC_FILTER_BYTES,
	METRIC_RATE_LIMITED,
	METRIC_RATE_LIMIT_SHARES,
	METRIC_AUTHORIZATION,
	METRIC_TOKENS,
	METRIC_ISSUER_KEYS,
	METRIC_EXT_AUTHZ,
	METRIC_EXT_AUTHZ_DURATION,
	/* configuration */
	METRIC_CONFIG_REVISION,
	METRIC_CONFIG_STALENESS,
	METRIC_CONFIG_REJECTED,
	METRIC_CONTROL_CONNECTED,
	/* control */
	METRIC_CONTROL_REVISION,
	METRIC_CONTROL_SESSIONS,
	METRIC_CONTROL_WORKLOADS,
	METRIC_CONTROL_API_REQUESTS,
	METRIC_CONTROL_API_DURATION,
	METRIC_CONTROL_COMMITS,
	METRIC_CONTROL_COMMIT_DURATION,
	METRIC_CONTROL_CERTIFICATES,
	METRIC_CONTROL_JOINS,
	METRIC_CONTROL_CA_EXPIRY,
	METRIC_CONTROL_SERIES_REFUSED,
	METRIC_CONTROL_FEDERATION_FETCHES,
	METRIC_CONTROL_FEDERATION_FETCHED,
	METRIC_CONTROL_FEDERATION_EXPIRY,
	/* the process */
	METRIC_BUILD_INFO,
	METRIC_WALLS_INFO,
	METRIC_LOG_DROPPED,
	METRIC_LOG_LEFT_OUT,
	METRIC_PROCESS_CPU,
	METRIC_PROCESS_MEMORY,
	METRIC_PROCESS_FDS,
	METRIC_PROCESS_MAX_FDS,
	METRIC_PROCESS_START_TIME,
	METRIC_COUNT
};

extern const struct stat_family metrics[METRIC_COUNT];

/* The values of the label "direction". */
#define METRIC_INBOUND	"inbound"
#define METRIC_OUTBOUND	"outbound"
#define METRIC_UNKNOWN	"unknown"

/*
 * The two labels, namespace and name, of the service "ns/name".  False, and
 * both METRIC_UNKNOWN, for what is not of that form.  Borrows service.
 */
bool metric_service(struct slice labels[2], struct slice service);

/* What this process has: resident bytes, and open descriptors. */
uint64_t metrics_process_memory(void);
uint64_t metrics_process_fds(void);
/*
 * Starts the samples about this process: build, log, CPU, memory, files.
 * started_s is wall time.  They stay until the registry is freed.
 */
void metrics_add_process(struct stat_registry *, const char *mode,
    const char *version, const char *commit, int64_t started_s);
struct walls;
/* Which walls stand around this process; likewise. */
void metrics_add_walls(struct stat_registry *, const struct walls *);

#endif
