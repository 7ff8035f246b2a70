#include <string.h>

#include "model/federated_trust_domain.h"
#include "model/gateway_tls.h"
#include "modes/proxy/gateway_make.h"
#include "pki/web.h"
#include "tls/clients.h"

/* gateway_clients: whose certificates a port of a Gateway asks for. */

/* NULL: in none. */
static bool
is_in(const struct model_object *o, const char *namespace)
{
	const char *own = o->head->meta.namespace;

	return namespace == NULL ? own == NULL : own != NULL &&
	    strcmp(own, namespace) == 0;
}

static const struct model_object *
find(void *maker, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	const struct gateway_maker *m = maker;

	for (size_t i = 0; i < m->in->len; i++) {
		const struct model_object *o = m->in->objects[i];

		if (o->kind == kind && is_in(o, namespace) &&
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

/* Our own domain is none: its members are no clients of a Gateway. */
static struct tls_clients *
make_clients(const struct gateway_maker *m,
    const struct model_client_authorities *found, bool is_optional)
{
	bool knows_domains = !m->in->settings->spec.standalone;
	struct slice domains[MODEL_CLIENT_CAS];
	size_t n = 0;

	for (size_t i = 0; knows_domains && i < found->domains_len; i++) {
		const char *name = model_federated_trust_domain(
		    found->domains[i])->spec.trust_domain;

		if (!slice_is(slice_str(m->in->trust_domain), name))
			domains[n++] = slice_str(name);
	}
	return web_roots_len(found->roots) == 0 && n == 0 ? NULL :
	    tls_clients_new(found->roots, domains, n, is_optional);
}

void
gateway_make_clients(struct gateway_maker *m, const struct model_object *gateway,
    struct gateway_front *f)
{
	const struct model_client_validation *v =
	    model_gateway_clients(gateway, f->port.number);
	struct model_client_authorities found = { .roots = NULL };
	struct err err = ERR_INIT;

	if (v == NULL || !has_https(f))
		return;
	found.roots = web_roots_new();
	if (model_gateway_authorities(gateway, v, find, is_granted, m, &found,
	    &err) != MODEL_AUTHORITIES_RESOLVED) {
		err_wrap(&err, "spec.tls.frontend, port %u", f->port.number);
		gateway_report(m, gateway, &err);
	}
	if (m->in->settings->spec.standalone && found.domains_len > 0) {
		err_set(&err, ERR_CONFIG, "spec.tls.frontend, port %u: clients "
		    "of trust domains are known where there is control, and "
		    "here there is none", f->port.number);
		gateway_report(m, gateway, &err);
	}
	f->asks = v->mode == MODEL_CLIENT_REQUIRED ? GATEWAY_DEMANDS :
	    GATEWAY_ASKS;
	f->clients = make_clients(m, &found, v->mode == MODEL_CLIENT_INSECURE);
	if (f->clients == NULL)
		f->asks = GATEWAY_BARRED;
	web_roots_unref(found.roots);
}
