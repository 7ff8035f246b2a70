#include "modes/control/conditions_frontend.h"

#include "model/gateway_tls.h"

/*
 * conditions_frontend: a Gateway's own TLS: may anybody sign its clients'
 * certificates, and is there the one that it shows to backends?
 */

static const struct model_object *
find(void *arg, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	return sight_find(arg, kind, namespace, name);
}

static bool
is_granted(void *arg, const struct model_object *from,
    const struct model_object_ref *to)
{
	const struct route_sight seen = sight_of_routes(arg);

	return route_sight_grants(&seen, from, to);
}

/* Whether there is any. */
static bool
follow(struct sight *s, const struct model_object *gateway,
    const struct model_client_validation *v, enum model_authorities *answer,
    struct err *err)
{
	struct model_client_authorities found = { .roots = web_roots_new() };
	bool is_any;

	*answer = model_gateway_authorities(gateway, v, find, is_granted, s,
	    &found, err);
	is_any = !model_client_authorities_none(&found);
	web_roots_unref(found.roots);
	return is_any;
}

static const struct model_client_validation *
asked_at(const struct model_object *gateway, const struct model_listener *l)
{
	return model_listener_protocol(l) != MODEL_LISTENER_HTTPS ? NULL :
	    model_gateway_clients(gateway, l->port);
}

const char *
frontend_fault(struct sight *s, const struct model_object *gateway,
    const struct model_listener *l, const char **message)
{
	const struct model_client_validation *v = asked_at(gateway, l);
	enum model_authorities answer = MODEL_AUTHORITIES_RESOLVED;
	struct err err = ERR_INIT;

	if (v != NULL)
		follow(s, gateway, v, &answer, &err);
	if (answer == MODEL_AUTHORITIES_RESOLVED)
		return NULL;
	*message = arena_printf(s->arena, "clients' certificates: %s", err.text);
	/* Of listeners Gateway API has another word for it. */
	return answer == MODEL_AUTHORITIES_KIND ? "InvalidCACertificateKind" :
	    model_authorities_reason(answer);
}

bool
frontend_bars(struct sight *s, const struct model_object *gateway,
    const struct model_listener *l)
{
	const struct model_client_validation *v = asked_at(gateway, l);
	enum model_authorities answer;
	struct err err = ERR_INIT;

	return v != NULL && !follow(s, gateway, v, &answer, &err);
}

static bool
is_insecure(const struct model_object *gateway)
{
	size_t n;
	const struct model_listener *l = model_listeners(gateway, &n);

	for (size_t i = 0; i < n; i++) {
		const struct model_client_validation *v = asked_at(gateway,
		    &l[i]);

		if (v != NULL && v->mode == MODEL_CLIENT_INSECURE)
			return true;
	}
	return false;
}

static void
put_backend(struct sight *s, struct conf_node *list,
    const struct model_object_ref *ref)
{
	const struct route_sight seen = sight_of_routes(s);
	const char *why;
	enum route_reason r = route_sight_certificate(&seen, s->of, ref, &why);
	bool is_good = r == ROUTE_RESOLVED;

	condition_put(s, list, "ResolvedRefs", is_good ? "True" : "False",
	    is_good ? "ResolvedRefs" : r == ROUTE_REF_NOT_PERMITTED ?
	    "RefNotPermitted" : "InvalidClientCertificateRef", is_good ?
	    "its certificate for backends is there" : arena_printf(s->arena,
	    "spec.tls.backend.clientCertificateRef: certificate %s: %s; none is "
	    "shown", ref->name, why));
}

void
frontend_put(struct sight *s, struct conf_node *list)
{
	const struct model_object_ref *ref = model_gateway_backend_ref(s->of);

	if (ref != NULL)
		put_backend(s, list, ref);
	if (is_insecure(s->of))
		condition_put(s, list, "InsecureFrontendValidationMode", "True",
		    "ConfigurationChanged", "clients without a good certificate "
		    "are let in: AllowInsecureFallback");
}
