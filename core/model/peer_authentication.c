#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/mesh_config.h"
#include "model/peer_authentication.h"
#include "model/workload.h"

static const char *const versions[] = { "security.istio.io/v1",
	"security.istio.io/v1beta1", NULL };
static const char *const modes[] = {
	[MODEL_MTLS_UNSET] = "UNSET", [MODEL_MTLS_DISABLE] = "DISABLE",
	[MODEL_MTLS_PERMISSIVE] = "PERMISSIVE", [MODEL_MTLS_STRICT] = "STRICT",
	NULL,
};

static const struct conf_field mode_fields[] = {
	{ "mode", CONF_ENUM_T, CONF_AT(struct model_mtls_mode, mode),
	    .words = modes, .fallback = "UNSET", .critical = true,
	    .text = "mutual TLS alone, either, or plain text; UNSET: as what is "
	    "about more says" },
	{ 0 },
};

static const struct conf_schema mode_schema = { "mutual TLS",
	sizeof(struct model_mtls_mode), mode_fields, NULL };

static int ports_rule(const void *, const struct conf_place *);

#define SPEC(member)	CONF_AT(struct model_peer_authentication_spec, member)

static const struct conf_field spec_fields[] = {
	{ "selector", CONF_POINTER_T, SPEC(selector), .critical = true,
	    .schema = &model_authz_selector_schema,
	    .text = "workloads of its namespace that it is about; none: all" },
	{ "mtls", CONF_STRUCT_T, SPEC(mtls), .schema = &mode_schema,
	    .critical = true, .text = "of every port that has no word of its own" },
	{ "portLevelMtls", CONF_ANY_T, SPEC(ports), .rule = ports_rule,
	    .critical = true,
	    .text = "the same for ports of the workloads, each by its number" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "PeerAuthentication spec",
	sizeof(struct model_peer_authentication_spec), spec_fields, NULL };

/* --- ports ------------------------------------------------------------------ */

static bool
port_read(struct slice key, uint16_t *port)
{
	uint64_t n;

	if (!slice_u64(key, &n) || n == 0 || n > UINT16_MAX)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* -1: it is no mode. */
static int
mode_read(const struct conf_node *n)
{
	const char *word = conf_string(n);

	if (n == NULL || n->kind == CONF_NULL)
		return MODEL_MTLS_UNSET;
	for (int i = 0; word != NULL && modes[i] != NULL; i++)
		if (strcmp(word, modes[i]) == 0)
			return i;
	return -1;
}

static int
port_check(const struct conf_entry *e, const struct conf_place *at)
{
	uint16_t port;

	if (!port_read(e->key, &port))
		return conf_fail(at, ": expected ports from 1 to 65535, found "
		    "\"%.*s\"", SLICE_ARG(e->key));
	if (e->node->kind != CONF_MAP && e->node->kind != CONF_NULL)
		return conf_fail(at, "%u: expected a map with mode, found %s", port,
		    conf_kind_name(e->node->kind));
	CONF_FOREACH(f, e->node->kind == CONF_MAP ? e->node : NULL)
		if (!slice_is(f->key, "mode"))
			return conf_fail(at, "%u: unknown field \"%.*s\", expected "
			    "mode", port, SLICE_ARG(f->key));
	if (mode_read(conf_get(e->node, "mode")) < 0)
		return conf_fail(at, "%u.mode: expected one of UNSET, DISABLE, "
		    "PERMISSIVE, STRICT", port);
	return 0;
}

static int
ports_rule(const void *value, const struct conf_place *at)
{
	const struct conf_node *ports =
	    *(const struct conf_node *const *)value;

	if (ports->kind != CONF_MAP)
		return conf_fail(at, ": expected a map by port, found %s",
		    conf_kind_name(ports->kind));
	if (conf_len(ports) == 0)
		return conf_fail(at, ": expected at least one port, found none");
	CONF_FOREACH(e, ports)
		if (port_check(e, at) != 0)
			return -1;
	return 0;
}

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_peer_authentication_spec *s = value;

	if (s->ports != NULL && (s->selector == NULL ||
	    s->selector->labels.len == 0))
		return conf_fail(at, "portLevelMtls: expected none without a "
		    "selector, as ports are those of certain workloads");
	return 0;
}

enum model_mtls
model_peer_port_mode(const struct model_object *o, uint16_t port)
{
	uint16_t number;

	CONF_FOREACH(e, model_peer_authentication(o)->spec.ports)
		if (port_read(e->key, &number) && number == port)
			return (enum model_mtls)mode_read(conf_get(e->node,
			    "mode"));
	return MODEL_MTLS_UNSET;
}

/* --- what holds -------------------------------------------------------------- */

enum width { MESH, NAMESPACE, WORKLOADS, WIDTHS };

static bool
has_selector(const struct model_peer_authentication *p)
{
	return p->spec.selector != NULL && p->spec.selector->labels.len > 0;
}

static enum width
width_of(const struct model_peer_authentication *p)
{
	return has_selector(p) ? WORKLOADS :
	    model_is_root_namespace(p->head.meta.namespace) ? MESH : NAMESPACE;
}

bool
model_peer_is_for(const struct model_object *o, const char *namespace,
    const struct conf_pairs *labels)
{
	const struct model_peer_authentication *p = model_peer_authentication(o);
	const char *own = p->head.meta.namespace;

	switch (width_of(p)) {
	case MESH:
		return true;
	case NAMESPACE:
		return strcmp(own, namespace) == 0;
	default:
		return strcmp(own, namespace) == 0 &&
		    !model_is_root_namespace(own) && labels != NULL &&
		    model_labels_match(&p->spec.selector->labels, labels);
	}
}

struct model_peer_verdict
model_peer_decide(struct model_object *const *objects, size_t n,
    const struct model_peer_place *place, enum model_mtls fallback)
{
	struct model_peer_verdict v = { fallback, NULL };
	const struct model_object *first[WIDTHS] = { NULL };

	for (size_t i = 0; i < n; i++) {
		const struct model_object *o = objects[i];

		if (o->kind != &model_peer_authentication_kind ||
		    !model_peer_is_for(o, place->namespace, place->labels))
			continue;
		enum width w = width_of(model_peer_authentication(o));

		if (first[w] == NULL || model_object_by_age(o, first[w]) < 0)
			first[w] = o;
	}
	for (enum width w = MESH; w < WIDTHS; w++) {
		if (first[w] == NULL)
			continue;
		int all = model_peer_authentication(first[w])->spec.mtls.mode;
		enum model_mtls port = model_peer_port_mode(first[w],
		    place->port);
		enum model_mtls mode = port != MODEL_MTLS_UNSET ? port :
		    (enum model_mtls)all;

		if (mode != MODEL_MTLS_UNSET)
			v = (struct model_peer_verdict){ mode, first[w] };
	}
	return v;
}

enum model_mtls
model_peer_fallback(struct model_object *const *objects, size_t n,
    bool is_permissive)
{
	for (size_t i = 0; i < n; i++) {
		if (objects[i]->kind != &model_mesh_config_kind)
			continue;
		int word = model_mesh_config(objects[i])->spec.inbound_policy;

		is_permissive |= word == MODEL_ALL_UNAUTHENTICATED ||
		    word == MODEL_CLUSTER_UNAUTHENTICATED;
	}
	return is_permissive ? MODEL_MTLS_PERMISSIVE : MODEL_MTLS_STRICT;
}

struct model_peer_verdict
model_peer_of(struct model_object *const *objects, size_t n,
    const struct model_object *workload, uint16_t port)
{
	const struct model_metadata *meta = &workload->head->meta;
	const struct model_peer_place place = { meta->namespace, &meta->labels,
		port };

	return model_peer_decide(objects, n, &place, model_peer_fallback(objects,
	    n, model_workload(workload)->spec.permissive));
}

bool
model_peer_is_for_nobody(const struct model_object *o)
{
	const struct model_peer_authentication *p = model_peer_authentication(o);

	return has_selector(p) &&
	    model_is_root_namespace(p->head.meta.namespace);
}

bool
model_peer_displaces(const struct model_object *a, const struct model_object *b)
{
	const struct model_peer_authentication *x = model_peer_authentication(a),
	    *y = model_peer_authentication(b);

	if (a == b || width_of(x) != width_of(y) || model_peer_is_for_nobody(a) ||
	    model_object_by_age(a, b) >= 0)
		return false;
	if (width_of(x) == MESH)
		return true;
	return strcmp(x->head.meta.namespace, y->head.meta.namespace) == 0 &&
	    (width_of(x) == NAMESPACE ||
	    (x->spec.selector->labels.len == y->spec.selector->labels.len &&
	    model_labels_match(&x->spec.selector->labels,
	    &y->spec.selector->labels)));
}

/* --- the kind ---------------------------------------------------------------- */

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_peer_authentication, spec),
	    .schema = &spec_schema, .rule = spec_rule, .critical = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "PeerAuthentication",
	sizeof(struct model_peer_authentication), fields, NULL };

