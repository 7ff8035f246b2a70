#include <string.h>

#include "base/check.h"
#include "model/annotation.h"
#include "model/closure.h"
#include "model/service.h"

static const char *const transports[] = { "TCP", "UDP", "SCTP", NULL };
static const char *const affinities[] = { "None", "ClientIP", NULL };
static const char *const types[] = { "ClusterIP", "NodePort", "LoadBalancer",
	"ExternalName", NULL };
static const char *const versions[] = { "v1", NULL };

/* The words of appProtocol and of ports' names. */
static const struct {
	const char         *word;
	enum model_protocol protocol;
} protocols[] = {
	{ "http", MODEL_HTTP },
	{ "http1", MODEL_HTTP },
	{ "http2", MODEL_H2C },
	{ "h2", MODEL_H2C },
	{ "h2c", MODEL_H2C },
	{ "grpc", MODEL_H2C },
	{ "ws", MODEL_WS },
	{ "tcp", MODEL_OPAQUE },
	{ "auto", MODEL_AUTO },
	{ "https", MODEL_TLS },
	{ "tls", MODEL_TLS },
	{ "wss", MODEL_TLS },
	{ "kubernetes.io/h2c", MODEL_H2C },
	{ "kubernetes.io/ws", MODEL_WS },
	{ "kubernetes.io/wss", MODEL_TLS },
};

/*
 * Carried as bytes unless they say otherwise: SMTP, submission, MySQL, Galera,
 * PostgreSQL, Redis, Elasticsearch's transport, memcached.
 */
static const uint16_t opaque_ports[] = { 25, 587, 3306, 4444, 5432, 6379, 9300,
	11211 };

#define UNUSED(field)							\
	{ field, CONF_ANY_T, CONF_AT(struct model_service_spec, ignored),	\
	    .text = "accepted, not used" }

static const struct conf_field port_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_service_port, name),
	    .pattern = CONF_LABEL,
	    .text = "unique in the service; required if there are several ports" },
	{ "port", CONF_PORT_T, CONF_AT(struct model_service_port, port),
	    .required = true, .text = "what callers ask for" },
	{ "targetPort", CONF_PORT_OR_NAME_T,
	    CONF_AT(struct model_service_port, target),
	    .text = "port of the workload, by number or by name; default: port" },
	{ "protocol", CONF_ENUM_T, CONF_AT(struct model_service_port, transport),
	    .words = transports, .fallback = "TCP", .text = "transport protocol" },
	{ "appProtocol", CONF_STRING_T,
	    CONF_AT(struct model_service_port, app_protocol),
	    .pattern = CONF_LABEL_KEY,
	    .text = "http, h2, h2c, grpc, ws, tcp, tls, auto or "
	    "kubernetes.io/{h2c,ws,wss}; any other is carried as tcp; default: "
	    "first word of the name, or auto" },
	{ "nodePort", CONF_ANY_T, CONF_AT(struct model_service_port, ignored),
	    .text = "accepted, not used" },
	{ 0 },
};

static const struct conf_schema port_schema = { "Service port",
	sizeof(struct model_service_port), port_fields, NULL };

static const struct conf_field client_ip_fields[] = {
	{ "timeoutSeconds", CONF_INT_T, CONF_AT(struct model_client_ip, timeout_s),
	    .min = 1, .max = 86400, .fallback = "10800",
	    .text = "accepted, not used: it lasts as long as the endpoint" },
	{ 0 },
};

static const struct conf_schema client_ip_schema = { "clientIP",
	sizeof(struct model_client_ip), client_ip_fields, NULL };

static const struct conf_field affinity_fields[] = {
	{ "clientIP", CONF_STRUCT_T,
	    CONF_AT(struct model_affinity_config, client_ip),
	    .schema = &client_ip_schema, .text = "of ClientIP" },
	{ 0 },
};

static const struct conf_schema affinity_schema = { "sessionAffinityConfig",
	sizeof(struct model_affinity_config), affinity_fields, NULL };

