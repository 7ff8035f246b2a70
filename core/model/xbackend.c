#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/xbackend.h"

static const char *const versions[] = { MODEL_X_GROUP "/v1alpha1", NULL };
static const char *const types[] = { "ExternalHostname", "EndpointSelector",
	NULL };
static const char *const modes[] = { "None", "ServerOnly", "ClientAndServer",
	NULL };
static const char *const protocols[] = { "TCP", "HTTP", "HTTP11", "HTTP2", "H2C",
	"GRPC", "MCP", "WSS", NULL };

#define SPEC(member)	CONF_AT(struct model_xbackend_spec, member)
#define PORT(member)	CONF_AT(struct model_xbackend_port, member)
#define TLS(member)	CONF_AT(struct model_xbackend_tls, member)

static const struct conf_field host_fields[] = {
	{ "hostname", CONF_STRING_T, CONF_AT(struct model_xbackend_host, hostname),
	    .pattern = CONF_PRECISE_HOSTNAME, .required = true,
	    .text = "its name, no address" },
	{ 0 },
};

static const struct conf_schema host_schema = { "external host",
	sizeof(struct model_xbackend_host), host_fields, NULL };

static const struct conf_field selector_fields[] = {
	{ "matchLabels", CONF_PAIRS_T,
	    CONF_AT(struct model_xbackend_selector, labels),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .required = true, .text = "labels of the workloads" },
	{ 0 },
};

static const struct conf_schema selector_schema = { "endpoint selector",
	sizeof(struct model_xbackend_selector), selector_fields, NULL };

static const struct conf_field port_fields[] = {
	{ "name", CONF_STRING_T, PORT(name), .pattern = CONF_LABEL,
	    .text = "for people" },
	{ "number", CONF_PORT_T, PORT(number), .text = "where it is reached" },
	{ "port", CONF_PORT_T, PORT(port), .text = "the same, as it was called" },
	{ 0 },
};

static const struct conf_schema port_schema = { "XBackend port",
	sizeof(struct model_xbackend_port), port_fields, NULL };

static const struct conf_field tls_fields[] = {
	{ "mode", CONF_ENUM_T, TLS(mode), .words = modes, .required = true,
	    .chooses = true, .text = "who shows a certificate" },
	{ "clientCertificateRef", CONF_POINTER_T, TLS(certificate),
	    .schema = &model_secret_ref_schema, .arm = "ClientAndServer",
	    .text = "the Secret with the one that the proxy shows" },
	{ "validation", CONF_POINTER_T, TLS(validation),
	    .schema = &model_backend_validation_schema,
	    .rule = model_backend_validation_rule, .critical = true,
	    .text = "what the host's must be; default: its name, by those of "
	    "the system" },
	{ 0 },
};

static const struct conf_schema tls_schema = { "XBackend TLS",
	sizeof(struct model_xbackend_tls), tls_fields, NULL };

static int
port_rule(const void *value, const struct conf_place *at)
{
	const struct model_xbackend_port *p = value;

	if ((p->number != 0) != (p->port != 0))
		return 0;
	return conf_fail(at, ": expected number or port, found %s",
	    p->number != 0 ? "both" : "neither");
}

static int
host_rule(const void *value, const struct conf_place *at)
{
	const struct model_xbackend_host *h = value;

	if (!slice_has_suffix(slice_str(h->hostname), SLICE(".cluster.local")))
		return 0;
	return conf_fail(at, "hostname: expected one outside, found \"%s\"",
	    h->hostname);
}