const struct model_peer_authentication *
model_peer_authentication(const struct model_object *o)
{
	check(o->kind == &model_peer_authentication_kind);
	return (const struct model_peer_authentication *)(const void *)o->head;
}

const char *
model_mtls_name(enum model_mtls mode)
{
	return modes[mode];
}

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	return model_peer_is_for(o, subject->namespace,
	    subject->self == NULL ? NULL :
	    &model_workload(subject->self)->head.meta.labels);
}

static void
print_mode(struct str *out, const struct model_object *o)
{
	str_add(out, modes[model_peer_authentication(o)->spec.mtls.mode]);
}

static void
print_ports(struct str *out, const struct model_object *o)
{
	const struct conf_node *ports = model_peer_authentication(o)->spec.ports;

	if (ports == NULL)
		str_add(out, "-");
	CONF_FOREACH(e, ports)
		str_addf(out, "%s%.*s=%s", e == conf_first(ports) ? "" : ",",
		    SLICE_ARG(e->key), modes[mode_read(conf_get(e->node,
		    "mode"))]);
}

static void
print_for(struct str *out, const struct model_object *o)
{
	const struct model_peer_authentication *p = model_peer_authentication(o);
	const struct model_authz_scope scope = { p->head.meta.namespace,
		p->spec.selector, NULL, 0 };

	model_authz_scope_print(out, &scope);
}

static const struct model_column columns[] = {
	{ "MODE", print_mode, false },
	{ "PORTS", print_ports, false },
	{ "FOR", print_for, false },
	{ NULL, NULL, false },
};

const struct model_kind model_peer_authentication_kind = {
	.kind = "PeerAuthentication", .plural = "peerauthentications",
	.short_name = "pa", .group = "security.istio.io", .versions = versions,
	.namespaced = true, .stored = true, .delivery = MODEL_TO_MEMBERS,
	.schema = &schema, .columns = columns, .concerns = concerns,
	.text = "where workloads take plain text",
};
