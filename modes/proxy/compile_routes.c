#include <stdio.h>

#include "base/mem.h"
#include "model/closure.h"
#include "model/mesh_config.h"
#include "model/service_index.h"
#include "model/xbackend.h"
#include "modes/proxy/compile.h"
#include "modes/proxy/rules.h"
#include "route/document.h"

/*
 * The routes of services: for each port of each service those that callers in
 * our namespace obey (route/attach.h).
 */
struct routes {
	const struct compile_input *in;
	struct extensions          *extensions;
	struct snapshot            *out;
	const struct model_object **all, **found;	/* about a service */
	size_t                      len;
	struct rule_order          *orders;
	char                       *namespace;
};

static const struct service_port *
resolve(void *arg, const struct model_object *route,
    const struct service_name *name, uint16_t port)
{
	const struct snapshot *s = arg;

	return snapshot_backend(s, route->kind, name, port);
}

/* Where the rules of a kind of route stand; NULL: it is not acted on. */
static struct rule_set **
place_of(struct service_port *port, const struct model_kind *kind)
{
	if (kind == &model_http_route_kind || kind == &model_grpc_route_kind)
		return &port->rules;
	return kind == &model_tls_route_kind || kind == &model_tcp_route_kind ||
	    kind == &model_udp_route_kind ?
	    &port->streams : NULL;
}

static struct rule_book *
book_before(const struct routes *r, const struct service_name *name,
    uint16_t port, const struct model_kind *kind)
{
	const struct service *s = r->in->before == NULL ? NULL :
	    snapshot_service(r->in->before, name);
	const struct service_port *p = kind == &model_udp_route_kind ?
	    service_udp_port(s, port) : service_port(s, port);
	const struct rule_set *set = p == NULL ? NULL :
	    kind == &model_http_route_kind || kind == &model_grpc_route_kind ?
	    p->rules : p->streams;

	return set == NULL ? NULL : set->book;
}

static void
compile_port_routes(struct routes *r, const struct model_object *service,
    const struct service *s, struct service_port *port)
{
	const struct rule_world world = { resolve, r->out, r->extensions };
	size_t n = routes_of_service_port(r->all, r->len, service,
	    model_service_port_on(model_service(service), port->port,
	    port->cluster->protocol == CLUSTER_UDP ? MODEL_UDP : MODEL_TCP),
	    r->namespace, r->found);
	const struct model_kind *kind = n == 0 ? NULL : r->found[0]->kind;
	struct rule_set **to = n == 0 ? NULL : place_of(port, kind);

	for (size_t i = 0; i < n; i++)
		r->orders[i] = (struct rule_order){
			.route = r->found[i], .is_service = true };
	if (to != NULL)
		*to = rule_set_bind(&r->out->arena, rule_book_make(r->orders, n,
		    book_before(r, &s->name, port->port, kind), r->in->fault,
		    r->in->fault_arg), &world);
}

static void
compile_service_routes(struct routes *r, const struct model_object *o)
{
	struct service *s = map_get(&r->out->services,
	    slice_str(model_object_name(o)));
	struct service_index_found about;

	if (s == NULL)
		return;
	about = service_index_find(r->in->index, o);
	r->len = 0;
	for (size_t i = 0; i < about.len; i++)
		if (model_route(about.v[i]) != NULL)
			r->all[r->len++] = about.v[i];
	for (size_t i = 0; r->len > 0 && i < s->len; i++)
		if (!s->ports[i].is_for_grpc)
			compile_port_routes(r, o, s, &s->ports[i]);
}

void
compile_routes(const struct compile_input *in, struct extensions *extensions,
    struct snapshot *out)
{
	struct routes r = { .in = in, .extensions = extensions, .out = out };

	size_t routes = 0;

	for (size_t i = 0; i < in->len; i++)
		routes += model_route(in->objects[i]) != NULL;
	if (routes > 0) {
		r.all = mem_zalloc_array(routes, sizeof(*r.all));
		r.found = mem_zalloc_array(routes, sizeof(*r.found));
		r.orders = mem_zalloc_array(routes, sizeof(*r.orders));
		r.namespace = mem_printf("%.*s", SLICE_ARG(in->namespace));
		for (size_t i = 0; i < in->len; i++)
			if (in->objects[i]->kind == &model_service_kind)
				compile_service_routes(&r, in->objects[i]);
		mem_free(r.all);
		mem_free(r.found);
		mem_free(r.orders);
		mem_free(r.namespace);
	}
}

