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

enum model_authorities
model_gateway_authorities(const struct model_object *gateway,
    const struct model_client_validation *v, model_find_fn *find,
    model_granted_fn *is_granted, void *arg, struct web_roots *roots,
    struct err *err)
{
	const char *own = gateway->head->meta.namespace;
	enum model_authorities first = MODEL_AUTHORITIES_RESOLVED;

	for (size_t i = 0; i < v->cas_len; i++) {
		struct model_object_ref to = v->cas[i];
		struct err why = ERR_INIT;
		enum model_authorities answer;

		if (to.namespace == NULL)
			to.namespace = own;
		if (strcmp(to.namespace, own) == 0 ||
		    is_granted(arg, gateway, &to))
			answer = model_authorities_follow(&to, true, find, arg,
			    roots, &why);
		else {
			answer = MODEL_AUTHORITIES_DENIED;
			err_set(&why, ERR_DENIED, "no ReferenceGrant lets it "
			    "use %s %s/%s", to.kind, to.namespace, to.name);
		}
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
