#include "model/route.h"

#include "base/check.h"
#include "model/closure.h"
#include "model/grpc_route.h"
#include "model/http_route.h"
#include "model/l4_route.h"

const char *const model_route_scopes[] = { "All", "None", NULL };

static bool
is_l4(const struct model_object *o)
{
	return o->kind == &model_tcp_route_kind ||
	    o->kind == &model_tls_route_kind || o->kind == &model_udp_route_kind;
}

const struct model_route_at *
model_route(const struct model_object *o)
{
	if (o->kind == &model_http_route_kind)
		return &model_http_route(o)->spec.at;
	if (o->kind == &model_grpc_route_kind)
		return &model_grpc_route(o)->spec.at;
	return is_l4(o) ? &model_l4_route(o)->spec.at : NULL;
}

static const struct model_route_at *
at_of(const struct model_object *o)
{
	const struct model_route_at *at = model_route(o);

	check(at != NULL);
	return at;
}

/* --- rules -------------------------------------------------------------------- */

size_t
model_route_rules(const struct model_object *o)
{
	return o->kind == &model_http_route_kind ?
	    model_http_route(o)->spec.rules_len :
	    o->kind == &model_grpc_route_kind ?
	    model_grpc_route(o)->spec.rules_len :
	    model_l4_route(o)->spec.rules_len;
}

#define RULE(r)	(struct model_route_rule){ (r)->name, (r)->filters,	\
	(r)->filters_len, (r)->backends, (r)->backends_len }

struct model_route_rule
model_route_rule(const struct model_object *o, size_t i)
{
	check(i < model_route_rules(o));
	if (o->kind == &model_http_route_kind)
		return RULE(&model_http_route(o)->spec.rules[i]);
	if (o->kind == &model_grpc_route_kind)
		return RULE(&model_grpc_route(o)->spec.rules[i]);
	const struct model_l4_rule *r = &model_l4_route(o)->spec.rules[i];

	return (struct model_route_rule){ .name = r->name,
		.backends = r->backends, .backends_len = r->backends_len };
}

/* --- what it sends to ----------------------------------------------------------- */

struct telling {
	const struct model_object *route;
	model_backend_fn          *fn;
	void                      *arg;
};

static void
tell(const struct telling *t, const char *group, const char *kind,
    const char *namespace, const char *name)
{
	char service[MODEL_BACKEND_NAME_MAX];

	if (model_backend_service_name(group, kind, name, service))
		t->fn(t->arg, namespace != NULL ? namespace :
		    t->route->head->meta.namespace, service);
}

/* Those that filters mirror to, or ask for leave. */
static void
tell_filters(const struct telling *t, const struct model_http_filter *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_object_ref *r = f[i].mirror != NULL ?
		    &f[i].mirror->backend : f[i].external_auth != NULL ?
		    &f[i].external_auth->backend : NULL;

		if (r != NULL)
			tell(t, r->group, r->kind, r->namespace, r->name);
	}
}

void
model_route_backends(const struct model_object *route, model_backend_fn *fn,
    void *arg)
{
	const struct telling t = { route, fn, arg };

	for (size_t i = 0; i < model_route_rules(route); i++) {
		const struct model_route_rule r = model_route_rule(route, i);

		tell_filters(&t, r.filters, r.filters_len);
		for (size_t k = 0; k < r.backends_len; k++) {
			const struct model_backend_ref *b = &r.backends[k];

			tell(&t, b->group, b->kind, b->namespace, b->name);
			tell_filters(&t, b->filters, b->filters_len);
		}
	}
}

static void
tell_extensions(const struct model_http_filter *f, size_t n,
    model_extension_fn *fn, void *arg)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].extension != NULL)
			fn(arg, f[i].extension);
}

void
model_route_extensions(const struct model_object *route,
    model_extension_fn *fn, void *arg)
{
	for (size_t i = 0; i < model_route_rules(route); i++) {
		const struct model_route_rule r = model_route_rule(route, i);

		tell_extensions(r.filters, r.filters_len, fn, arg);
		for (size_t k = 0; k < r.backends_len; k++)
			tell_extensions(r.backends[k].filters,
			    r.backends[k].filters_len, fn, arg);
	}
}

bool
model_route_concerns(const struct model_subject *subject,
    const struct model_object *route)
{
	const struct model_route_at *at = at_of(route);

	return model_subject_routes(subject, route, at->parents, at->parents_len);
}

/* --- columns -------------------------------------------------------------------- */

void
model_route_print_parents(struct str *out, const struct model_object *o)
{
	const struct model_route_at *at = at_of(o);

	model_print_parents(out, at->parents, at->parents_len);
}

void
model_route_print_hostnames(struct str *out, const struct model_object *o)
{
	const struct model_route_at *at = at_of(o);

	model_print_words(out, at->hostnames, at->hostnames_len, "*");
}

const struct model_column model_route_columns[] = {
	{ "PARENTS", model_route_print_parents, false },
	{ NULL, NULL, false },
};

const struct model_column model_route_host_columns[] = {
	{ "PARENTS", model_route_print_parents, false },
	{ "HOSTNAMES", model_route_print_hostnames, false },
	{ NULL, NULL, false },
};
