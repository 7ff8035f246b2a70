#include "stat/metrics.h"

#define SERVICES							\
	"direction", "source_namespace", "source_service",		\
	"destination_namespace", "destination_service"
#define WORKLOADS	SERVICES, "source_workload", "destination_workload"
#define DESTINATION	"destination_namespace", "destination_service"

const struct stat_family metrics[METRIC_COUNT] = {
	[METRIC_REQUESTS] = {
		.name = "mesh_requests_total", .type = STAT_COUNTER,
		.help = "HTTP requests that were answered or given up",
		.labels = { WORKLOADS, "protocol", "response_code",
		    "response_flags", "security", "grpc_status" },
		.to_control = true,
	},
	[METRIC_REQUEST_DURATION] = {
		.name = "mesh_request_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Time from the first byte of a request to the last of its reply",
		.labels = { SERVICES },
		.to_control = true,
	},
	[METRIC_REQUEST_BYTES] = {
		.name = "mesh_request_bytes",
		.type = STAT_HISTOGRAM, .unit = STAT_BYTES,
		.bounds = &stat_sizes,
		.help = "Size of request bodies",
		.labels = { SERVICES },
	},
	[METRIC_RESPONSE_BYTES] = {
		.name = "mesh_response_bytes",
		.type = STAT_HISTOGRAM, .unit = STAT_BYTES,
		.bounds = &stat_sizes,
		.help = "Size of response bodies",
		.labels = { SERVICES },
	},
	[METRIC_RETRIES] = {
		.name = "mesh_retries_total", .type = STAT_COUNTER,
		.help = "Attempts after the first, by what made the one before fail",
		.labels = { DESTINATION, "reason" },
	},
	[METRIC_TUNNELS_ACTIVE] = {
		.name = "mesh_tunnels_active", .type = STAT_GAUGE,
		.help = "Requests that switched to another protocol and go on",
		.labels = { "direction" },
	},
	[METRIC_TUNNEL_SENT] = {
		.name = "mesh_tunnel_sent_bytes_total",
		.type = STAT_COUNTER, .unit = STAT_BYTES,
		.help = "Bytes from the service after such a switch",
		.labels = { SERVICES },
	},
	[METRIC_TUNNEL_RECEIVED] = {
		.name = "mesh_tunnel_received_bytes_total",
		.type = STAT_COUNTER, .unit = STAT_BYTES,
		.help = "Bytes from the caller after such a switch",
		.labels = { SERVICES },
	},
	[METRIC_TUNNEL_DURATION] = {
		.name = "mesh_tunnel_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Time from such a switch to its end",
		.labels = { SERVICES },
	},
	[METRIC_TCP_OPENED] = {
		.name = "mesh_tcp_connections_opened_total", .type = STAT_COUNTER,
		.help = "TCP connections that were carried",
		.labels = { WORKLOADS, "security" },
		.to_control = true,
	},
	[METRIC_TCP_CLOSED] = {
		.name = "mesh_tcp_connections_closed_total", .type = STAT_COUNTER,
		.help = "TCP connections that ended, by reason",
		.labels = { WORKLOADS, "security", "reason" },
		.to_control = true,
	},
	[METRIC_TCP_SENT] = {
		.name = "mesh_tcp_sent_bytes_total",
		.type = STAT_COUNTER, .unit = STAT_BYTES,
		.help = "Bytes of TCP connections from the destination to the source",
		.labels = { WORKLOADS, "security" },
		.to_control = true,
	},
	[METRIC_TCP_RECEIVED] = {
		.name = "mesh_tcp_received_bytes_total",
		.type = STAT_COUNTER, .unit = STAT_BYTES,
		.help = "Bytes of TCP connections from the source to the destination",
		.labels = { WORKLOADS, "security" },
		.to_control = true,
	},
	[METRIC_TCP_DURATION] = {
		.name = "mesh_tcp_connection_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Life of TCP connections",
		.labels = { SERVICES },
	},
	[METRIC_TCP_ACTIVE] = {
		.name = "mesh_tcp_connections_active", .type = STAT_GAUGE,
		.help = "TCP connections being carried",
		.labels = { "direction" },
	},
	[METRIC_UDP_OPENED] = {
		.name = "mesh_udp_sessions_opened_total", .type = STAT_COUNTER,
		.help = "UDP sessions that had an endpoint",
		.labels = { WORKLOADS, "security" },
		.to_control = true,
	},
	[METRIC_UDP_CLOSED] = {
		.name = "mesh_udp_sessions_closed_total", .type = STAT_COUNTER,
		.help = "UDP sessions that ended, by reason",
		.labels = { WORKLOADS, "security", "reason" },
	},
	[METRIC_UDP_ACTIVE] = {
		.name = "mesh_udp_sessions_active", .type = STAT_GAUGE,
		.help = "UDP sessions that have not ended",
		.labels = { "direction" },
	},
	[METRIC_UDP_DURATION] = {
		.name = "mesh_udp_session_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Life of UDP sessions",
		.labels = { SERVICES },
	},
	[METRIC_UDP_SENT] = {
		.name = "mesh_udp_sent_datagrams_total", .type = STAT_COUNTER,
		.help = "Datagrams from the destination to the source",
		.labels = { WORKLOADS, "security" },
		.to_control = true,
	},
	[METRIC_UDP_RECEIVED] = {
		.name = "mesh_udp_received_datagrams_total",
		.type = STAT_COUNTER,
		.help = "Datagrams from the source to the destination",
		.labels = { WORKLOADS, "security" },
		.to_control = true,
	},
	[METRIC_UDP_SENT_BYTES] = {
		.name = "mesh_udp_sent_bytes_total",
		.type = STAT_COUNTER, .unit = STAT_BYTES,
		.help = "Bytes of datagrams from the destination to the source",
		.labels = { WORKLOADS, "security" },
		.to_control = true,
	},
	[METRIC_UDP_RECEIVED_BYTES] = {
		.name = "mesh_udp_received_bytes_total",
		.type = STAT_COUNTER, .unit = STAT_BYTES,
		.help = "Bytes of datagrams from the source to the destination",
		.labels = { WORKLOADS, "security" },
		.to_control = true,
	},
	[METRIC_UDP_DROPPED] = {
		.name = "mesh_udp_dropped_datagrams_total",
		.type = STAT_COUNTER,
		.help = "Datagrams that were not passed on, by reason",
		.labels = { DESTINATION, "reason" },
	},
	[METRIC_CONNECTIONS_ACCEPTED] = {
		.name = "mesh_connections_accepted_total", .type = STAT_COUNTER,
		.help = "Connections accepted",
		.labels = { "listener" },
	},
	[METRIC_CONNECTIONS_REFUSED] = {
		.name = "mesh_connections_refused_total", .type = STAT_COUNTER,
		.help = "Connections closed before they carried anything, by reason",
		.labels = { "listener", "reason" },
	},
	[METRIC_CONNECTIONS_ACTIVE] = {
		.name = "mesh_connections_active", .type = STAT_GAUGE,
		.help = "Accepted connections that are open",
		.labels = { "listener" },
	},
	[METRIC_CONNECTIONS_HANDED_OVER] = {
		.name = "mesh_connections_handed_over_total",
		.type = STAT_COUNTER,
		.help = "Connections that a worker took over from the one that accepted",
		.labels = { "listener" },
	},
	[METRIC_WORKER_CONNECTIONS] = {
		.name = "mesh_worker_connections", .type = STAT_GAUGE,
		.help = "Connections that a worker has, handshakes included",
		.labels = { "worker" },
	},
	[METRIC_WORKER_STALL] = {
		.name = "mesh_worker_stall_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Turns of a worker's loop of a millisecond or more",
		.labels = { "worker" },
	},
	[METRIC_OVERLOAD] = {
		.name = "mesh_overload_ratio", .type = STAT_GAUGE,
		.help = "What is used of what the proxy may use before it refuses",
		.labels = { "resource" },
	},
	[METRIC_CONNECTIONS_PLAINTEXT] = {
		.name = "mesh_connections_plaintext_total", .type = STAT_COUNTER,
		.help = "Connections in plain text, or with TLS that was passed through",
		.labels = { "listener" },
	},
	[METRIC_UPSTREAM_CONNECTIONS] = {
		.name = "mesh_upstream_connections_total", .type = STAT_COUNTER,
		.help = "Connections made to endpoints",
		.labels = { DESTINATION },
	},
	[METRIC_UPSTREAM_CONNECTIONS_ACTIVE] = {
		.name = "mesh_upstream_connections_active", .type = STAT_GAUGE,
		.help = "Connections to endpoints that are open, idle ones included",
		.labels = { DESTINATION },
	},
	[METRIC_UPSTREAM_CONNECT_FAILURES] = {
		.name = "mesh_upstream_connect_failures_total", .type = STAT_COUNTER,
		.help = "Connections to endpoints that failed before use, by reason",
		.labels = { DESTINATION, "reason" },
	},
	[METRIC_UPSTREAM_CONNECT_DURATION] = {
		.name = "mesh_upstream_connect_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Time to connect to an endpoint, with its handshake",
		.labels = { DESTINATION },
	},
	[METRIC_UPSTREAM_EJECTIONS] = {
		.name = "mesh_upstream_ejections_total", .type = STAT_COUNTER,
		.help = "Times that an endpoint was left alone for failing, by reason",
		.labels = { DESTINATION, "reason" },
	},
	[METRIC_UPSTREAM_HEALTH_CHECKS] = {
		.name = "mesh_upstream_health_checks_total", .type = STAT_COUNTER,
		.help = "Health checks of endpoints, by result",
		.labels = { DESTINATION, "result" },
	},
	[METRIC_UPSTREAM_OVERFLOWS] = {
		.name = "mesh_upstream_overflows_total", .type = STAT_COUNTER,
		.help = "Attempts refused by a limit of the service, by limit",
		.labels = { DESTINATION, "reason" },
	},
	[METRIC_PROTOCOL_MISMATCHES] = {
		.name = "mesh_protocol_mismatches_total", .type = STAT_COUNTER,
		.help = "Connections that spoke what their port is not declared for",
		.labels = { SERVICES, "port", "declared", "speaker", "spoken" },
		.to_control = true,
	},
	[METRIC_EGRESS_REFUSED] = {
		.name = "mesh_egress_refused_total", .type = STAT_COUNTER,
		.help = "Calls out of the mesh that were refused, by reason",
		.labels = { "reason" },
	},
	[METRIC_TLS_HANDSHAKES] = {
		.name = "mesh_tls_handshakes_total", .type = STAT_COUNTER,
		.help = "TLS handshakes completed, full and resumed",
		.labels = { "direction", "kind" },
	},
	[METRIC_TLS_HANDSHAKE_DURATION] = {
		.name = "mesh_tls_handshake_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Time of completed TLS handshakes",
		.labels = { "direction" },
	},
	[METRIC_TLS_FAILURES] = {
		.name = "mesh_tls_failures_total", .type = STAT_COUNTER,
		.help = "TLS handshakes and connections that failed, by reason",
		.labels = { "direction", "reason" },
	},
	[METRIC_REVOKED_CONNECTIONS] = {
		.name = "mesh_revoked_connections_total", .type = STAT_COUNTER,
		.help = "Connections that were cut off because the peer is "
		    "believed no longer",
	},
	[METRIC_CERTIFICATE_EXPIRY] = {
		.name = "mesh_certificate_expiry_timestamp_seconds",
		.type = STAT_GAUGE, .unit = STAT_SECONDS,
		.help = "When the certificate in use expires, in seconds since 1970",
		.labels = { "identity" },
	},
	[METRIC_CERTIFICATE_RENEWALS] = {
		.name = "mesh_certificate_renewals_total", .type = STAT_COUNTER,
		.help = "Attempts to renew the certificate, by result",
		.labels = { "result" },
	},
	[METRIC_WORKLOAD_API_REQUESTS] = {
		.name = "mesh_workload_api_requests_total", .type = STAT_COUNTER,
		.help = "Calls of the SPIFFE Workload API, by status of gRPC",
		.labels = { "method", "code" },
	},
	[METRIC_FILTER_CALLS] = {
		.name = "mesh_filter_calls_total", .type = STAT_COUNTER,
		.help = "Times that filters were entered, called, held and stopped",
		.labels = { "chain", "filter", "what" },
	},
	[METRIC_FILTER_BYTES] = {
		.name = "mesh_filter_bytes_total",
		.type = STAT_COUNTER, .unit = STAT_BYTES,
		.help = "Bytes that filters were shown",
		.labels = { "chain", "filter" },
	},
	[METRIC_RATE_LIMITED] = {
		.name = "mesh_rate_limited_requests_total",
		.type = STAT_COUNTER,
		.help = "Requests above a rate limit: refused, or with dryRun let by",
		.labels = { DESTINATION, "outcome" },
	},
	[METRIC_RATE_LIMIT_SHARES] = {
		.name = "mesh_rate_limit_shares", .type = STAT_GAUGE,
		.help = "Limits kept with other proxies, by where our share is from",
		.labels = { "state" },
	},
	[METRIC_AUTHORIZATION] = {
		.name = "mesh_authorization_decisions_total",
		.type = STAT_COUNTER,
		.help = "Requests and connections of bytes that policies refuse, "
		    "or would, or watch",
		.labels = { DESTINATION, "decision", "policy", "rule" },
	},
	[METRIC_TOKENS] = {
		.name = "mesh_request_tokens_total",
		.type = STAT_COUNTER,
		.help = "Requests with tokens, by what became of them",
		.labels = { DESTINATION, "outcome" },
	},
	[METRIC_ISSUER_KEYS] = {
		.name = "mesh_issuer_keys_timestamp_seconds",
		.type = STAT_GAUGE, .unit = STAT_SECONDS,
		.help = "When an issuer's keys were fetched last, since 1970",
		.labels = { "issuer" },
	},
	[METRIC_EXT_AUTHZ] = {
		.name = "mesh_ext_authz_requests_total",
		.type = STAT_COUNTER,
		.help = "Requests about which a provider was asked, by its answer",
		.labels = { DESTINATION, "policy", "provider", "result" },
	},
	[METRIC_EXT_AUTHZ_DURATION] = {
		.name = "mesh_ext_authz_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "How long requests waited for a provider's answer, or for "
		    "none",
		.labels = { "provider" },
	},
	[METRIC_CONFIG_REVISION] = {
		.name = "mesh_config_revision", .type = STAT_GAUGE,
		.help = "Revision of the configuration in use",
	},
	[METRIC_CONFIG_STALENESS] = {
		.name = "mesh_config_staleness_seconds",
		.type = STAT_GAUGE, .unit = STAT_SECONDS,
		.help = "Time since control last confirmed the configuration in use",
	},
	[METRIC_CONFIG_REJECTED] = {
		.name = "mesh_config_rejected_documents", .type = STAT_GAUGE,
		.help = "Documents of which an earlier form, or none, is in use",
	},
	[METRIC_CONTROL_CONNECTED] = {
		.name = "mesh_control_connected", .type = STAT_GAUGE,
		.help = "Whether the session with control stands (1) or not (0)",
	},
	[METRIC_CONTROL_REVISION] = {
		.name = "mesh_control_revision", .type = STAT_GAUGE,
		.help = "Latest revision of the registry",
	},
	[METRIC_CONTROL_SESSIONS] = {
		.name = "mesh_control_sessions_active", .type = STAT_GAUGE,
		.help = "Proxies in session",
	},
	[METRIC_CONTROL_WORKLOADS] = {
		.name = "mesh_control_workloads", .type = STAT_GAUGE,
		.help = "Workloads registered, by state",
		.labels = { "state" },
	},
	[METRIC_CONTROL_API_REQUESTS] = {
		.name = "mesh_control_api_requests_total", .type = STAT_COUNTER,
		.help = "Requests to the API",
		.labels = { "method", "resource", "response_code" },
	},
	[METRIC_CONTROL_API_DURATION] = {
		.name = "mesh_control_api_request_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Time to answer requests to the API, watches excepted",
		.labels = { "resource" },
	},
	[METRIC_CONTROL_COMMITS] = {
		.name = "mesh_control_commits_total", .type = STAT_COUNTER,
		.help = "Transactions of the store, by result",
		.labels = { "result" },
	},
	[METRIC_CONTROL_COMMIT_DURATION] = {
		.name = "mesh_control_commit_duration_seconds",
		.type = STAT_HISTOGRAM, .unit = STAT_SECONDS,
		.bounds = &stat_durations,
		.help = "Time to write a group of transactions to disk",
	},
	[METRIC_CONTROL_CERTIFICATES] = {
		.name = "mesh_control_certificates_issued_total",
		.type = STAT_COUNTER,
		.help = "Certificates issued, by the kind of their holder",
		.labels = { "kind" },
	},
	[METRIC_CONTROL_JOINS] = {
		.name = "mesh_control_joins_total", .type = STAT_COUNTER,
		.help = "Attempts to join, by result",
		.labels = { "result" },
	},
	[METRIC_CONTROL_CA_EXPIRY] = {
		.name = "mesh_control_ca_expiry_timestamp_seconds",
		.type = STAT_GAUGE, .unit = STAT_SECONDS,
		.help = "When a certificate of the authority expires, in seconds since 1970",
		.labels = { "certificate" },
	},
	[METRIC_CONTROL_SERIES_REFUSED] = {
		.name = "mesh_control_series_refused_total",
		.type = STAT_COUNTER,
		.help = "Series that proxies report and cannot have seen",
	},
	[METRIC_CONTROL_FEDERATION_FETCHES] = {
		.name = "mesh_control_federation_fetches_total",
		.type = STAT_COUNTER,
		.help = "Attempts to fetch another domain's bundle, by result",
		.labels = { "trust_domain", "result" },
	},
	[METRIC_CONTROL_FEDERATION_FETCHED] = {
		.name = "mesh_control_federation_fetched_timestamp_seconds",
		.type = STAT_GAUGE, .unit = STAT_SECONDS,
		.help = "When another domain's bundle was fetched last, or 0",
		.labels = { "trust_domain" },
	},
	[METRIC_CONTROL_FEDERATION_EXPIRY] = {
		.name =
		    "mesh_control_federation_bundle_expiry_timestamp_seconds",
		.type = STAT_GAUGE, .unit = STAT_SECONDS,
		.help = "When the last root of another domain's bundle expires",
		.labels = { "trust_domain" },
	},
	[METRIC_BUILD_INFO] = {
		.name = "mesh_build_info", .type = STAT_INFO,
		.help = "What is running",
		.labels = { "mode", "version", "commit" },
	},
	[METRIC_WALLS_INFO] = {
		.name = "mesh_walls_info", .type = STAT_INFO,
		.help = "What this process has given up",
		.labels = { "seccomp", "landlock", "capabilities", "keys" },
	},
	[METRIC_LOG_DROPPED] = {
		.name = "mesh_log_dropped_total", .type = STAT_COUNTER,
		.help = "Log lines dropped because nobody could write them in time",
	},
	[METRIC_LOG_LEFT_OUT] = {
		.name = "mesh_log_left_out_total", .type = STAT_COUNTER,
		.help = "Log lines not written, as there were many like them",
		.labels = { "scope" },
	},
	[METRIC_PROCESS_CPU] = {
		.name = "process_cpu_seconds_total",
		.type = STAT_COUNTER, .unit = STAT_SECONDS,
		.help = "CPU time of this process, user and system",
	},
	[METRIC_PROCESS_MEMORY] = {
		.name = "process_resident_memory_bytes",
		.type = STAT_GAUGE, .unit = STAT_BYTES,
		.help = "Resident memory of this process",
	},
	[METRIC_PROCESS_FDS] = {
		.name = "process_open_fds", .type = STAT_GAUGE,
		.help = "Open file descriptors",
	},
	[METRIC_PROCESS_MAX_FDS] = {
		.name = "process_max_fds", .type = STAT_GAUGE,
		.help = "Limit of open file descriptors",
	},
	[METRIC_PROCESS_START_TIME] = {
		.name = "process_start_time_seconds",
		.type = STAT_GAUGE, .unit = STAT_SECONDS,
		.help = "When this process started, in seconds since 1970",
	},
};

bool
metric_service(struct slice labels[2], struct slice service)
{
	ptrdiff_t at = slice_find(service, '/');

	labels[0] = labels[1] = SLICE(METRIC_UNKNOWN);
	if (at <= 0)
		return false;
	labels[0] = slice_of(service.ptr, (size_t)at);
	labels[1] = slice_from(service, (size_t)at + 1);
	return true;
}
