#include <string.h>

#include "base/check.h"
#include "conf/units.h"
#include "model/proxy.h"
#include "model/proxy_protocol.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const app_protocols[] = { "http", "h2c", "grpc", "tcp",
	"udp", "auto", "h2", NULL };
static const char *const transports[] = { "tcp", "udp", NULL };
static const char *const log_formats[] = { "text", "json", NULL };
static const char *const balancers[] = { "leastRequest", "roundRobin", "random",
	"peakEWMA", NULL };

#define AT(member)	CONF_AT(struct model_proxy_spec, member)
#define LIST_AT(member)	CONF_LIST_AT(struct model_proxy_spec, member)
#define DAY_MS		86400000

static const struct conf_field overload_fields[] = {
	{ "loopLag", CONF_DURATION_T, CONF_AT(struct model_overload, lag_ms),
	    .min = 0, .max = 60000, .fallback = "500ms",
	    .text = "turn of a worker, twice in half a second; 0s: no bound" },
	{ "memory", CONF_BYTES_T, CONF_AT(struct model_overload, memory),
	    .min = 0, .max = INT64_C(1) << 50, .fallback = "0",
	    .text = "in use; 0: 90 % of what its cgroup allows, if that says so" },
	{ "descriptorsPercent", CONF_INT_T,
	    CONF_AT(struct model_overload, descriptors_percent), .min = 0,
	    .max = 100, .fallback = "90",
	    .text = "of the descriptors that it may open; 0: no bound" },
	{ 0 },
};

static const struct conf_schema overload_schema = { "overload",
	sizeof(struct model_overload), overload_fields, NULL };

static const struct conf_field datagrams_fields[] = {
	{ "idleTimeout", CONF_DURATION_T, CONF_AT(struct model_datagrams, idle_ms),
	    .min = 1000, .max = DAY_MS, .fallback = "60s",
	    .text = "a session ends when nothing came for so long" },
	{ "sessions", CONF_INT_T, CONF_AT(struct model_datagrams, sessions),
	    .min = 1, .max = 1000000, .fallback = "16384",
	    .text = "at the same time, of each worker" },
	{ "sessionsPerSource", CONF_INT_T,
	    CONF_AT(struct model_datagrams, sessions_of_source), .min = 1,
	    .max = 1000000, .fallback = "8192",
	    .text = "of those, from one IP address or one sidecar's connection" },
	{ 0 },
};

static const struct conf_schema datagrams_schema = { "datagrams",
	sizeof(struct model_datagrams), datagrams_fields, NULL };

static const struct conf_field app_fields[] = {
	{ "port", CONF_PORT_T, CONF_AT(struct model_app, port),
	    .text = "what a service's targetPort refers to; default: of address" },
	{ "name", CONF_STRING_T, CONF_AT(struct model_app, name),
	    .pattern = CONF_LABEL, .text = "what a service's targetPort may name" },
	{ "address", CONF_STRING_T, CONF_AT(struct model_app, address),
	    .required = true, .pattern = CONF_HOST_PORT,
	    .text = "where the application listens" },
	{ "protocol", CONF_ENUM_T, CONF_AT(struct model_app, protocol),
	    .words = app_protocols,
	    .text = "what it speaks; default: protocol of the proxy" },
	{ "proxyProtocol", CONF_ENUM_T, CONF_AT(struct model_app, proxy_protocol),
	    .words = model_proxy_protocols, .fallback = "none",
	    .text = "tells it first who calls" },
	{ 0 },
};

static const struct conf_schema app_schema = { "app",
	sizeof(struct model_app), app_fields, NULL };

static const struct conf_field exposed_fields[] = {
	{ "port", CONF_PORT_T, CONF_AT(struct model_exposed, port),
	    .required = true, .text = "of one of its apps" },
	{ "listen", CONF_STRING_T, CONF_AT(struct model_exposed, listen),
	    .required = true, .pattern = CONF_LISTEN,
	    .text = "where others reach that one, in plain text too where "
	    "PeerAuthentication lets them" },
	{ 0 },
};

static const struct conf_schema exposed_schema = { "exposed port",
	sizeof(struct model_exposed), exposed_fields, NULL };

