#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/gateway.h"

static const char *const versions[] = { MODEL_GATEWAY_GROUP "/v1",
	MODEL_GATEWAY_GROUP "/v1beta1", MODEL_GATEWAY_GROUP "/v1alpha2", NULL };
static const char *const froms[] = {
	[MODEL_FROM_SAME] = "Same",
	[MODEL_FROM_ALL] = "All",
	[MODEL_FROM_SELECTOR] = "Selector",
	[MODEL_FROM_NONE] = "None",
	NULL,
};
static const char *const client_modes[] = {
	[MODEL_CLIENT_REQUIRED] = "AllowValidOnly",
	[MODEL_CLIENT_INSECURE] = "AllowInsecureFallback",
	NULL,
};
static const char *const scopes[] = { "All", "None", NULL };

/* --- addresses, infrastructure ------------------------------------------------ */

static const struct conf_field address_fields[] = {
	{ "type", CONF_STRING_T, CONF_AT(struct model_gateway_address, type),
	    .pattern = CONF_LABEL_KEY, .fallback = "IPAddress",
	    .text = "IPAddress or Hostname" },
	{ "value", CONF_STRING_T, CONF_AT(struct model_gateway_address, value),
	    .min = 0, .max = 253, .text = "the address; default: any" },
	{ 0 },
};

static const struct conf_schema address_schema = { "Gateway address",
	sizeof(struct model_gateway_address), address_fields, NULL };

static int
address_rule(const void *value, const struct conf_place *at)
{
	const struct model_gateway_address *a = value;
	enum conf_pattern pattern = strcmp(a->type, "Hostname") == 0 ?
	    CONF_HOSTNAME : CONF_IP;

	if (strchr(a->type, '/') != NULL || a->value == NULL || a->value[0] == '\0')
		return 0;
	if (pattern == CONF_IP && strcmp(a->type, "IPAddress") != 0)
		return conf_fail(at, "type: expected IPAddress, Hostname or "
		    "DOMAIN/NAME, found \"%s\"", a->type);
	return conf_pattern_match(pattern, slice_str(a->value)) ? 0 :
	    conf_fail(at, "value: expected %s, found \"%s\"",
	    conf_pattern_expected(pattern), a->value);
}

static const struct conf_field infrastructure_fields[] = {
	{ "labels", CONF_PAIRS_T, CONF_AT(struct model_infrastructure, labels),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .text = "labels of what stands behind it" },
	{ "annotations", CONF_PAIRS_T,
	    CONF_AT(struct model_infrastructure, annotations),
	    .key_pattern = CONF_LABEL_KEY, .text = "texts of what stands behind it" },
	{ "parametersRef", CONF_POINTER_T,
	    CONF_AT(struct model_infrastructure, parameters),
	    .schema = &model_local_ref_schema, .text = "settings of its own" },
	{ 0 },
};

static const struct conf_schema infrastructure_schema = { "infrastructure",
	sizeof(struct model_infrastructure), infrastructure_fields, NULL };

static const struct conf_field namespaces_fields[] = {
	{ "from", CONF_ENUM_T, CONF_AT(struct model_namespaces, from),
	    .words = froms, .fallback = "None", .critical = true,
	    .text = "listener sets of which namespaces may add listeners" },
	{ "selector", CONF_POINTER_T, CONF_AT(struct model_namespaces, selector),
	    .schema = &model_selector_schema, .critical = true,
	    .text = "of Selector: namespaces with such labels" },
	{ 0 },
};

static const struct conf_schema namespaces_schema = { "namespaces",
	sizeof(struct model_namespaces), namespaces_fields, NULL };

static const struct conf_field allowed_fields[] = {
	{ "namespaces", CONF_STRUCT_T,
	    CONF_AT(struct model_allowed_listeners, namespaces),
	    .schema = &namespaces_schema, .text = "from where" },
	{ 0 },
};

static const struct conf_schema allowed_schema = { "allowed listeners",
	sizeof(struct model_allowed_listeners), allowed_fields, NULL };

/* --- TLS of the whole gateway ------------------------------------------------- */

