#include <stdio.h>
#include <string.h>

#include "model/authorization_policy.h"
#include "model/backend_policy.h"
#include "model/extension.h"
#include "model/gateway.h"
#include "model/oidc_login.h"
#include "model/request_authentication.h"
#include "model/rollout.h"
#include "model/route.h"
#include "model/secret.h"
#include "model/service.h"
#include "model/mesh_config.h"
#include "model/warn_impl.h"
#include "model/workload.h"
#include "model/xbackend.h"

/* The kind of a reference; NULL: none of ours, whose objects we do not know. */
static const struct model_kind *
kind_of(const char *group, const char *kind)
{
	const char *wanted = group[0] == '\0' ? "core" : group;

	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (model_ref_is(model_kinds[i]->group, model_kinds[i]->kind, wanted,
		    kind))
			return model_kinds[i];
	return NULL;
}

static enum model_elsewhere
find(const struct warner *w, const struct model_kind *kind, const char *namespace,
    const char *name, const struct model_object **out)
{
	struct arena a = { 0 };
	const char *ns = !kind->namespaced ? NULL : namespace != NULL ?
	    namespace : w->object->head->meta.namespace;

	*out = model_set_find(w->set, model_key(&a, kind, ns, name));
	arena_fini(&a);
	if (*out != NULL)
		return MODEL_ELSEWHERE_FOUND;
	return w->elsewhere == NULL ? MODEL_ELSEWHERE_NONE :
	    w->elsewhere(w->arg, kind, ns, name, out);
}

const struct model_object *
warn_look(struct warner *w, const char *path, const char *group, const char *kind,
    const char *namespace, const char *name)
{
	const struct model_kind *k = kind_of(group, kind);
	const struct model_object *o = NULL;
	enum model_elsewhere found = k == NULL ? MODEL_ELSEWHERE_NONE :
	    find(w, k, namespace, name, &o);

	if (k == NULL)
		warn_at(w, "%s: there is no kind %s in group \"%s\" here", path, kind,
		    group);
	else if (found == MODEL_ELSEWHERE_NONE)
		warn_at(w, "%s: there is no %s %s%s%s", path, kind,
		    namespace == NULL ? "" : namespace, namespace == NULL ? "" : "/",
		    name);
	return o;
}

/* Whether routes of its kind send what need not be HTTP. */
static bool
carries_bytes(const struct model_object *route)
{
	return route->kind == &model_tcp_route_kind ||
	    route->kind == &model_tls_route_kind;
}

static bool
is_http(enum model_protocol p)
{
	return p == MODEL_HTTP || p == MODEL_WS || p == MODEL_H2C;
}

/* Whether its sidecar has a word for the port. */
static bool
sidecar_says(const struct model_object *workload, uint16_t target,
    enum model_protocol *p)
{
	const struct model_workload_spec *s = &model_workload(workload)->spec;

	for (size_t i = 0; s->sidecar && i < s->ports_len; i++)
		if (s->ports[i].port == target && s->ports[i].protocol != NULL &&
		    model_protocol_named(slice_str(s->ports[i].protocol), p))
			return true;
	return false;
}

/* What sidecars say counts, where they say something. */
static bool
says_http(const struct warner *w, const struct model_object *service,
    const struct model_service_port *p)
{
	uint16_t target = p->target.number != 0 ? p->target.number : p->port;
	bool is_http_said = is_http(model_port_protocol(p));
	enum model_protocol said;

	if (model_service(service)->spec.type == MODEL_EXTERNAL_NAME)
		return false;
	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *o = w->set->objects[i];

		if (o->kind != &model_workload_kind ||
		    !model_workload_backs(o, service) ||
		    !sidecar_says(o, target, &said))
			continue;
		if (is_http(said))
			return true;
		is_http_said = false;
	}
	return is_http_said;
}

static void
look_backend(struct warner *w, const char *path, const char *group, const char *kind,
    const char *namespace, const char *name, uint16_t port)
{
	const struct model_object *o = warn_look(w, path, group, kind, namespace, name);

	if (o == NULL || o->kind != &model_service_kind)
		return;
	bool is_udp = w->object->kind == &model_udp_route_kind;
	const struct model_service_port *p = model_service_port_on(
	    model_service(o), port, is_udp ? MODEL_UDP : MODEL_TCP);

	if (p == NULL)
		warn_at(w, "%s: Service %s has no port %u%s", path, name, port,
		    is_udp ? " of UDP" : "");
	else if (carries_bytes(w->object) && says_http(w, o, p))
		warn_at(w, "%s: Service %s says http at port %u, so its sidecars "
		    "take requests alone", path, name, port);
}