static const struct conf_field spec_fields[] = {
	{ "selector", CONF_PAIRS_T, CONF_AT(struct model_service_spec, selector),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .text = "labels of the workloads that back the service" },
	{ "ports", CONF_STRUCT_T, CONF_LIST_AT(struct model_service_spec, ports),
	    .schema = &port_schema, .max_items = 100, .text = "what it offers" },
	{ "type", CONF_ENUM_T, CONF_AT(struct model_service_spec, type),
	    .words = types, .fallback = "ClusterIP",
	    .text = "ExternalName: a host outside; the others mean the same here" },
	{ "externalName", CONF_STRING_T,
	    CONF_AT(struct model_service_spec, external_name),
	    .pattern = CONF_HOST, .text = "the host that ExternalName stands for" },
	{ "publishNotReadyAddresses", CONF_BOOL_T,
	    CONF_AT(struct model_service_spec, publish_not_ready),
	    .text = "whether backends that are not ready are called" },
	{ "sessionAffinity", CONF_ENUM_T,
	    CONF_AT(struct model_service_spec, affinity), .words = affinities,
	    .fallback = "None",
	    .text = "ClientIP: what one caller sends goes to one endpoint" },
	{ "sessionAffinityConfig", CONF_STRUCT_T,
	    CONF_AT(struct model_service_spec, affinity_config),
	    .schema = &affinity_schema, .text = "how long that lasts" },
	UNUSED("clusterIP"),
	UNUSED("clusterIPs"),
	UNUSED("externalIPs"),
	UNUSED("ipFamilies"),
	UNUSED("ipFamilyPolicy"),
	UNUSED("internalTrafficPolicy"),
	UNUSED("externalTrafficPolicy"),
	UNUSED("trafficDistribution"),
	UNUSED("loadBalancerIP"),
	UNUSED("loadBalancerClass"),
	UNUSED("loadBalancerSourceRanges"),
	UNUSED("allocateLoadBalancerNodePorts"),
	UNUSED("healthCheckNodePort"),
	{ 0 },
};

static const struct conf_schema spec_schema = { "Service spec",
	sizeof(struct model_service_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_service, spec),
	    .schema = &spec_schema, .required = true, .text = "what is wanted" },
	{ 0 },
};

/* Ports must differ in name and in number; b is the later one. */
static int
verify_pair(const struct model_service_port *a, const struct model_service_port *b,
    const struct conf_node *later, struct err *err)
{
	if (a->name != NULL && b->name != NULL && strcmp(a->name, b->name) == 0)
		return conf_error(conf_get(later, "name"), err,
		    "spec.ports: the name \"%s\" stands twice, expected each once",
		    b->name);
	if (a->port == b->port && a->transport == b->transport)
		return conf_error(conf_get(later, "port"), err,
		    "spec.ports: port %u %s stands twice, expected each once",
		    b->port, transports[b->transport]);
	return 0;
}

static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	const struct model_service *s = filled;
	const struct conf_node *spec = conf_get(doc, "spec");
	const struct conf_node *ports = conf_get(spec, "ports");
	size_t n = s->spec.ports_len;
	bool external = s->spec.type == MODEL_EXTERNAL_NAME;

	if (external && s->spec.external_name == NULL)
		return conf_error(spec, err, "spec.externalName: the required "
		    "field is missing for type ExternalName");
	if (!external && n == 0)
		return conf_error(ports == NULL ? spec : ports, err,
		    "spec.ports: expected at least one port");
	for (size_t i = 0; i < n; i++) {
		const struct conf_node *port = conf_at(ports, i);

		if (n > 1 && s->spec.ports[i].name == NULL)
			return conf_error(port, err, "spec.ports[%zu].name: the "
			    "required field is missing, as there are several "
			    "ports", i);
		for (size_t j = 0; j < i; j++)
			if (verify_pair(&s->spec.ports[j], &s->spec.ports[i], port,
			    err) < 0)
				return -1;
	}
	return model_verify_label_name(doc, err);
}

static const struct conf_schema schema = { "Service",
	sizeof(struct model_service), fields, verify };

const struct model_service *
model_service(const struct model_object *o)
{
	check(o->kind == &model_service_kind);
	return (const struct model_service *)(const void *)o->head;
}

bool
model_service_allows_plaintext(const struct model_object *o)
{
	return model_annotation_is_true(model_annotation(o, MODEL_PLAINTEXT));
}

const struct model_service_port *
model_service_port(const struct model_service *s, uint16_t port)
{
	const struct model_service_port *tcp = model_service_port_on(s, port,
	    MODEL_TCP);

	return tcp != NULL ? tcp : model_service_port_on(s, port, MODEL_UDP);
}