static const struct conf_field upstream_fields[] = {
	{ "listen", CONF_STRING_T, CONF_AT(struct model_upstream, listen),
	    .required = true, .pattern = CONF_LISTEN,
	    .text = "where the application finds the service" },
	{ "service", CONF_STRING_T, CONF_AT(struct model_upstream, service),
	    .required = true, .pattern = CONF_SERVICE_NAME,
	    .text = "the service that is called there" },
	{ "port", CONF_PORT_T, CONF_AT(struct model_upstream, port),
	    .text = "port of the service; may be left out if it has one" },
	{ "protocol", CONF_ENUM_T, CONF_AT(struct model_upstream, transport),
	    .words = transports, .fallback = "tcp",
	    .text = "transport protocol of that port" },
	{ 0 },
};

static const struct conf_schema upstream_schema = { "upstream",
	sizeof(struct model_upstream), upstream_fields, NULL };

static const struct conf_field spec_fields[] = {
	{ "service", CONF_STRING_T, AT(service), .pattern = CONF_SERVICE_NAME,
	    .text = "the service that this proxy stands beside" },
	{ "control", CONF_STRING_T, AT(control), .pattern = CONF_HOST_PORT,
	    .text = "where control's API is" },
	{ "tokenFile", CONF_STRING_T, AT(token_file), .pattern = CONF_PATH,
	    .text = "file with the token to join with" },
	{ "hostKeyFile", CONF_STRING_T, AT(host_key_file), .pattern = CONF_PATH,
	    .text = "key of this machine, to join with instead of a token" },
	{ "hostCertFile", CONF_STRING_T, AT(host_cert_file), .pattern = CONF_PATH,
	    .text = "certificates of that key; default: the key is registered" },
	{ "trustBundleFile", CONF_STRING_T, AT(trust_bundle_file),
	    .pattern = CONF_PATH, .text = "control's roots, where a machine's key "
	    "stands in for a token, which would name them" },
	{ "caHash", CONF_STRING_T, AT(ca_hash), .min = 43, .max = 43,
	    .text = "the same by their hash" },
	{ "apps", CONF_STRUCT_T, LIST_AT(apps), .schema = &app_schema,
	    .max_items = 100, .text = "ports of the application" },
	{ "protocol", CONF_ENUM_T, AT(protocol), .words = app_protocols,
	    .fallback = "http", .text = "what those apps speak that do not say; "
	    "auto: what their callers do" },
	{ "appHealth", CONF_STRING_T, AT(app_health), .fallback = "tcp",
	    .text = "when the application is up: tcp (it accepts), http:/path, or "
	    "grpc or grpc:NAME" },
	{ "zone", CONF_STRING_T, AT(zone), .pattern = CONF_LABEL_VALUE,
	    .text = "where the workload runs" },
	{ "labels", CONF_PAIRS_T, AT(labels), .key_pattern = CONF_LABEL_KEY,
	    .pattern = CONF_LABEL_VALUE, .text = "labels of the workload" },
	{ "advertise", CONF_STRING_T, AT(advertise), .pattern = CONF_HOST,
	    .text = "address that others reach it at; default: the one that "
	    "control sees" },
	{ "upstreams", CONF_STRUCT_T, LIST_AT(upstreams),
	    .schema = &upstream_schema, .max_items = 1000,
	    .text = "services with a listener of their own" },
	{ "gateway", CONF_STRING_T, AT(gateway), .pattern = CONF_SERVICE_NAME,
	    .text = "the Gateway that this proxy runs" },
	{ "listenAddress", CONF_STRING_T, AT(listen_address),
	    .text = "IP address that its listeners open ports at; default: the "
	    "Gateway's own, or all" },
	{ "trustedHops", CONF_INT_T, AT(trusted_hops), .min = 0, .max = 10,
	    .fallback = "0", .text = "proxies of ours before its Gateways, whose "
	    "x-forwarded-* is believed" },
	{ "proxyProtocolFrom", CONF_STRING_T, LIST_AT(proxy_protocol_from),
	    .pattern = CONF_CIDR, .max_items = 100,
	    .text = "addresses of load balancers before its Gateways: only they "
	    "may connect, and must say for whom by PROXY protocol" },
	{ "appUsers", CONF_INT_T, LIST_AT(app_users), .min = 0,
	    .max = 4294967294, .max_items = 100,
	    .text = "numbers of the users whose processes may call others through "
	    "it; default: all of this machine" },
	{ "workloadApiSocket", CONF_STRING_T, AT(workload_api_socket),
	    .pattern = CONF_PATH, .text = "local socket of the SPIFFE Workload API, "
	    "by which applications get identities; default: none" },
	{ "workloadApiUsers", CONF_INT_T, LIST_AT(workload_api_users), .min = 0,
	    .max = 4294967294, .max_items = 100,
	    .text = "numbers of the users whom it answers; default: the proxy's "
	    "own and appUsers" },
	{ "exposed", CONF_STRUCT_T, LIST_AT(exposed), .schema = &exposed_schema,
	    .max_items = 100, .text = "apps with a listener of their own" },
	{ "permissive", CONF_BOOL_T, AT(permissive),
	    .text = "also let plain text in where no PeerAuthentication says "
	    "otherwise" },
	{ "standalone", CONF_BOOL_T, AT(standalone),
	    .text = "no control: documents come from --config alone" },
	{ "stateDir", CONF_STRING_T, AT(state_dir), .pattern = CONF_PATH,
	    .text = "directory for identity, trust and last good documents" },
	{ "inboundListen", CONF_STRING_T, AT(inbound_listen),
	    .pattern = CONF_LISTEN, .fallback = ":7710",
	    .text = "where other sidecars come in, by mutual TLS" },
	{ "outboundListen", CONF_STRING_T, AT(outbound_listen),
	    .pattern = CONF_LISTEN, .fallback = "127.0.0.1:7711",
	    .text = "where the application sends HTTP for any service" },
	{ "adminListen", CONF_STRING_T, AT(admin_listen), .pattern = CONF_LISTEN,
	    .fallback = "127.0.0.1:7719", .text = "health and metrics" },
	{ "adminSocket", CONF_STRING_T, AT(admin_socket), .pattern = CONF_PATH,
	    .text = "the same on a local socket; default: "
	    "/run/mesh/proxy/NAME.sock if that directory is there" },
	{ "hostsFile", CONF_STRING_T, AT(hosts_file), .pattern = CONF_PATH,
	    .fallback = "/etc/hosts", .text = "addresses of hosts outside, asked "
	    "before DNS" },
	{ "resolvConf", CONF_STRING_T, AT(resolv_conf), .pattern = CONF_PATH,
	    .fallback = "/etc/resolv.conf", .text = "which DNS servers are asked "
	    "for hosts outside" },
	{ "caFile", CONF_STRING_T, AT(ca_file), .pattern = CONF_PATH,
	    .fallback = "/etc/ssl/certs/ca-certificates.crt",
	    .text = "certificates of the system's authorities, in PEM" },
	{ "sandbox", CONF_BOOL_T, AT(sandbox), .fallback = "true",
	    .text = "give up what it does not need: files, system calls, "
	    "capabilities" },
	{ "workers", CONF_INT_T, AT(workers), .min = 0, .max = 64,
	    .fallback = "0", .text = "threads that carry traffic; 0: one for each "
	    "CPU, at most two" },
	{ "drainTime", CONF_DURATION_T, AT(drain_ms), .min = 0, .max = DAY_MS,
	    .fallback = "30s", .text = "how long a stop waits for requests" },
	{ "connectTimeout", CONF_DURATION_T, AT(connect_ms), .min = 1,
	    .max = 60000, .fallback = "1s", .text = "to reach one endpoint" },
	{ "responseTimeout", CONF_DURATION_T, AT(response_ms), .min = 0,
	    .max = DAY_MS, .fallback = "15s",
	    .text = "from the end of a request to the reply's head; 0s: none" },
	{ "balancer", CONF_ENUM_T, AT(balancer), .words = balancers,
	    .fallback = "peakEWMA",
	    .text = "how an endpoint is chosen, weights aside" },
	{ "logLevel", CONF_STRING_T, AT(log_level), .fallback = "info",
	    .text = "error, warn, info or debug, also by part: info,tls=debug" },
	{ "logFormat", CONF_ENUM_T, AT(log_format), .words = log_formats,
	    .fallback = "text", .text = "how lines of the log are written" },
	{ "accessLog", CONF_STRING_T, AT(access_log), .pattern = CONF_PATH,
	    .fallback = "stdout", .text = "stdout, none or a file" },
	{ "datagrams", CONF_STRUCT_T, AT(datagrams),
	    .schema = &datagrams_schema, .text = "sessions of UDP" },
	{ "overload", CONF_STRUCT_T, AT(overload), .schema = &overload_schema,
	    .text = "what it may use before it refuses new work" },
	{ "filters", CONF_STRUCT_T, AT(filters), .schema = &model_chains_schema,
	    .text = "filters of this proxy, before those of MeshConfig" },
	{ 0 },
};