static const struct conf_field spec_fields[] = {
	{ "type", CONF_ENUM_T, SPEC(type), .words = types, .required = true,
	    .chooses = true, .text = "a host outside, or some workloads" },
	{ "externalHostname", CONF_STRUCT_T, SPEC(host), .schema = &host_schema,
	    .rule = host_rule, .arm = "ExternalHostname", .text = "which host" },
	{ "endpointSelector", CONF_STRUCT_T, SPEC(selector),
	    .schema = &selector_schema, .arm = "EndpointSelector",
	    .text = "which workloads" },
	{ "port", CONF_STRUCT_T, SPEC(port), .schema = &port_schema,
	    .rule = port_rule, .required = true, .text = "where it listens" },
	{ "protocol", CONF_WORD_T, SPEC(protocol), .words = protocols,
	    .text = "what it speaks; default: HTTP" },
	{ "tls", CONF_POINTER_T, SPEC(tls), .schema = &tls_schema,
	    .critical = true, .text = "TLS to it; default: none" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "XBackend spec",
	sizeof(struct model_xbackend_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_xbackend_spec *s = value;
	struct slice says = slice_str(s->protocol);

	if (slice_is(says, "H2C") && s->tls != NULL)
		return conf_fail(at, "tls: expected none beside protocol H2C, "
		    "which HTTP2 is with TLS");
	if ((slice_is(says, "HTTP2") || slice_is(says, "WSS")) && s->tls == NULL)
		return conf_fail(at, "tls: the required field is missing for "
		    "protocol %s", s->protocol);
	return 0;
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_xbackend, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	const struct model_xbackend *x = filled;

	if (model_verify_label_name(doc, err) < 0)
		return -1;
	if (strlen(x->head.meta.name) <= MODEL_XBACKEND_NAME_MAX)
		return 0;
	return conf_error(conf_find(doc, "metadata.name"), err, "metadata.name: "
	    "expected at most %d characters, found %zu", MODEL_XBACKEND_NAME_MAX,
	    strlen(x->head.meta.name));
}

static const struct conf_schema schema = { "XBackend",
	sizeof(struct model_xbackend), fields, verify };

const struct model_xbackend *
model_xbackend(const struct model_object *o)
{
	check(o->kind == &model_xbackend_kind);
	return (const struct model_xbackend *)(const void *)o->head;
}

uint16_t
model_xbackend_port(const struct model_xbackend *x)
{
	return x->spec.port.number != 0 ? x->spec.port.number : x->spec.port.port;
}

bool
model_xbackend_is_host(const struct model_object *o)
{
	return model_xbackend(o)->spec.type == MODEL_EXTERNAL_HOSTNAME;
}

bool
model_xbackend_has_tls(const struct model_object *o)
{
	const struct model_xbackend_tls *tls = model_xbackend(o)->spec.tls;

	return tls != NULL && tls->mode != MODEL_TLS_NONE;
}

const struct model_object_ref *
model_xbackend_shown(const struct model_object *o)
{
	const struct model_xbackend_tls *tls = model_xbackend(o)->spec.tls;

	return tls == NULL || tls->mode != MODEL_TLS_CLIENT_AND_SERVER ? NULL :
	    tls->certificate;
}

const struct model_backend_validation *
model_validation_of(const struct model_object *o)
{
	if (o->kind == &model_backend_tls_policy_kind)
		return &model_backend_tls_policy(o)->spec.validation;
	return o->kind == &model_xbackend_kind && model_xbackend_has_tls(o) ?
	    model_xbackend(o)->spec.tls->validation : NULL;
}

static void
print_host(struct str *out, const struct model_object *o)
{
	str_add(out, model_xbackend_is_host(o) ?
	    model_xbackend(o)->spec.host.hostname : "-");
}

static void
print_port(struct str *out, const struct model_object *o)
{
	str_addf(out, "%u", model_xbackend_port(model_xbackend(o)));
}

static void
print_protocol(struct str *out, const struct model_object *o)
{
	const char *says = model_xbackend(o)->spec.protocol;

	str_add(out, says == NULL ? "HTTP" : says);
}

static void
print_tls(struct str *out, const struct model_object *o)
{
	const struct model_xbackend_tls *tls = model_xbackend(o)->spec.tls;

	str_add(out, modes[tls == NULL ? MODEL_TLS_NONE : tls->mode]);
}

static const struct model_column columns[] = {
	{ "HOST", print_host, false },
	{ "PORT", print_port, false },
	{ "PROTOCOL", print_protocol, false },
	{ "TLS", print_tls, false },
	{ NULL, NULL, false },
};

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	const struct model_metadata *m = &o->head->meta;
	char service[MODEL_BACKEND_NAME_MAX];

	return model_subject_is_local(subject, m->namespace) ||
	    (model_backend_service_name(o->kind->group, o->kind->kind, m->name,
	    service) && model_subject_calls(subject, m->namespace, service) !=
	    NULL);
}

const struct model_kind model_xbackend_kind = {
	.kind = "XBackend", .plural = "xbackends", .short_name = "xbackend",
	.group = MODEL_X_GROUP, .versions = versions, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = columns, .concerns = concerns,
	.text = "a host outside that routes send to, and how it is known",
};
