#include "base/check.h"
#include "model/closure.h"
#include "model/endpoint_slice.h"

static const char *const transports[] = { "TCP", "UDP", "SCTP", NULL };
static const char *const address_types[] = { "IPv4", "IPv6", "FQDN", NULL };
static const char *const versions[] = { "discovery.k8s.io/v1", NULL };

enum { IPV4, IPV6, FQDN };

static const struct conf_field condition_fields[] = {
	{ "ready", CONF_BOOL_T, CONF_AT(struct model_slice_conditions, ready),
	    .fallback = "true", .text = "takes new connections" },
	{ "serving", CONF_BOOL_T, CONF_AT(struct model_slice_conditions, serving),
	    .fallback = "true", .text = "answers, though it may be terminating" },
	{ "terminating", CONF_BOOL_T,
	    CONF_AT(struct model_slice_conditions, terminating),
	    .text = "about to go" },
	{ 0 },
};

static const struct conf_schema condition_schema = { "endpoint conditions",
	sizeof(struct model_slice_conditions), condition_fields, NULL };

#define UNUSED(field)							\
	{ field, CONF_ANY_T, CONF_AT(struct model_slice_endpoint, ignored),	\
	    .text = "accepted, not used" }

static const struct conf_field endpoint_fields[] = {
	{ "addresses", CONF_STRING_T,
	    CONF_LIST_AT(struct model_slice_endpoint, addresses),
	    .required = true, .pattern = CONF_HOST, .max_items = 100,
	    .text = "addresses of one backend; the first is called" },
	{ "conditions", CONF_STRUCT_T,
	    CONF_AT(struct model_slice_endpoint, conditions),
	    .schema = &condition_schema, .text = "its state" },
	{ "hostname", CONF_STRING_T, CONF_AT(struct model_slice_endpoint, hostname),
	    .pattern = CONF_LABEL, .text = "its name among the backends" },
	{ "nodeName", CONF_STRING_T, CONF_AT(struct model_slice_endpoint, node),
	    .text = "the machine that it runs on" },
	{ "zone", CONF_STRING_T, CONF_AT(struct model_slice_endpoint, zone),
	    .pattern = CONF_LABEL_VALUE, .text = "where it runs" },
	UNUSED("targetRef"),
	UNUSED("hints"),
	UNUSED("deprecatedTopology"),
	{ 0 },
};

static const struct conf_schema endpoint_schema = { "endpoint",
	sizeof(struct model_slice_endpoint), endpoint_fields, NULL };

static const struct conf_field port_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_slice_port, name),
	    .text = "the service port's name that it belongs to" },
	{ "port", CONF_PORT_T, CONF_AT(struct model_slice_port, port),
	    .required = true, .text = "where the backends listen" },
	{ "protocol", CONF_ENUM_T, CONF_AT(struct model_slice_port, transport),
	    .words = transports, .fallback = "TCP", .text = "transport protocol" },
	{ "appProtocol", CONF_STRING_T,
	    CONF_AT(struct model_slice_port, app_protocol),
	    .pattern = CONF_LABEL_KEY, .text = "of a port of which the Service says nothing" },
	{ 0 },
};

static const struct conf_schema port_schema = { "EndpointSlice port",
	sizeof(struct model_slice_port), port_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "addressType", CONF_ENUM_T,
	    CONF_AT(struct model_endpoint_slice, address_type),
	    .words = address_types, .required = true,
	    .text = "what its addresses are" },
	{ "endpoints", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_endpoint_slice, endpoints),
	    .schema = &endpoint_schema, .max_items = 1000, .text = "the backends" },
	{ "ports", CONF_STRUCT_T, CONF_LIST_AT(struct model_endpoint_slice, ports),
	    .schema = &port_schema, .max_items = 100,
	    .text = "ports that all of them have" },
	{ 0 },
};

static bool
fits(int type, struct slice address)
{
	bool ip = conf_pattern_match(CONF_IP, address);
	bool has_colon = slice_find(address, ':') >= 0;

	return type == FQDN ? !ip : ip && has_colon == (type == IPV6);
}

static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	const struct model_endpoint_slice *s = filled;
	const char *weight = conf_pairs_get(&s->head.meta.annotations,
	    MODEL_WEIGHT);
	uint64_t number;
	size_t i = 0;

	CONF_FOREACH(e, conf_get(doc, "endpoints")) {
		CONF_FOREACH(address, conf_get(e->node, "addresses"))
			if (!fits(s->address_type, address->node->text))
				return conf_error(address->node, err,
				    "endpoints[%zu].addresses: expected %s, as "
				    "addressType says, found \"%s\"", i,
				    address_types[s->address_type],
				    address->node->text.ptr);
		if (s->endpoints[i++].addresses_len == 0)
			return conf_error(e->node, err, "endpoints[%zu].addresses: "
			    "expected at least one address", i - 1);
	}
	if (weight != NULL && (!slice_u64(slice_str(weight), &number) ||
	    number > MODEL_WEIGHT_MAX))
		return conf_error(conf_find(doc, "metadata.annotations"), err,
		    "metadata.annotations[" MODEL_WEIGHT "]: expected a whole "
		    "number from 0 to %d, found \"%s\"", MODEL_WEIGHT_MAX, weight);
	return 0;
}

static const struct conf_schema schema = { "EndpointSlice",
	sizeof(struct model_endpoint_slice), fields, verify };

const struct model_endpoint_slice *
model_endpoint_slice(const struct model_object *o)
{
	check(o->kind == &model_endpoint_slice_kind);
	return (const struct model_endpoint_slice *)(const void *)o->head;
}

const char *
model_slice_service(const struct model_object *o)
{
	return conf_pairs_get(&o->head->meta.labels, MODEL_SERVICE_NAME_LABEL);
}

uint32_t
model_slice_weight(const struct model_object *o)
{
	const char *text = model_annotation(o, MODEL_WEIGHT);
	uint64_t weight;

	return slice_u64(slice_str(text), &weight) ? (uint32_t)weight : 1;
}

static void
print_service(struct str *out, const struct model_object *o)
{
	const char *name = model_slice_service(o);

	str_add(out, name == NULL ? "-" : name);
}

static void
print_ports(struct str *out, const struct model_object *o)
{
	const struct model_endpoint_slice *s = model_endpoint_slice(o);

	for (size_t i = 0; i < s->ports_len; i++)
		str_addf(out, "%s%u", i > 0 ? "," : "", s->ports[i].port);
}

static void
print_endpoints(struct str *out, const struct model_object *o)
{
	str_addf(out, "%zu", model_endpoint_slice(o)->endpoints_len);
}

static const struct model_column columns[] = {
	{ "SERVICE", print_service, false },
	{ "PORTS", print_ports, false },
	{ "ENDPOINTS", print_endpoints, false },
	{ NULL, NULL, false },
};

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	const char *name = model_slice_service(o);

	return name != NULL && model_subject_calls(subject,
	    o->head->meta.namespace, name) != NULL;
}

const struct model_kind model_endpoint_slice_kind = {
	.kind = "EndpointSlice", .plural = "endpointslices", .short_name = "es",
	.group = "discovery.k8s.io", .versions = versions, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = columns, .concerns = concerns,
	.text = "addresses without a sidecar that back a service",
};