const struct conf_schema model_proxy_spec_schema = { "Proxy spec",
	sizeof(struct model_proxy_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_proxy, spec),
	    .schema = &model_proxy_spec_schema, .required = true, .text = "its settings" },
	{ 0 },
};

static int
verify_apps(const struct model_proxy *p, const struct conf_node *apps,
    struct err *err)
{
	for (size_t i = 0; i < p->spec.apps_len; i++) {
		/* The decoded struct is ours until it is handed out. */
		struct model_app *app = &p->spec.apps[i];
		struct slice host;

		if (conf_get(conf_at(apps, i), "protocol") == NULL)
			app->protocol = p->spec.protocol;
		if (app->port == 0)
			conf_host_port(slice_str(app->address), &host, &app->port);
		for (size_t j = 0; j < i; j++)
			if (p->spec.apps[j].port == app->port &&
			    (p->spec.apps[j].protocol == MODEL_APP_UDP) ==
			    (app->protocol == MODEL_APP_UDP))
				return conf_error(conf_at(apps, i), err,
				    "spec.apps: port %u stands twice, expected each "
				    "once", app->port);
	}
	return 0;
}

uint16_t
model_exposed_port(const struct model_exposed *e)
{
	struct slice host;
	uint16_t port = 0;

	conf_host_port(slice_str(e->listen), &host, &port);
	return port;
}