static bool
has_listener(const struct model_listener *l, size_t n,
    const struct model_parent_ref *p)
{
	for (size_t i = 0; i < n; i++)
		if ((p->section == NULL || strcmp(l[i].name, p->section) == 0) &&
		    (p->port == 0 || l[i].port == p->port))
			return true;
	return false;
}

static bool
has_port(const struct model_service_spec *s, const struct model_parent_ref *p)
{
	for (size_t i = 0; i < s->ports_len; i++)
		if ((p->port == 0 || s->ports[i].port == p->port) &&
		    (p->section == NULL || (s->ports[i].name != NULL &&
		    strcmp(s->ports[i].name, p->section) == 0)))
			return true;
	return p->port == 0 && p->section == NULL;
}

static bool
has_section(const struct model_object *o, const struct model_parent_ref *p)
{
	if (o->kind == &model_gateway_kind)
		return has_listener(model_gateway(o)->spec.listeners,
		    model_gateway(o)->spec.listeners_len, p);
	if (o->kind == &model_listener_set_kind)
		return has_listener(model_listener_set(o)->spec.listeners,
		    model_listener_set(o)->spec.listeners_len, p);
	return o->kind != &model_service_kind ||
	    has_port(&model_service(o)->spec, p);
}

static void
look_parents(struct warner *w, const struct model_parent_ref *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char path[40];
		const struct model_object *o;

		snprintf(path, sizeof(path), "parentRefs[%zu]", i);
		o = warn_look(w, path, p[i].group, p[i].kind, p[i].namespace, p[i].name);
		if (o != NULL && !has_section(o, &p[i]))
			warn_at(w, "%s: %s %s has no such listener or port", path,
			    p[i].kind, p[i].name);
	}
}

static void
look_filters(struct warner *w, const char *where, const struct model_http_filter *f,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_object_ref *r = f[i].mirror == NULL ? NULL :
		    &f[i].mirror->backend;
		char path[96];

		snprintf(path, sizeof(path), "%s.filters[%zu]", where, i);
		if (r != NULL)
			look_backend(w, path, r->group, r->kind, r->namespace,
			    r->name, r->port);
		r = f[i].extension;
		if (r != NULL && warn_look(w, path, r->group, r->kind, NULL,
		    r->name) != NULL && model_extension_kind(r->group,
		    r->kind) == NULL)
			warn_at(w, "%s: a %s is no filter", path, r->kind);
	}
}

static void
look_backends(struct warner *w, size_t rule, const struct model_backend_ref *b,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char path[64];

		snprintf(path, sizeof(path), "rules[%zu].backendRefs[%zu]", rule, i);
		look_backend(w, path, b[i].group, b[i].kind, b[i].namespace, b[i].name,
		    b[i].port);
		look_filters(w, path, b[i].filters, b[i].filters_len);
	}
}

static void
look_rule(struct warner *w, size_t rule, const struct model_http_filter *f,
    size_t filters_len, const struct model_backend_ref *b, size_t backends_len)
{
	char path[32];

	snprintf(path, sizeof(path), "rules[%zu]", rule);
	look_filters(w, path, f, filters_len);
	look_backends(w, rule, b, backends_len);
}

static void
look_targets(struct warner *w, const struct model_target_ref *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char path[40];

		/* A DestinationRule has a host in their place. */
		if (w->object->kind == &model_destination_rule_kind)
			snprintf(path, sizeof(path), "host");
		else
			snprintf(path, sizeof(path), "targetRefs[%zu]", i);
		warn_look(w, path, t[i].group, t[i].kind, NULL, t[i].name);
	}
}

static void
look_listeners(struct warner *w, const struct model_listener *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; l[i].tls != NULL &&
		    j < l[i].tls->certificates_len; j++) {
			const struct model_object_ref *r = &l[i].tls->certificates[j];
			char path[80];

			snprintf(path, sizeof(path),
			    "listeners[%zu].tls.certificateRefs[%zu]", i, j);
			warn_look(w, path, r->group, r->kind, r->namespace, r->name);
		}
}

static void
look_clients(struct warner *w, const char *where,
    const struct model_client_validation *v)
{
	for (size_t i = 0; v != NULL && i < v->cas_len; i++) {
		const struct model_object_ref *r = &v->cas[i];
		char path[120];

		snprintf(path, sizeof(path),
		    "tls.frontend.%s.validation.caCertificateRefs[%zu]", where,
		    i);
		warn_look(w, path, r->group, r->kind, r->namespace, r->name);
	}
}

