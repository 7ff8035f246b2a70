#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/service.h"
#include "model/workload.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const states[] = {
	[MODEL_ONLINE] = "Online",
	[MODEL_OFFLINE] = "Offline",
	[MODEL_DRAINING] = "Draining",
	[MODEL_LOST] = "Lost",
};

static const struct conf_field port_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_workload_port, name),
	    .pattern = CONF_LABEL, .text = "what a service's targetPort may name" },
	{ "port", CONF_PORT_T, CONF_AT(struct model_workload_port, port),
	    .required = true, .text = "what a service's targetPort refers to" },
	{ "protocol", CONF_STRING_T, CONF_AT(struct model_workload_port, protocol),
	    .pattern = CONF_LABEL_KEY, .text = "as appProtocol of a service, or udp" },
	{ "exposed", CONF_PORT_T, CONF_AT(struct model_workload_port, exposed),
	    .text = "where its sidecar listens for this port alone" },
	{ "plaintext", CONF_BOOL_T,
	    CONF_AT(struct model_workload_port, plaintext),
	    .text = "its sidecar is called in plain text, as a PeerAuthentication "
	    "says DISABLE" },
	{ 0 },
};

static const struct conf_schema port_schema = { "Workload port",
	sizeof(struct model_workload_port), port_fields, NULL };

static const struct conf_field spec_fields[] = {
	{ "serviceAccount", CONF_STRING_T,
	    CONF_AT(struct model_workload_spec, service_account),
	    .pattern = CONF_LABEL, .critical = true,
	    .text = "its identity: spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/THIS; "
	    "required with a sidecar" },
	{ "services", CONF_STRING_T,
	    CONF_LIST_AT(struct model_workload_spec, services),
	    .pattern = CONF_LABEL, .max_items = 100,
	    .text = "services of its namespace that it backs; without any, "
	    "those whose selector matches its labels" },
	{ "address", CONF_STRING_T, CONF_AT(struct model_workload_spec, address),
	    .required = true, .pattern = CONF_HOST,
	    .text = "where others reach it: an IP address or a host name" },
	{ "inboundPort", CONF_PORT_T,
	    CONF_AT(struct model_workload_spec, inbound_port), .fallback = "7710",
	    .text = "where its sidecar takes mutual TLS" },
	{ "ports", CONF_STRUCT_T, CONF_LIST_AT(struct model_workload_spec, ports),
	    .schema = &port_schema, .max_items = 100,
	    .text = "ports of the application; none: any is taken" },
	{ "zone", CONF_STRING_T, CONF_AT(struct model_workload_spec, zone),
	    .pattern = CONF_LABEL_VALUE, .text = "where it runs" },
	{ "weight", CONF_INT_T, CONF_AT(struct model_workload_spec, weight),
	    .min = 0, .max = 1000000, .fallback = "1",
	    .text = "its share of the traffic against the others; 0: none" },
	{ "sidecar", CONF_BOOL_T, CONF_AT(struct model_workload_spec, sidecar),
	    .fallback = "true", .critical = true,
	    .text = "false: called in plain text, where the Service allows it" },
	{ "permissive", CONF_BOOL_T, CONF_AT(struct model_workload_spec, permissive),
	    .text = "its sidecar takes plain text where no PeerAuthentication says "
	    "otherwise" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "Workload spec",
	sizeof(struct model_workload_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_workload, spec),
	    .schema = &spec_schema, .required = true, .text = "what it is" },
	{ 0 },
};

static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	const struct model_workload *w = filled;
	const struct conf_node *spec = conf_get(doc, "spec");

	if (w->spec.sidecar && w->spec.service_account == NULL)
		return conf_error(spec, err, "spec.serviceAccount: the required "
		    "field is missing for a workload with a sidecar");
	for (size_t i = 0; i < w->spec.ports_len; i++)
		for (size_t j = 0; j < i; j++) {
			const struct model_workload_port *a = &w->spec.ports[j];
			const struct model_workload_port *b = &w->spec.ports[i];
			const struct conf_node *at =
			    conf_at(conf_get(spec, "ports"), i);

			if (a->port == b->port &&
			    model_workload_port_is_udp(a) ==
			    model_workload_port_is_udp(b))
				return conf_error(conf_get(at, "port"), err,
				    "spec.ports: port %u stands twice, expected "
				    "each once", b->port);
			if (a->name != NULL && b->name != NULL &&
			    strcmp(a->name, b->name) == 0)
				return conf_error(conf_get(at, "name"), err,
				    "spec.ports: the name \"%s\" stands twice, "
				    "expected each once", b->name);
		}
	return model_verify_label_name(doc, err);
}