static bool
has_app(const struct model_proxy_spec *s, uint16_t port)
{
	for (size_t i = 0; i < s->apps_len; i++)
		if (s->apps[i].port == port &&
		    s->apps[i].protocol != MODEL_APP_UDP)
			return true;
	return false;
}

static int
verify_exposed(const struct model_proxy_spec *s, const struct conf_node *list,
    struct err *err)
{
	for (size_t i = 0; i < s->exposed_len; i++) {
		const struct model_exposed *e = &s->exposed[i];
		const struct conf_node *at = conf_at(list, i);

		if (!has_app(s, e->port))
			return conf_error(conf_get(at, "port"), err,
			    "spec.exposed: expected the port of an app, not of "
			    "datagrams, found %u", e->port);
		if (model_exposed_port(e) == 0)
			return conf_error(conf_get(at, "listen"), err,
			    "spec.exposed: expected a port that others can know, "
			    "found \"%s\"", e->listen);
		for (size_t j = 0; j < i; j++)
			if (s->exposed[j].port == e->port ||
			    model_exposed_port(&s->exposed[j]) ==
			    model_exposed_port(e))
				return conf_error(at, err, "spec.exposed: port %u "
				    "at \"%s\" stands twice, expected each once",
				    e->port, e->listen);
	}
	return 0;
}

static bool
is_app_health(struct slice s)
{
	return slice_is(s, "tcp") || slice_has_prefix(s, SLICE("http:/")) ||
	    slice_is(s, "grpc") || (slice_has_prefix(s, SLICE("grpc:")) &&
	    s.len > 5 && s.len <= 5 + 256);
}

static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	const struct model_proxy *p = filled;
	const struct conf_node *spec = conf_get(doc, "spec");

	if (!is_app_health(slice_str(p->spec.app_health)))
		return conf_error(conf_get(spec, "appHealth"), err,
		    "spec.appHealth: expected tcp, http:/path, grpc or "
		    "grpc:NAME, found \"%s\"", p->spec.app_health);
	if (verify_apps(p, conf_get(spec, "apps"), err) != 0)
		return -1;
	return verify_exposed(&p->spec, conf_get(spec, "exposed"), err);
}

static const struct conf_schema schema = { "Proxy",
	sizeof(struct model_proxy), fields, verify };

const struct model_proxy *
model_proxy(const struct model_object *o)
{
	check(o->kind == &model_proxy_kind);
	return (const struct model_proxy *)(const void *)o->head;
}

static const struct model_column columns[] = {
	{ NULL, NULL, false },
};

const struct model_kind model_proxy_kind = {
	.kind = "Proxy", .plural = "proxies", .group = "mesh",
	.versions = versions, .namespaced = true, .stored = false,
	.delivery = MODEL_TO_NOBODY, .schema = &schema, .columns = columns,
	.text = "settings of one mesh proxy; fields are its flags",
};