/* --- what they send to --------------------------------------------------------------- */

static void
note_backend(void *out, const char *namespace, const char *name)
{
	char *key = mem_printf("%s/%s", namespace, name);

	map_put(out, slice_str(key), NULL);
	mem_free(key);
}

struct noting {
	const struct model_object *route;
	struct map                *out;
};

static void
note_port(const struct noting *n, const struct model_object_ref *to)
{
	char name[MODEL_BACKEND_NAME_MAX];
	bool is_service = model_backend_service_name(to->group, to->kind,
	    to->name, name);
	char *key = !is_service ? NULL : mem_printf("%s/%s:%u",
	    to->namespace != NULL ? to->namespace :
	    n->route->head->meta.namespace, name,
	    model_xbackend_of(name).len > 0 ? 0 : to->port);

	if (key != NULL)
		map_put(n->out, slice_str(key), NULL);
	mem_free(key);
}

static void
note_mirrors(const struct noting *n, const struct model_http_filter *f,
    size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (f[i].mirror != NULL)
			note_port(n, &f[i].mirror->backend);
}

/* Who is asked by gRPC. */
static void
note_asked(const struct noting *n, const struct model_http_filter *f,
    size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (f[i].external_auth != NULL &&
		    f[i].external_auth->protocol == MODEL_AUTH_GRPC)
			note_port(n, &f[i].external_auth->backend);
}

static void
note_all_asked(const struct noting *n, const struct model_route_rule rule)
{
	note_asked(n, rule.filters, rule.filters_len);
	for (size_t i = 0; i < rule.backends_len; i++)
		note_asked(n, rule.backends[i].filters,
		    rule.backends[i].filters_len);
}

static void
note_providers(const struct model_object *mesh, struct map *out)
{
	const struct model_mesh_config_spec *s = &model_mesh_config(mesh)->spec;

	for (size_t i = 0; i < s->providers_len; i++) {
		const struct model_auth_provider *p = s->providers[i].grpc;
		char *key = p == NULL ? NULL : mem_printf("%s/%s:%u",
		    p->namespace, p->service, p->port);

		if (key != NULL)
			map_put(out, slice_str(key), NULL);
		mem_free(key);
	}
}

static void
note_rule(const struct noting *n, const struct model_route_rule rule)
{
	note_mirrors(n, rule.filters, rule.filters_len);
	for (size_t i = 0; i < rule.backends_len; i++) {
		const struct model_object_ref to =
		    route_backend_object(&rule.backends[i]);

		note_port(n, &to);
		note_mirrors(n, rule.backends[i].filters,
		    rule.backends[i].filters_len);
	}
}

void
compile_grpc_backends(const struct compile_input *in, struct map *out)
{
	map_init(out);
	for (size_t i = 0; i < in->len; i++) {
		const struct noting n = { in->objects[i], out };
		size_t rules = model_route(n.route) == NULL ? 0 :
		    model_route_rules(n.route);

		if (n.route->kind == &model_mesh_config_kind)
			note_providers(n.route, out);
		for (size_t k = 0; k < rules; k++) {
			note_all_asked(&n, model_route_rule(n.route, k));
			if (n.route->kind == &model_grpc_route_kind)
				note_rule(&n, model_route_rule(n.route, k));
		}
	}
}

bool
compile_is_grpc_backend(const struct map *backends,
    const struct service_name *name, uint16_t port)
{
	char service[SERVICE_KEY_MAX], key[SERVICE_KEY_MAX + 6];

	if (backends->len == 0)
		return false;
	service_key(name, service);
	snprintf(key, sizeof(key), "%s:%u", service,
	    model_xbackend_of(name->name).len > 0 ? 0 : port);
	return map_has(backends, slice_str(key));
}

void
compile_backends(const struct compile_input *in, struct map *out)
{
	const struct model_object *mesh = NULL;

	map_init(out);
	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_mesh_config_kind)
			mesh = in->objects[i];
	for (size_t i = 0; in->is_called != NULL && i < in->len; i++) {
		const struct model_object *o = in->objects[i];

		if (o->kind->backends != NULL)
			o->kind->backends(o, note_backend, out);
		model_provider_asked(mesh, o, note_backend, out);
	}
}
