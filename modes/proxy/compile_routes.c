#include "base/mem.h"
#include "modes/proxy/compile.h"
#include "modes/proxy/rules.h"
#include "route/http_route.h"

/*
 * The routes of services: for each port of each service those that callers in
 * our namespace obey (route/http_route.h).
 */
struct routes {
	const struct compile_input *in;
	struct extensions          *extensions;
	struct snapshot            *out;
	const struct model_object **all, **found;
	size_t                      len;
	struct rule_order          *orders;	/* as long as all */
	char                       *namespace;
};

static const struct service_port *
resolve(void *arg, const struct model_object *route,
    const struct service_name *name, uint16_t port)
{
	const struct snapshot *s = arg;

	(void)route;
	return service_port(snapshot_service(s, name), port);
}

/* Documents are counted, so whoever keeps one changes its count. */
static struct model_object *
counted(const struct model_object *o)
{
	union { const struct model_object *from; struct model_object *to; } u;

	u.from = o;
	return u.to;
}

static void
compile_port_routes(struct routes *r, const struct model_object *service,
    const struct service *s, struct service_port *port)
{
	const struct compile_input *in = r->in;
	const struct rule_world world = { resolve, r->out, r->extensions };
	const struct service_port *before = in->before == NULL ? NULL :
	    service_port(snapshot_service(in->before, &s->name), port->port);
	size_t n = http_routes_of_service(r->all, r->len, service, port->port,
	    r->namespace, r->found);

	for (size_t i = 0; i < n; i++)
		r->orders[i] = (struct rule_order){
			.route = counted(r->found[i]), .is_service = true };
	if (n == 0)
		return;
	port->rules = rule_set_bind(&r->out->arena, rule_book_make(r->orders, n,
	    before == NULL || before->rules == NULL ? NULL :
	    before->rules->book, in->fault, in->fault_arg), &world);
}

static void
compile_service_routes(struct routes *r, const struct model_object *o)
{
	struct service *s = map_get(&r->out->services,
	    slice_str(model_object_name(o)));

	for (size_t i = 0; s != NULL && i < s->len; i++)
		compile_port_routes(r, o, s, &s->ports[i]);
}

void
compile_routes(const struct compile_input *in, struct extensions *extensions,
    struct snapshot *out)
{
	struct routes r = { .in = in, .extensions = extensions, .out = out };

	r.all = mem_zalloc_array(in->len + 1, sizeof(*r.all));
	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_http_route_kind)
			r.all[r.len++] = in->objects[i];
	if (r.len > 0) {
		r.found = mem_zalloc_array(r.len, sizeof(*r.found));
		r.orders = mem_zalloc_array(r.len, sizeof(*r.orders));
		r.namespace = mem_printf("%.*s", SLICE_ARG(in->namespace));
		for (size_t i = 0; i < in->len; i++)
			if (in->objects[i]->kind == &model_service_kind)
				compile_service_routes(&r, in->objects[i]);
		mem_free(r.found);
		mem_free(r.orders);
		mem_free(r.namespace);
	}
	mem_free(r.all);
}

/* --- what they send to --------------------------------------------------------------- */

static void
note_backend(void *out, const char *namespace, const char *name)
{
	char *key = mem_printf("%s/%s", namespace, name);

	map_put(out, slice_str(key), NULL);
	mem_free(key);
}

void
compile_backends(const struct compile_input *in, struct map *out)
{
	map_init(out);
	for (size_t i = 0; in->is_called != NULL && i < in->len; i++) {
		const struct model_object *o = in->objects[i];

		if (o->kind->backends != NULL)
			o->kind->backends(o, note_backend, out);
	}
}