static const struct conf_schema schema = { "Workload",
	sizeof(struct model_workload), fields, verify };

bool
model_workload_port_is_udp(const struct model_workload_port *p)
{
	return p->protocol != NULL && strcmp(p->protocol, "udp") == 0;
}

const struct model_workload *
model_workload(const struct model_object *o)
{
	check(o->kind == &model_workload_kind);
	return (const struct model_workload *)(const void *)o->head;
}

enum model_workload_state
model_workload_state(const struct model_object *o)
{
	const char *state = conf_get_string(o->head->status, "state");

	for (int i = MODEL_ONLINE; state != NULL && i <= MODEL_LOST; i++)
		if (strcmp(state, states[i]) == 0)
			return (enum model_workload_state)i;
	return MODEL_ONLINE;
}

const char *
model_workload_state_name(enum model_workload_state state)
{
	return states[state];
}

bool
model_workload_backs(const struct model_object *workload,
    const struct model_object *service)
{
	const struct model_workload *w = model_workload(workload);
	const struct model_service *s = model_service(service);

	if (strcmp(w->head.meta.namespace, s->head.meta.namespace) != 0)
		return false;
	for (size_t i = 0; i < w->spec.services_len; i++)
		if (strcmp(w->spec.services[i], s->head.meta.name) == 0)
			return true;
	/*
	 * What a sidecar's workload serves was granted with its token; its labels
	 * are its own word and grant nothing.
	 */
	if (w->spec.sidecar && w->spec.services_len > 0)
		return false;
	return s->spec.selector.len > 0 &&
	    model_labels_match(&s->spec.selector, &w->head.meta.labels);
}

const char *
model_spiffe_id(struct arena *a, const char *trust_domain, const char *namespace,
    const char *service_account)
{
	return arena_printf(a, "spiffe://%s/ns/%s/sa/%s", trust_domain, namespace,
	    service_account);
}

static void
print_services(struct str *out, const struct model_object *o)
{
	const struct model_workload *w = model_workload(o);

	for (size_t i = 0; i < w->spec.services_len; i++)
		str_addf(out, "%s%s", i > 0 ? "," : "", w->spec.services[i]);
}

static void
print_address(struct str *out, const struct model_object *o)
{
	const struct model_workload *w = model_workload(o);
	bool brackets = strchr(w->spec.address, ':') != NULL;

	str_addf(out, brackets ? "[%s]" : "%s", w->spec.address);
	if (w->spec.sidecar)
		str_addf(out, ":%u", w->spec.inbound_port);
	else
		str_add(out, " (no sidecar)");
}

static void
print_state(struct str *out, const struct model_object *o)
{
	str_add(out, states[model_workload_state(o)]);
}

static void
print_identity(struct str *out, const struct model_object *o)
{
	const char *account = model_workload(o)->spec.service_account;

	str_add(out, account == NULL ? "-" : account);
}

static void
print_zone(struct str *out, const struct model_object *o)
{
	const char *zone = model_workload(o)->spec.zone;

	str_add(out, zone == NULL ? "-" : zone);
}

static const struct model_column columns[] = {
	{ "SERVICES", print_services, false },
	{ "ADDRESS", print_address, false },
	{ "STATE", print_state, false },
	{ "ACCOUNT", print_identity, true },
	{ "ZONE", print_zone, true },
	{ NULL, NULL, false },
};

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	const struct model_workload *w = model_workload(o);
	const char *namespace = w->head.meta.namespace;

	if (strcmp(w->head.meta.name, subject->workload) == 0 &&
	    strcmp(namespace, subject->namespace) == 0)
		return true;
	for (size_t i = 0; i < w->spec.services_len; i++)
		if (model_subject_calls(subject, namespace,
		    w->spec.services[i]) != NULL)
			return true;
	/* No selector may say more of it than that: model_workload_backs. */
	if (w->spec.sidecar && w->spec.services_len > 0)
		return false;
	return model_subject_selects(subject, o);
}

const struct model_kind model_workload_kind = {
	.kind = "Workload", .plural = "workloads", .short_name = "wl",
	.group = "mesh", .versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema, .columns = columns,
	.concerns = concerns,
	.text = "one running instance of a service",
};