static void
look_gateway_tls(struct warner *w, const struct model_gateway_tls *tls)
{
	const struct model_gateway_frontend *f = tls == NULL ? NULL :
	    tls->frontend;
	const struct model_object_ref *r = tls == NULL ||
	    tls->backend == NULL ? NULL : tls->backend->certificate;

	if (r != NULL)
		warn_look(w, "tls.backend.clientCertificateRef", r->group, r->kind,
		    r->namespace, r->name);
	if (f == NULL)
		return;
	look_clients(w, "default", f->first.validation);
	for (size_t i = 0; i < f->ports_len; i++) {
		char where[40];

		snprintf(where, sizeof(where), "perPort[%zu].tls", i);
		look_clients(w, where, f->ports[i].tls.validation);
	}
}

static void
of_route(struct warner *w)
{
	const struct model_route_at *at = model_route(w->object);

	look_parents(w, at->parents, at->parents_len);
	for (size_t i = 0; i < model_route_rules(w->object); i++) {
		struct model_route_rule r = model_route_rule(w->object, i);

		look_rule(w, i, r.filters, r.filters_len, r.backends,
		    r.backends_len);
	}
}

static void
of_gateway(struct warner *w)
{
	const struct model_gateway_spec *s = &model_gateway(w->object)->spec;

	/* Without it the Gateway is ours; of one name that is meant. */
	if (w->is_all && strcmp(s->class_name, MODEL_GATEWAY_CLASS) != 0)
		warn_look(w, "gatewayClassName", MODEL_GATEWAY_GROUP, "GatewayClass",
		    NULL, s->class_name);
	look_listeners(w, s->listeners, s->listeners_len);
	look_gateway_tls(w, s->tls);
}

static void
of_listener_set(struct warner *w)
{
	const struct model_listener_set_spec *s =
	    &model_listener_set(w->object)->spec;

	warn_look(w, "parentRef", s->parent.group, s->parent.kind, s->parent.namespace,
	    s->parent.name);
	look_listeners(w, s->listeners, s->listeners_len);
}

static void
look_authorities(struct warner *w, const char *below)
{
	const struct model_backend_validation *v = model_validation_of(w->object);

	for (size_t i = 0; v != NULL && i < v->cas_len; i++) {
		const struct model_object_ref *r = &v->cas[i];
		char path[64];

		snprintf(path, sizeof(path),
		    "%svalidation.caCertificateRefs[%zu]", below, i);
		warn_look(w, path, r->group, r->kind, NULL, r->name);
	}
}

static void
of_backend_tls_policy(struct warner *w)
{
	const struct model_backend_tls_policy_spec *s =
	    &model_backend_tls_policy(w->object)->spec;

	look_targets(w, s->targets, s->targets_len);
	look_authorities(w, "");
}

static void
of_xbackend(struct warner *w)
{
	const struct model_object_ref *r = model_xbackend_shown(w->object);

	look_authorities(w, "tls.");
	if (r != NULL)
		warn_look(w, "tls.clientCertificateRef", r->group, r->kind,
		    r->namespace, r->name);
}

/* Its backends are names of the route's, and looked at there. */
static void
of_rollout(struct warner *w)
{
	const struct model_rollout_spec *s = model_rollout(w->object);

	warn_look(w, "route", MODEL_GATEWAY_GROUP, s->route.kind, NULL, s->route.name);
}

static bool
is_used(const struct warner *w)
{
	for (size_t i = 0; i < w->set->len; i++)
		if (model_extension_is_used(w->object, w->set->objects[i]))
			return true;
	return false;
}

/* Says that target i means what an older document of the kind has already. */
static void
look_displaced(struct warner *w, const struct model_target_ref *t, size_t i)
{
	const struct model_target_ref *others;
	size_t n;

	for (size_t k = 0; k < w->set->len; k++) {
		const struct model_object *o = w->set->objects[k];

		if (!model_extension_targets(o, &others, &n))
			continue;
		for (size_t j = 0; j < n; j++)
			if (model_extension_displaces(o, &others[j], w->object,
			    t))
				warn_at(w, "targetRefs[%zu]: never acts, as %s "
				    "%s is about the same and goes first", i,
				    o->kind->kind, model_object_name(o));
	}
}

static void
of_extension(struct warner *w, const struct model_target_ref *t, size_t n)
{
	look_targets(w, t, n);
	for (size_t i = 0; i < n; i++)
		look_displaced(w, &t[i], i);
	if (n == 0 && w->is_all && !is_used(w))
		warn_at(w, ": acts nowhere, as it has no targetRefs and no route "
		    "refers to it");
}

