#include "model/gateway_tls.h"

#include <string.h>

const struct model_client_validation *
model_gateway_clients(const struct model_object *gateway, uint16_t port)
{
	const struct model_gateway_tls *tls = model_gateway(gateway)->spec.tls;
	const struct model_gateway_frontend *f = tls == NULL ? NULL :
	    tls->frontend;

	for (size_t i = 0; f != NULL && i < f->ports_len; i++)
		if (f->ports[i].port == port)
			return f->ports[i].tls.validation;
	return f == NULL ? NULL : f->first.validation;
}

const struct model_object_ref *
model_gateway_backend_ref(const struct model_object *gateway)
{
	const struct model_gateway_tls *tls = model_gateway(gateway)->spec.tls;

	return tls == NULL || tls->backend == NULL ? NULL :
	    tls->backend->certificate;
}

bool
model_client_authorities_none(const struct model_client_authorities *a)
{
	return web_roots_len(a->roots) == 0 && a->domains_len == 0;
}

/* What a validation's references are followed by. */
struct following {
	const struct model_object *gateway;
	model_find_fn             *find;
	model_granted_fn          *is_granted;
	void                      *arg;
	struct model_client_authorities *out;
};

/* It has no namespace, and so needs no grant. */
static enum model_authorities
follow_domain(const struct following *f, const char *name, struct err *err)
{
	const struct model_object *found = f->find(f->arg,
	    &model_federated_trust_domain_kind, NULL, name);

	if (found == NULL) {
		err_set(err, ERR_CONFIG, "there is no "
		    "ClusterFederatedTrustDomain %s", name);
		return MODEL_AUTHORITIES_ABSENT;
	}
	if (f->out->domains_len < MODEL_CLIENT_CAS)
		f->out->domains[f->out->domains_len++] = found;
	return MODEL_AUTHORITIES_RESOLVED;
}

static enum model_authorities
follow(const struct following *f, struct model_object_ref to, struct err *err)
{
	const char *own = f->gateway->head->meta.namespace;

	if (model_authorities_is_domain(&to))
		return follow_domain(f, to.name, err);
	if (to.namespace == NULL)
		to.namespace = own;
	if (strcmp(to.namespace, own) == 0 ||
	    f->is_granted(f->arg, f->gateway, &to))
		return model_authorities_follow(&to, true, f->find, f->arg,
		    f->out->roots, err);
	err_set(err, ERR_DENIED, "no ReferenceGrant lets it use %s %s/%s",
	    to.kind, to.namespace, to.name);
	return MODEL_AUTHORITIES_DENIED;
}

enum model_authorities
model_gateway_authorities(const struct model_object *gateway,
    const struct model_client_validation *v, model_find_fn *find,
    model_granted_fn *is_granted, void *arg,
    struct model_client_authorities *out, struct err *err)
{
	const struct following f = { gateway, find, is_granted, arg, out };
	enum model_authorities first = MODEL_AUTHORITIES_RESOLVED;

	for (size_t i = 0; i < v->cas_len; i++) {
		struct err why = ERR_INIT;
		enum model_authorities answer = follow(&f, v->cas[i], &why);

		if (answer == MODEL_AUTHORITIES_RESOLVED ||
		    first != MODEL_AUTHORITIES_RESOLVED)
			continue;
		first = answer;
		*err = why;
		err_wrap(err, "validation.caCertificateRefs[%zu]", i);
	}
	return first;
}

static bool
is_to(const struct model_object *from, const struct model_object_ref *ref,
    const struct model_object *o)
{
	const char *namespace = ref->namespace != NULL ? ref->namespace :
	    from->head->meta.namespace;

	return model_ref_is(ref->group, ref->kind, "", o->kind->kind) &&
	    strcmp(namespace, o->head->meta.namespace) == 0 &&
	    strcmp(ref->name, o->head->meta.name) == 0;
}

static bool
validation_refers(const struct model_object *gateway,
    const struct model_client_validation *v, const struct model_object *o)
{
	for (size_t i = 0; v != NULL && i < v->cas_len; i++)
		if (is_to(gateway, &v->cas[i], o))
			return true;
	return false;
}

bool
model_gateway_refers(const struct model_object *gateway,
    const struct model_object *o)
{
	const struct model_gateway_tls *tls = model_gateway(gateway)->spec.tls;
	const struct model_gateway_frontend *f = tls == NULL ? NULL :
	    tls->frontend;
	const struct model_object_ref *own = model_gateway_backend_ref(gateway);

	if (own != NULL && is_to(gateway, own, o))
		return true;
	for (size_t i = 0; f != NULL && i < f->ports_len; i++)
		if (validation_refers(gateway, f->ports[i].tls.validation, o))
			return true;
	return f != NULL && validation_refers(gateway, f->first.validation, o);
}
