#include <string.h>

#include "model/gateway.h"
#include "model/grpc_route.h"
#include "model/l4_route.h"
#include "model/service.h"
#include "modes/control/conditions_judge.h"

/*
 * conditions_l4: the routes that no table is compiled from: GRPCRoute,
 * TLSRoute, TCPRoute and UDPRoute.
 */
struct route_parts {
	const struct model_parent_ref *parents;
	size_t                         parents_len;
	const char *const             *hostnames;
	size_t                         hostnames_len;
};

static struct route_parts
parts_of(const struct model_object *o)
{
	if (o->kind == &model_grpc_route_kind) {
		const struct model_grpc_route_spec *g =
		    &model_grpc_route(o)->spec;

		return (struct route_parts){ g->parents, g->parents_len,
			g->hostnames, g->hostnames_len };
	}
	const struct model_l4_route_spec *s = &model_l4_route(o)->spec;

	return (struct route_parts){ s->parents, s->parents_len, s->hostnames,
		s->hostnames_len };
}

/* --- parents ----------------------------------------------------------------------- */

static bool
meets_hostname(const struct route_parts *p, const char *hostname)
{
	struct slice host;

	for (size_t i = 0; i < p->hostnames_len; i++)
		if (route_hosts_meet(slice_str(hostname),
		    slice_str(p->hostnames[i]), &host))
			return true;
	return p->hostnames_len == 0;
}

static enum route_reason
meets_listener(struct sight *s, const struct route_parts *p,
    const struct model_parent_ref *ref, const struct model_listener *l,
    const char *namespace)
{
	const char *own = s->of->head->meta.namespace;
	struct conf_pairs labels = sight_labels(s, own);

	if ((ref->section != NULL && strcmp(ref->section, l->name) != 0) ||
	    (ref->port != 0 && ref->port != l->port))
		return ROUTE_NO_MATCHING_PARENT;
	if (!model_listener_takes(l, s->of->kind) || !model_namespaces_allow(
	    &l->allowed.namespaces, namespace, own, &labels))
		return ROUTE_NOT_ALLOWED;
	return meets_hostname(p, l->hostname) ? ROUTE_ACCEPTED :
	    ROUTE_NO_MATCHING_HOSTNAME;
}

static enum route_reason
meets_listeners(struct sight *s, const struct route_parts *p,
    const struct model_parent_ref *ref, const char *namespace)
{
	bool is_set = model_ref_is(ref->group, ref->kind, MODEL_GATEWAY_GROUP,
	    model_listener_set_kind.kind);
	const struct model_object *o = sight_find(s, is_set ?
	    &model_listener_set_kind : &model_gateway_kind, namespace,
	    ref->name);
	enum route_reason best = ROUTE_NO_MATCHING_PARENT;

	if (o == NULL)
		return best;
	const struct model_listener *all = is_set ?
	    model_listener_set(o)->spec.listeners :
	    model_gateway(o)->spec.listeners;
	size_t n = is_set ? model_listener_set(o)->spec.listeners_len :
	    model_gateway(o)->spec.listeners_len;

	for (size_t i = 0; i < n; i++) {
		enum route_reason r = meets_listener(s, p, ref, &all[i],
		    namespace);

		if (r > best)
			best = r;
	}
	return best;
}

static enum route_reason
meets_service(struct sight *s, const struct model_parent_ref *ref,
    const char *namespace)
{
	const struct model_object *o = sight_find(s, &model_service_kind,
	    namespace, ref->name);
	const struct model_service_spec *spec = o == NULL ? NULL :
	    &model_service(o)->spec;

	for (size_t i = 0; spec != NULL && i < spec->ports_len; i++)
		if ((ref->port == 0 || ref->port == spec->ports[i].port) &&
		    (ref->section == NULL || slice_is(slice_str(
		    spec->ports[i].name), ref->section)))
			return ROUTE_ACCEPTED;
	return ROUTE_NO_MATCHING_PARENT;
}

/* --- backends ---------------------------------------------------------------------- */

static enum route_reason
resolve(struct sight *s, bool is_service, const struct model_backend_ref *v,
    size_t n, struct model_object_ref *bad)
{
	const char *own = s->of->head->meta.namespace;

	for (size_t i = 0; i < n; i++) {
		struct model_object_ref to = route_backend_object(&v[i]);
		enum route_reason r;

		if (to.namespace == NULL)
			to.namespace = own;
		*bad = to;
		r = sight_backend(s, &to);
		if (r != ROUTE_INVALID_KIND && !is_service &&
		    strcmp(to.namespace, own) != 0 && !sight_granted(s, &to))
			r = ROUTE_REF_NOT_PERMITTED;
		if (r != ROUTE_RESOLVED)
			return r;
	}
	return ROUTE_RESOLVED;
}

static enum route_reason
resolve_all(struct sight *s, bool is_service, struct model_object_ref *bad)
{
	enum route_reason r = ROUTE_RESOLVED;

	if (s->of->kind == &model_grpc_route_kind) {
		const struct model_grpc_route_spec *g =
		    &model_grpc_route(s->of)->spec;

		for (size_t i = 0; i < g->rules_len && r == ROUTE_RESOLVED; i++)
			r = resolve(s, is_service, g->rules[i].backends,
			    g->rules[i].backends_len, bad);
		return r;
	}
	const struct model_l4_route_spec *l = &model_l4_route(s->of)->spec;

	for (size_t i = 0; i < l->rules_len && r == ROUTE_RESOLVED; i++)
		r = resolve(s, is_service, l->rules[i].backends,
		    l->rules[i].backends_len, bad);
	return r;
}

/* --- all of it --------------------------------------------------------------------- */

static void
judge_parent(struct sight *s, const struct route_parts *p,
    const struct model_parent_ref *ref, struct conf_node *list)
{
	const char *ns = ref->namespace != NULL ? ref->namespace :
	    s->of->head->meta.namespace;
	bool is_service = model_parent_is_service(ref);
	const struct route_built built = { .taken = 1, .err = ERR_INIT };
	struct model_object_ref bad = { 0 };
	enum route_reason accepted = is_service ? meets_service(s, ref, ns) :
	    meets_listeners(s, p, ref, ns);
	enum route_reason refs = resolve_all(s, is_service, &bad);
	struct route_status status;

	route_status_fill(&status, accepted, &built, refs, &bad);
	for (size_t i = 0; i < status.len; i++)
		condition_put(s, list, status.v[i].type,
		    status.v[i].is_true ? "True" : "False", status.v[i].reason,
		    status.v[i].message);
	condition_promise(s, list, accepted == ROUTE_ACCEPTED);
	condition_ignored(s, list);
}

static void
judge(struct sight *s, struct conf_node *status)
{
	struct route_parts p = parts_of(s->of);
	const struct conf_node *refs = conf_find(s->of->node, "spec.parentRefs");
	struct conf_node *parents = conf_set_list(status, "parents");

	for (size_t i = 0; i < p.parents_len; i++) {
		struct conf_node *parent = conf_add_map(parents);

		conf_set(parent, "parentRef", conf_copy(s->arena,
		    conf_at(refs, i)));
		conf_set_string(parent, "controllerName", MODEL_CONTROLLER);
		judge_parent(s, &p, &p.parents[i],
		    conf_set_list(parent, "conditions"));
	}
}

const struct judge judge_grpc_route = { &model_grpc_route_kind, judge, false };
const struct judge judge_tls_route = { &model_tls_route_kind, judge, false };
const struct judge judge_tcp_route = { &model_tcp_route_kind, judge, false };
const struct judge judge_udp_route = { &model_udp_route_kind, judge, false };
