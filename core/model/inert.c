#include <string.h>

#include "model/inert.h"

#define FIRST	"0.1"

const struct model_inert_field model_inert_fields[] = {
	{ "Service", "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
	    "10800", FIRST },
	{ "Service", "spec.internalTrafficPolicy", "Cluster", FIRST },
	{ "Service", "spec.externalTrafficPolicy", "Cluster", FIRST },
	{ "Service", "spec.trafficDistribution", NULL, FIRST },
	{ "Service", "spec.externalIPs", NULL, FIRST },
	{ "Service", "spec.loadBalancerIP", NULL, FIRST },
	{ "Service", "spec.loadBalancerSourceRanges", NULL, FIRST },
	{ "EndpointSlice", "endpoints.conditions.serving", "true", FIRST },
	{ "EndpointSlice", "endpoints.conditions.terminating", "false", FIRST },
	{ "EndpointSlice", "endpoints.hints", NULL, FIRST },
	{ "GatewayClass", "spec.parametersRef", NULL, FIRST },
	{ "Gateway", "spec.infrastructure", NULL, FIRST },
	{ "Gateway", "spec.defaultScope", "None", FIRST },
	{ "HTTPRoute", "spec.useDefaultGateways", "None", FIRST },
	{ "GRPCRoute", "spec.useDefaultGateways", "None", FIRST },
	{ "BackendTLSPolicy", "spec.options", NULL, FIRST },
	{ "XBackend", "spec.endpointSelector", NULL, FIRST },
	/* Nothing names them, as a VirtualService would. */
	{ "DestinationRule", "spec.subsets", NULL, FIRST },
	{ "ClusterFederatedTrustDomain", "spec.className", NULL, FIRST },
	{ NULL, NULL, NULL, NULL },
};

struct search {
	const struct model_inert_field *field;
	model_inert_fn                 *emit;
	void                           *arg;
	struct str                      path;
};

static void
back_to(struct str *path, size_t len)
{
	path->len = len;
	if (path->ptr != NULL)
		path->ptr[len] = '\0';
}

static bool
asks(const struct search *s, const struct conf_node *n)
{
	return n->kind != CONF_NULL && (s->field->harmless == NULL ||
	    !slice_is(n->text, s->field->harmless));
}

/* Follows what is left of the field's path, through each item of a list. */
static void
follow(struct search *s, const struct conf_node *n, struct slice rest)
{
	size_t len = s->path.len, i = 0;
	struct slice name;

	if (n == NULL)
		return;
	if (n->kind == CONF_LIST && rest.ptr != NULL) {
		CONF_FOREACH(e, n) {
			str_addf(&s->path, "[%zu]", i++);
			follow(s, e->node, rest);
			back_to(&s->path, len);
		}
		return;
	}
	if (!slice_cut(&rest, '.', &name)) {
		if (asks(s, n))
			s->emit(s->arg, s->field, str_ptr(&s->path), n);
		return;
	}
	const struct conf_entry *e = n->kind == CONF_MAP ? conf_entry_of(n, name) :
	    NULL;

	if (e == NULL)
		return;
	str_addf(&s->path, "%s%.*s", len > 0 ? "." : "", SLICE_ARG(name));
	follow(s, e->node, rest);
	back_to(&s->path, len);
}

void
model_inert(const struct model_object *o, model_inert_fn *emit, void *arg)
{
	struct search s = { .emit = emit, .arg = arg };

	for (s.field = model_inert_fields; s.field->kind != NULL; s.field++)
		if (strcmp(s.field->kind, o->kind->kind) == 0)
			follow(&s, o->node, slice_str(s.field->path));
	str_fini(&s.path);
}
