#include <string.h>

#include "model/authorities.h"
#include "model/backend_tls_policy.h"
#include "model/xbackend.h"
#include "modes/control/conditions_judge.h"

/*
 * conditions_tls: BackendTLSPolicies: is the target there and nobody else's,
 * and is there an authority to trust?  XBackends: that, and is it a host?
 */

static const struct model_object *
find(void *arg, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	return sight_find(arg, kind, namespace, name);
}

static bool
is_same(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool
has_target(const struct model_object *policy, const struct model_target_ref *t)
{
	const struct model_backend_tls_policy_spec *s =
	    &model_backend_tls_policy(policy)->spec;

	for (size_t i = 0; i < s->targets_len; i++)
		if (model_ref_is(s->targets[i].group, s->targets[i].kind,
		    t->group, t->kind) &&
		    is_same(s->targets[i].name, t->name) &&
		    is_same(s->targets[i].section, t->section))
			return true;
	return false;
}

static const char *
check_others(struct sight *s, const struct model_target_ref *t,
    const char **message)
{
	size_t n;
	const struct model_object **all = sight_list(s,
	    &model_backend_tls_policy_kind, s->of->head->meta.namespace, &n);

	for (size_t i = 0; i < n; i++)
		if (all[i] != s->of && has_target(all[i], t) &&
		    model_object_by_age(all[i], s->of) < 0) {
			*message = arena_printf(s->arena, "%s has the same "
			    "target and goes first", all[i]->key);
			return "Conflicted";
		}
	return NULL;
}

/* Of an XBackend: what is wrong with the certificate to show, or NULL. */
static const char *
shown_fault(struct sight *s, struct err *err)
{
	const struct model_object_ref *ref = s->of->kind ==
	    &model_xbackend_kind ? model_xbackend_shown(s->of) : NULL;
	const struct route_sight seen = sight_of_routes(s);
	const char *why;

	if (ref == NULL)
		return NULL;
	if (ref->namespace != NULL && !is_same(ref->namespace,
	    s->of->head->meta.namespace)) {
		err_set(err, ERR_DENIED, "spec.tls.clientCertificateRef: a "
		    "Secret of another namespace is sent to nobody");
		return "RefNotPermitted";
	}
	if (route_sight_certificate(&seen, s->of, ref, &why) == ROUTE_RESOLVED)
		return NULL;
	err_set(err, ERR_NOT_FOUND, "spec.tls.clientCertificateRef: "
	    "certificate %s: %s; none is shown", ref->name, why);
	return "InvalidClientCertificateRef";
}

/* With what is wrong with the rest of it, or NULL. */
static void
judge_trust(struct sight *s, const char *fault, const char *message,
    struct conf_node *list)
{
	struct web_roots *roots = web_roots_new();
	struct err err = ERR_INIT;
	enum model_authorities refs = model_authorities(s->of, find, s, roots,
	    &err);
	bool is_resolved = refs == MODEL_AUTHORITIES_RESOLVED;
	const char *why = is_resolved ? shown_fault(s, &err) : NULL;

	if (fault == NULL && web_roots_len(roots) == 0 && !is_resolved) {
		fault = "NoValidCACertificate";
		message = "there is no authority to trust, so nobody is "
		    "connected";
	}
	web_roots_unref(roots);
	condition_put(s, list, "Accepted", fault == NULL ? "True" : "False",
	    fault == NULL ? "Accepted" : fault, message);
	is_resolved = is_resolved && why == NULL;
	condition_put(s, list, "ResolvedRefs", is_resolved ? "True" : "False",
	    why != NULL ? why : model_authorities_reason(refs), is_resolved ?
	    "all references lead somewhere" : arena_printf(s->arena, "%s",
	    err.text));
	condition_promise(s, list, fault == NULL);
	condition_ignored(s, list);
}

static void
judge_target(struct sight *s, const struct model_target_ref *t,
    struct conf_node *list)
{
	const char *message = "the policy is in use";
	const char *fault = sight_target(s, t, &message);

	if (fault == NULL)
		fault = check_others(s, t, &message);
	judge_trust(s, fault, message, list);
}

static void
judge(struct sight *s, struct conf_node *status)
{
	const struct model_backend_tls_policy_spec *spec =
	    &model_backend_tls_policy(s->of)->spec;

	condition_ancestors(s, status, spec->targets, spec->targets_len,
	    judge_target);
}

const struct judge judge_backend_tls_policy = { &model_backend_tls_policy_kind,
	judge, false };

static void
judge_host(struct sight *s, struct conf_node *status)
{
	bool is_host = model_xbackend_is_host(s->of);

	judge_trust(s, is_host ? NULL : "UnsupportedValue", is_host ?
	    "routes can send to it" : "nothing is sent to what it selects yet",
	    conf_set_list(status, "conditions"));
}

const struct judge judge_xbackend = { &model_xbackend_kind, judge_host, false };