const struct model_service_port *
model_service_port_on(const struct model_service *s, uint16_t port,
    enum model_transport transport)
{
	for (size_t i = 0; i < s->spec.ports_len; i++)
		if (s->spec.ports[i].port == port &&
		    s->spec.ports[i].transport == (int)transport)
			return &s->spec.ports[i];
	return NULL;
}

const char *
model_protocol_word(size_t i)
{
	return i < sizeof(protocols) / sizeof(protocols[0]) ?
	    protocols[i].word : NULL;
}

bool
model_protocol_named(struct slice word, enum model_protocol *p)
{
	*p = MODEL_OPAQUE;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (slice_ieq(word, slice_str(protocols[i].word))) {
			*p = protocols[i].protocol;
			return true;
		}
	return false;
}

static bool
find_declared(const struct model_service_port *p, enum model_protocol *found)
{
	struct slice name = slice_str(p->name), word = slice_str(p->app_protocol);

	if (p->app_protocol == NULL)
		slice_cut(&name, '-', &word);
	return model_protocol_named(word, found) || p->app_protocol != NULL;
}

bool
model_port_takes_requests(const struct model_service_port *p)
{
	enum model_protocol is = model_port_protocol(p);

	return p->transport != MODEL_UDP && is != MODEL_OPAQUE && is != MODEL_TLS;
}

bool
model_port_is_declared(const struct model_service_port *p)
{
	enum model_protocol found;

	return find_declared(p, &found);
}

enum model_protocol
model_port_protocol(const struct model_service_port *p)
{
	enum model_protocol found;

	if (find_declared(p, &found))
		return found;
	for (size_t i = 0; i < sizeof(opaque_ports) / sizeof(opaque_ports[0]);
	    i++)
		if (p->port == opaque_ports[i])
			return MODEL_OPAQUE;
	return MODEL_AUTO;
}

const char *
model_protocol_name(enum model_protocol p)
{
	static const char *const names[] = { [MODEL_OPAQUE] = "tcp",
		[MODEL_HTTP] = "http", [MODEL_H2C] = "h2c", [MODEL_WS] = "ws",
		[MODEL_TLS] = "tls", [MODEL_AUTO] = "auto" };

	return names[p];
}

const char *
model_port_word(const struct model_service_port *p)
{
	return p->transport == MODEL_UDP ? "udp" :
	    model_protocol_name(model_port_protocol(p));
}

static void
print_type(struct str *out, const struct model_object *o)
{
	str_add(out, types[model_service(o)->spec.type]);
}

static void
print_ports(struct str *out, const struct model_object *o)
{
	const struct model_service *s = model_service(o);

	for (size_t i = 0; i < s->spec.ports_len; i++)
		str_addf(out, "%s%u/%s", i > 0 ? "," : "", s->spec.ports[i].port,
		    model_port_word(&s->spec.ports[i]));
}

static void
print_selector(struct str *out, const struct model_object *o)
{
	const struct conf_pairs *p = &model_service(o)->spec.selector;

	for (size_t i = 0; i < p->len; i++)
		str_addf(out, "%s%s=%s", i > 0 ? "," : "", p->items[i].key,
		    p->items[i].value);
}

static void
print_origin(struct str *out, const struct model_object *o)
{
	str_add(out, model_annotation(o, MODEL_AUTO_CREATED) != NULL ?
	    "workload" : "declared");
}

static const struct model_column columns[] = {
	{ "TYPE", print_type, false },
	{ "PORTS", print_ports, false },
	{ "SELECTOR", print_selector, true },
	{ "ORIGIN", print_origin, true },
	{ NULL, NULL, false },
};

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	if (model_service(o)->spec.type == MODEL_EXTERNAL_NAME &&
	    model_subject_is_local(subject, o->head->meta.namespace))
		return true;
	return model_subject_offers(subject, o) ||
	    model_subject_calls(subject, o->head->meta.namespace,
	    o->head->meta.name) != NULL;
}

const struct model_kind model_service_kind = {
	.kind = "Service", .plural = "services", .short_name = "svc",
	.group = "core", .versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema, .columns = columns,
	.concerns = concerns,
	.text = "a name under which workloads are called, with its ports",
};
