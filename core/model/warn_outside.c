#include <stdio.h>
#include <string.h>

#include "model/authorities.h"
#include "model/backend_tls_policy.h"
#include "model/service.h"
#include "model/xbackend.h"
#include "model/warn_impl.h"

/* What documents about hosts outside the mesh will not do. */

static bool
is_same(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool
is_external(const struct model_object *o)
{
	return o->kind == &model_service_kind &&
	    model_service(o)->spec.type == MODEL_EXTERNAL_NAME;
}

static bool
is_of_mesh(struct slice host)
{
	static const struct slice suffixes[] = {
		SLICE(".mesh"), SLICE(".svc"), SLICE(".svc.cluster.local")
	};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (slice_has_suffix(host, suffixes[i]))
			return true;
	return false;
}

/* Whether the set has a policy about the service. */
static bool
has_tls(const struct warner *w)
{
	const struct model_metadata *m = &w->object->head->meta;

	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *o = w->set->objects[i];

		if (o->kind != &model_backend_tls_policy_kind ||
		    !is_same(o->head->meta.namespace, m->namespace))
			continue;
		const struct model_backend_tls_policy_spec *s =
		    &model_backend_tls_policy(o)->spec;

		for (size_t j = 0; j < s->targets_len; j++)
			if (is_same(s->targets[j].name, m->name))
				return true;
	}
	return false;
}

/* The service that callers of this host and port get; NULL: this one. */
static const struct model_object *
first_of_host(const struct warner *w, uint16_t port)
{
	const struct model_service_spec *own = &model_service(w->object)->spec;

	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *o = w->set->objects[i];

		if (o != w->object && is_external(o) &&
		    is_same(o->head->meta.namespace,
		    w->object->head->meta.namespace) &&
		    slice_ieq(slice_str(model_service(o)->spec.external_name),
		    slice_str(own->external_name)) &&
		    model_service_port(model_service(o), port) != NULL &&
		    strcmp(o->key, w->object->key) < 0)
			return o;
	}
	return NULL;
}

static void
warn_port(struct warner *w, size_t i, const struct model_service_port *p,
    unsigned flags)
{
	const struct model_object *first = first_of_host(w, p->port);
	uint16_t target = p->target.number != 0 ? p->target.number : p->port;

	if (first != NULL)
		warn_at(w, "ports[%zu].port: Service %s stands for this host "
		    "and port too, and is the one that callers of the host "
		    "get", i, model_object_name(first));
	if ((flags & MODEL_WARN_REFERENCES) != 0 && target == 443 &&
	    model_port_protocol(p) == MODEL_HTTP && !has_tls(w))
		warn_at(w, "ports[%zu]: plain HTTP is sent to port 443, as no "
		    "BackendTLSPolicy is about the service", i);
}

static void
warn_external(struct warner *w, unsigned flags)
{
	const struct model_service_spec *s = &model_service(w->object)->spec;

	if (s->ports_len == 0)
		warn_at(w, "ports: there are none, so nobody can call it");
	if (is_of_mesh(slice_str(s->external_name)))
		warn_at(w, "externalName: is a name of the mesh, which DNS "
		    "does not know; a route can send to another service");
	for (size_t i = 0; i < s->ports_len; i++)
		warn_port(w, i, &s->ports[i], flags);
}

static const struct model_object *
find(void *arg, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	const struct warner *w = arg;

	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_metadata *m = &w->set->objects[i]->head->meta;

		if (w->set->objects[i]->kind == kind &&
		    is_same(m->namespace, namespace) && is_same(m->name, name))
			return w->set->objects[i];
	}
	return NULL;
}

/* That something is missing is told with all references. */
static void
warn_tls(struct warner *w)
{
	struct web_roots *roots = web_roots_new();
	struct err err = ERR_INIT;
	enum model_authorities found = model_authorities(w->object, find, w,
	    roots, &err);

	if (found == MODEL_AUTHORITIES_KIND || found == MODEL_AUTHORITIES_REF)
		warn_at(w, "%s", err.text + strlen("spec."));
	web_roots_unref(roots);
}

static void
warn_xbackend(struct warner *w)
{
	const struct model_xbackend *x = model_xbackend(w->object);

	if (is_of_mesh(slice_str(x->spec.host.hostname)))
		warn_at(w, "externalHostname.hostname: is a name of the mesh, "
		    "which DNS does not know; a route can send to a Service");
	if (model_xbackend_port(x) == 443 && !model_xbackend_has_tls(w->object) &&
	    !slice_is(slice_str(x->spec.protocol), "TCP"))
		warn_at(w, ": plain HTTP is sent to port 443, as there is no "
		    "TLS");
}

void
warn_outside(struct warner *w, unsigned flags)
{
	if (is_external(w->object))
		warn_external(w, flags);
	else if (w->object->kind == &model_xbackend_kind)
		warn_xbackend(w);
	if (model_validation_of(w->object) != NULL &&
	    (flags & MODEL_WARN_REFERENCES) != 0)
		warn_tls(w);
}