static const struct conf_field validation_fields[] = {
	{ "caCertificateRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_client_validation, cas),
	    .schema = &model_secret_ref_schema, .required = true, .min_items = 1,
	    .max_items = MODEL_CLIENT_CAS, .critical = true,
	    .text = "ConfigMaps or Secrets with ca.crt, or "
	    "ClusterFederatedTrustDomains" },
	{ "mode", CONF_ENUM_T, CONF_AT(struct model_client_validation, mode),
	    .words = client_modes, .fallback = "AllowValidOnly", .critical = true,
	    .text = "whether clients without a good certificate are let in" },
	{ 0 },
};

static const struct conf_schema validation_schema = { "client validation",
	sizeof(struct model_client_validation), validation_fields, NULL };

static const struct conf_field frontend_tls_fields[] = {
	{ "validation", CONF_POINTER_T, CONF_AT(struct model_frontend_tls, validation),
	    .schema = &validation_schema, .critical = true,
	    .text = "who may sign clients' certificates" },
	{ 0 },
};

static const struct conf_schema frontend_tls_schema = { "frontend TLS",
	sizeof(struct model_frontend_tls), frontend_tls_fields, NULL };

static const struct conf_field port_fields[] = {
	{ "port", CONF_PORT_T, CONF_AT(struct model_port_tls, port),
	    .required = true, .text = "listeners with this port" },
	{ "tls", CONF_STRUCT_T, CONF_AT(struct model_port_tls, tls),
	    .schema = &frontend_tls_schema, .required = true,
	    .text = "what holds there" },
	{ 0 },
};

static const struct conf_schema port_schema = { "TLS of a port",
	sizeof(struct model_port_tls), port_fields, NULL };

static const struct conf_field frontend_fields[] = {
	{ "default", CONF_STRUCT_T, CONF_AT(struct model_gateway_frontend, first),
	    .schema = &frontend_tls_schema, .required = true,
	    .text = "what holds for all HTTPS listeners" },
	{ "perPort", CONF_STRUCT_T, CONF_LIST_AT(struct model_gateway_frontend, ports),
	    .schema = &port_schema, .max_items = 64,
	    .text = "what holds for some instead" },
	{ 0 },
};

static const struct conf_schema frontend_schema = { "frontend",
	sizeof(struct model_gateway_frontend), frontend_fields, NULL };

static int
frontend_rule(const void *value, const struct conf_place *at)
{
	const struct model_gateway_frontend *f = value;

	for (size_t i = 0; i < f->ports_len; i++)
		for (size_t j = 0; j < i; j++)
			if (f->ports[i].port == f->ports[j].port)
				return conf_fail(at, "perPort[%zu].port: port %u "
				    "stands twice, expected each once", i,
				    f->ports[i].port);
	return 0;
}

static const struct conf_field backend_fields[] = {
	{ "clientCertificateRef", CONF_POINTER_T,
	    CONF_AT(struct model_gateway_backend, certificate),
	    .schema = &model_secret_ref_schema,
	    .text = "Secret with what it shows to backends" },
	{ 0 },
};

static const struct conf_schema backend_schema = { "backend",
	sizeof(struct model_gateway_backend), backend_fields, NULL };

static const struct conf_field tls_fields[] = {
	{ "backend", CONF_POINTER_T, CONF_AT(struct model_gateway_tls, backend),
	    .schema = &backend_schema, .text = "towards backends" },
	{ "frontend", CONF_POINTER_T, CONF_AT(struct model_gateway_tls, frontend),
	    .schema = &frontend_schema, .rule = frontend_rule, .critical = true,
	    .text = "towards clients" },
	{ 0 },
};

static const struct conf_schema tls_schema = { "Gateway TLS",
	sizeof(struct model_gateway_tls), tls_fields, NULL };

/* --- Gateway ------------------------------------------------------------------ */

#define SPEC(member)	CONF_AT(struct model_gateway_spec, member)