/* Whom policies ask. */
static void
of_mesh_config(struct warner *w)
{
	const struct model_mesh_config_spec *s =
	    &model_mesh_config(w->object)->spec;

	for (size_t i = 0; i < s->providers_len; i++) {
		const struct model_auth_provider *p =
		    model_auth_provider(&s->providers[i]);
		char path[80];

		snprintf(path, sizeof(path), "extensionProviders[%zu].%s.service",
		    i, s->providers[i].http != NULL ? "envoyExtAuthzHttp" :
		    "envoyExtAuthzGrpc");
		look_backend(w, path, "", "Service", p->namespace, p->service,
		    p->port);
	}
}

static void
of_authorization_policy(struct warner *w)
{
	const struct model_authz_provider *p =
	    model_authorization_policy(w->object)->spec.provider;
	const struct model_object *config = NULL;

	warn_authz_targets(w);
	if (w->is_all)
		warn_tokens(w);
	if (p != NULL && find(w, &model_mesh_config_kind, NULL,
	    MODEL_MESH_CONFIG_NAME, &config) != MODEL_ELSEWHERE_UNKNOWN &&
	    model_extension_provider(config, p->name) == NULL)
		warn_at(w, "provider.name: the MeshConfig has no extension "
		    "provider \"%s\", so what the rules match is refused",
		    p->name);
}

static void
of_request_authentication(struct warner *w)
{
	const struct model_request_authentication_spec *s =
	    &model_request_authentication(w->object)->spec;

	look_targets(w, s->targets, s->targets_len);
}

static void
look_login_target(struct warner *w, const struct model_target_ref *t, size_t i)
{
	const struct model_object *o;
	const char *fault;
	char path[40];

	snprintf(path, sizeof(path), "targetRefs[%zu]", i);
	o = warn_look(w, path, t->group, t->kind, NULL, t->name);
	fault = o == NULL ? NULL : model_oidc_target_fault(t, o);
	if (fault != NULL)
		warn_at(w, "%s: %s", path, fault);
	for (size_t k = 0; k < w->set->len; k++)
		if (model_oidc_login_displaces(w->set->objects[k], w->object, t))
			warn_at(w, "%s: never acts, as OIDCLogin %s is about "
			    "the same and goes first", path,
			    model_object_name(w->set->objects[k]));
}

static void
of_oidc_login(struct warner *w)
{
	const struct model_oidc_login_spec *s = model_oidc_login(w->object);

	for (size_t i = 0; i < s->targets_len; i++)
		look_login_target(w, &s->targets[i], i);
	warn_look(w, "clientSecret", s->secret.group, s->secret.kind, NULL,
	    s->secret.name);
}

static const struct {
	const struct model_kind *kind;
	void                   (*look)(struct warner *);
} kinds[] = {
	{ &model_http_route_kind, of_route },
	{ &model_grpc_route_kind, of_route },
	{ &model_tcp_route_kind, of_route },
	{ &model_tls_route_kind, of_route },
	{ &model_udp_route_kind, of_route },
	{ &model_gateway_kind, of_gateway },
	{ &model_listener_set_kind, of_listener_set },
	{ &model_backend_tls_policy_kind, of_backend_tls_policy },
	{ &model_xbackend_kind, of_xbackend },
	{ &model_rollout_kind, of_rollout },
	{ &model_authorization_policy_kind, of_authorization_policy },
	{ &model_request_authentication_kind, of_request_authentication },
	{ &model_oidc_login_kind, of_oidc_login },
	{ &model_mesh_config_kind, of_mesh_config },
};

/* A document that leaves out who may call whom opens what was shut. */
static void
warn_opening(struct warner *w)
{
	const struct model_object *now = w->object, *before = NULL;

	if (conf_get(conf_get(now->node, "spec"), "defaultInboundPolicy") != NULL ||
	    w->elsewhere == NULL ||
	    w->elsewhere(w->arg, now->kind, NULL, now->head->meta.name,
	    &before) != MODEL_ELSEWHERE_FOUND)
		return;
	int is = model_mesh_config(now)->spec.inbound_policy;
	int was = model_mesh_config(before)->spec.inbound_policy;

	if (was != is)
		warn_at(w, "defaultInboundPolicy: it is %s now, and without this "
		    "field becomes %s", model_inbound_policies[was],
		    model_inbound_policies[is]);
}

void
warn_references(struct warner *w)
{
	const struct model_backend_policy_spec *policy =
	    model_backend_policy(w->object);
	const struct model_target_ref *targets;
	size_t n;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == w->object->kind)
			kinds[i].look(w);
	if (w->object->kind == &model_mesh_config_kind)
		warn_opening(w);
	if (policy != NULL)
		look_targets(w, policy->targets, policy->targets_len);
	else if (model_extension_targets(w->object, &targets, &n))
		of_extension(w, targets, n);
}
