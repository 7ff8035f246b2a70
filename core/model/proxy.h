#ifndef MODEL_PROXY_H
#define MODEL_PROXY_H

#include "conf/flags.h"
#include "model/backend_policy.h"
#include "model/chains.h"
#include "model/object.h"

/*
 * proxy: mesh/v1 Proxy, the settings of one `mesh proxy`.  Its fields are the
 * flags: tokenFile is --token-file.  It is read from --config and never
 * stored in the registry.
 */
enum model_app_protocol { MODEL_APP_HTTP, MODEL_APP_H2C, MODEL_APP_GRPC,
	MODEL_APP_TCP, MODEL_APP_UDP, MODEL_APP_AUTO, MODEL_APP_H2 };
enum model_log_format { MODEL_LOG_TEXT, MODEL_LOG_JSON };

struct model_app {
	uint16_t    port;	/* what targetPort refers to; 0: address's port */
	const char *name;	/* what targetPort may name */
	const char *address;	/* HOST:PORT */
	int         protocol;	/* enum model_app_protocol */
	int         proxy_protocol;	/* enum model_proxy_protocol */
};

struct model_exposed {
	uint16_t    port;	/* of an app, not of datagrams */
	const char *listen;	/* its port is not 0, and no two have the same */
};

struct model_upstream {
	const char *listen;	/* ADDRESS:PORT */
	const char *service;	/* NAMESPACE/NAME */
	uint16_t    port;	/* 0: the only one */
	int         transport;	/* MODEL_TCP or MODEL_UDP of service.h */
};

struct model_proxy {
	struct model_head head;
	struct model_proxy_spec {
		const char *service;	/* NAMESPACE/NAME */
		const char *control;	/* HOST:PORT */
		const char *token_file;
		const char *host_cert_file, *host_key_file;	/* instead */
		const char *trust_bundle_file, *ca_hash;
		struct model_app *apps;
		size_t            apps_len;
		int               protocol;	/* of apps that do not say */
		const char       *app_health;	/* "tcp", "http:/path", "grpc[:NAME]" */
		const char       *zone;
		struct conf_pairs labels;
		const char       *advertise;
		struct model_upstream *upstreams;
		size_t                 upstreams_len;
		const char *gateway;		/* NAMESPACE/NAME */
		const char *listen_address;	/* of its Gateways */
		int64_t     trusted_hops;	/* proxies of ours before those */
		const char **proxy_protocol_from;	/* ranges: speak it to those */
	size_t       proxy_protocol_from_len;
	int64_t    *app_users;	/* who may use its outbound listeners; none: all */
	size_t      app_users_len;
	const char *workload_api_socket;	/* NULL: none is opened */
	int64_t    *workload_api_users;	/* whom it serves; none: by default */
	size_t      workload_api_users_len;
	struct model_exposed *exposed;	/* apps with listeners of their own */
	size_t      exposed_len;
	bool        permissive, standalone, sandbox;
		const char *state_dir;
		const char *inbound_listen, *outbound_listen;
		const char *admin_listen, *admin_socket;
		const char *hosts_file, *resolv_conf;	/* names of hosts outside */
		const char *ca_file;	/* of the system: their authorities */
		int64_t     workers;	/* 0: min(2, CPUs) */
		int64_t     drain_ms, connect_ms, response_ms;
		int         balancer;	/* of enum model_balancer the first four */
		const char *log_level;
		int         log_format;	/* enum model_log_format */
		const char *access_log;	/* "stdout", "none" or a path */
		struct model_chains filters;
		struct model_overload {
			int64_t lag_ms;		/* 0: no bound, as the next */
			int64_t memory;		/* bytes; 0: of the cgroup */
			int64_t descriptors_percent;
		} overload;
		struct model_datagrams {	/* of each worker */
			int64_t idle_ms;	/* of a session */
			int64_t sessions, sessions_of_source;
		} datagrams;
	} spec;
};

extern const struct conf_schema model_proxy_spec_schema;
/* The flags of `mesh proxy`, and MESH_PROXY_* in the environment. */
extern const struct conf_flags model_proxy_flags;

const struct model_proxy *model_proxy(const struct model_object *);

uint16_t model_exposed_port(const struct model_exposed *);	/* of listen */

#endif