static const struct conf_field spec_fields[] = {
	{ "gatewayClassName", CONF_STRING_T, SPEC(class_name), .min = 1, .max = 253,
	    .required = true, .text = "its GatewayClass; "
	    MODEL_GATEWAY_CLASS " is ours and needs no document" },
	{ "listeners", CONF_STRUCT_T, CONF_LIST_AT(struct model_gateway_spec, listeners),
	    .schema = &model_listener_schema, .rule = model_listener_rule,
	    .max_items = MODEL_LISTENERS_MAX, .text = "where it takes traffic" },
	{ "addresses", CONF_STRUCT_T, CONF_LIST_AT(struct model_gateway_spec, addresses),
	    .schema = &address_schema, .rule = address_rule, .max_items = 16,
	    .text = "addresses that are asked for" },
	{ "infrastructure", CONF_POINTER_T, SPEC(infrastructure),
	    .schema = &infrastructure_schema, .text = "what stands behind it" },
	{ "allowedListeners", CONF_STRUCT_T, SPEC(allowed_listeners),
	    .schema = &allowed_schema, .text = "who may add listeners" },
	{ "tls", CONF_POINTER_T, SPEC(tls), .schema = &tls_schema,
	    .critical = true, .text = "TLS beyond single listeners" },
	{ "defaultScope", CONF_WORD_T, SPEC(default_scope), .words = scopes,
	    .text = "whether routes without parents attach" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "Gateway spec",
	sizeof(struct model_gateway_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_gateway_spec *s = value;
	const struct model_gateway_address *a = s->addresses;

	if (s->listeners_len == 0)
		return conf_fail(at, "listeners: expected at least one listener");
	for (size_t i = 0; i < s->addresses_len; i++)
		for (size_t j = 0; j < i && a[i].value != NULL; j++)
			if (a[j].value != NULL && strcmp(a[i].type, a[j].type) == 0 &&
			    strcmp(a[i].value, a[j].value) == 0)
				return conf_fail(at, "addresses[%zu].value: %s stands "
				    "twice, expected each once", i, a[i].value);
	return model_listeners_check(s->listeners, s->listeners_len, at);
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_gateway, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "Gateway",
	sizeof(struct model_gateway), fields, NULL };

const struct model_gateway *
model_gateway(const struct model_object *o)
{
	check(o->kind == &model_gateway_kind);
	return (const struct model_gateway *)(const void *)o->head;
}

static void
print_listeners(struct str *out, const struct model_listener *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s%u/%s", i > 0 ? "," : "", l[i].port, l[i].protocol);
}

static void
print_class(struct str *out, const struct model_object *o)
{
	str_add(out, model_gateway(o)->spec.class_name);
}

static void
print_own_listeners(struct str *out, const struct model_object *o)
{
	const struct model_gateway_spec *s = &model_gateway(o)->spec;

	print_listeners(out, s->listeners, s->listeners_len);
}

static const struct model_column columns[] = {
	{ "CLASS", print_class, false },
	{ "LISTENERS", print_own_listeners, false },
	{ NULL, NULL, false },
};

/* To no sidecar: only a proxy that runs it needs it. */
static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	return model_subject_runs(subject, o);
}

const struct model_kind model_gateway_kind = {
	.kind = "Gateway", .plural = "gateways", .short_name = "gtw",
	.group = MODEL_GATEWAY_GROUP, .versions = versions, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = columns, .concerns = concerns,
	.text = "where traffic from outside comes in",
};

/* --- ListenerSet -------------------------------------------------------------- */

static const char *const set_versions[] = { MODEL_GATEWAY_GROUP "/v1", NULL };

static const struct conf_field parent_fields[] = {
	{ "group", CONF_STRING_T, CONF_AT(struct model_object_ref, group),
	    .pattern = CONF_GROUP, .fallback = MODEL_GATEWAY_GROUP,
	    .text = "group of its kind" },
	{ "kind", CONF_STRING_T, CONF_AT(struct model_object_ref, kind),
	    .pattern = CONF_KIND, .fallback = "Gateway", .text = "its kind" },
	{ "namespace", CONF_STRING_T, CONF_AT(struct model_object_ref, namespace),
	    .pattern = CONF_LABEL,
	    .text = "its namespace; default: that of this document" },
	{ "name", CONF_STRING_T, CONF_AT(struct model_object_ref, name), .min = 1,
	    .max = 253, .required = true, .text = "its name" },
	{ 0 },
};

static const struct conf_schema parent_schema = { "Gateway reference",
	sizeof(struct model_object_ref), parent_fields, NULL };

static const struct conf_field set_spec_fields[] = {
	{ "parentRef", CONF_STRUCT_T, CONF_AT(struct model_listener_set_spec, parent),
	    .schema = &parent_schema, .required = true,
	    .text = "the Gateway that gets the listeners" },
	{ "listeners", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_listener_set_spec, listeners),
	    .schema = &model_listener_schema, .rule = model_listener_rule,
	    .required = true, .min_items = 1, .max_items = MODEL_LISTENERS_MAX,
	    .text = "the listeners" },
	{ 0 },
};

