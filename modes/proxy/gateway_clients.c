#include <string.h>

#include "model/gateway_tls.h"
#include "modes/proxy/gateway_make.h"
#include "pki/web.h"
#include "tls/clients.h"

/* gateway_clients: whose certificates a port of a Gateway asks for. */

static const struct model_object *
find(void *maker, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	const struct gateway_maker *m = maker;

	for (size_t i = 0; i < m->in->len; i++) {
		const struct model_object *o = m->in->objects[i];

		if (o->kind == kind && o->head->meta.namespace != NULL &&
		    strcmp(o->head->meta.namespace, namespace) == 0 &&
		    strcmp(o->head->meta.name, name) == 0)
			return o;
	}
	return NULL;
}

static bool
is_granted(void *maker, const struct model_object *from,
    const struct model_object_ref *to)
{
	const struct gateway_maker *m = maker;

	return gateway_granted(m->in, from, to);
}

static bool
has_https(const struct gateway_front *f)
{
	for (size_t i = 0; i < f->port.len; i++) {
		const struct gateway_site *site = f->port.listeners[i]->owner;

		if (!site->is_stream)
			return true;
	}
	return false;
}

void
gateway_make_clients(struct gateway_maker *m, const struct model_object *gateway,
    struct gateway_front *f)
{
	const struct model_client_validation *v =
	    model_gateway_clients(gateway, f->port.number);
	struct err err = ERR_INIT;
	struct web_roots *roots;

	if (v == NULL || !has_https(f))
		return;
	roots = web_roots_new();
	if (model_gateway_authorities(gateway, v, find, is_granted, m, roots,
	    &err) != MODEL_AUTHORITIES_RESOLVED) {
		err_wrap(&err, "spec.tls.frontend, port %u", f->port.number);
		gateway_report(m, gateway, &err);
	}
	f->asks = v->mode == MODEL_CLIENT_REQUIRED ? GATEWAY_DEMANDS :
	    GATEWAY_ASKS;
	if (web_roots_len(roots) > 0)
		f->clients = tls_clients_new(roots,
		    v->mode == MODEL_CLIENT_INSECURE);
	else
		f->asks = GATEWAY_BARRED;
	web_roots_unref(roots);
}