static const struct conf_schema set_spec_schema = { "ListenerSet spec",
	sizeof(struct model_listener_set_spec), set_spec_fields, NULL };

static int
set_spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_listener_set_spec *s = value;

	return model_listeners_check(s->listeners, s->listeners_len, at);
}

static const struct conf_field set_fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_listener_set, spec),
	    .schema = &set_spec_schema, .rule = set_spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema set_schema = { "ListenerSet",
	sizeof(struct model_listener_set), set_fields, NULL };

const struct model_listener *
model_listeners(const struct model_object *o, size_t *n)
{
	if (o->kind == &model_listener_set_kind) {
		*n = model_listener_set(o)->spec.listeners_len;
		return model_listener_set(o)->spec.listeners;
	}
	*n = model_gateway(o)->spec.listeners_len;
	return model_gateway(o)->spec.listeners;
}

const struct model_listener_set *
model_listener_set(const struct model_object *o)
{
	check(o->kind == &model_listener_set_kind);
	return (const struct model_listener_set *)(const void *)o->head;
}

static void
print_parent(struct str *out, const struct model_object *o)
{
	str_add(out, model_listener_set(o)->spec.parent.name);
}

static void
print_set_listeners(struct str *out, const struct model_object *o)
{
	const struct model_listener_set_spec *s = &model_listener_set(o)->spec;

	print_listeners(out, s->listeners, s->listeners_len);
}

static const struct model_column set_columns[] = {
	{ "GATEWAY", print_parent, false },
	{ "LISTENERS", print_set_listeners, false },
	{ NULL, NULL, false },
};

const struct model_kind model_listener_set_kind = {
	.kind = "ListenerSet", .plural = "listenersets", .short_name = "lset",
	.group = MODEL_GATEWAY_GROUP, .versions = set_versions, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &set_schema,
	.columns = set_columns, .concerns = concerns,
	.text = "listeners that a Gateway gets from another namespace",
};

/* --- GatewayClass ------------------------------------------------------------- */

static const struct conf_field class_spec_fields[] = {
	{ "controllerName", CONF_STRING_T,
	    CONF_AT(struct model_gateway_class_spec, controller),
	    .pattern = CONF_CONTROLLER, .required = true,
	    .text = "who runs its Gateways: " MODEL_CONTROLLER " is ours" },
	{ "parametersRef", CONF_POINTER_T,
	    CONF_AT(struct model_gateway_class_spec, parameters),
	    .schema = &model_secret_ref_schema, .text = "settings of its own" },
	{ "description", CONF_STRING_T,
	    CONF_AT(struct model_gateway_class_spec, description), .min = 0,
	    .max = 64, .text = "for people" },
	{ 0 },
};

static const struct conf_schema class_spec_schema = { "GatewayClass spec",
	sizeof(struct model_gateway_class_spec), class_spec_fields, NULL };

static const struct conf_field class_fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_gateway_class, spec),
	    .schema = &class_spec_schema, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema class_schema = { "GatewayClass",
	sizeof(struct model_gateway_class), class_fields, NULL };

const struct model_gateway_class *
model_gateway_class(const struct model_object *o)
{
	check(o->kind == &model_gateway_class_kind);
	return (const struct model_gateway_class *)(const void *)o->head;
}

static void
print_controller(struct str *out, const struct model_object *o)
{
	str_add(out, model_gateway_class(o)->spec.controller);
}

static const struct model_column class_columns[] = {
	{ "CONTROLLER", print_controller, false },
	{ NULL, NULL, false },
};

const struct model_kind model_gateway_class_kind = {
	.kind = "GatewayClass", .plural = "gatewayclasses", .short_name = "gc",
	.group = MODEL_GATEWAY_GROUP, .versions = versions, .namespaced = false,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &class_schema,
	.columns = class_columns, .concerns = concerns,
	.text = "who runs Gateways of this class",
};
