#include "model/authorization_policy.h"
#include "model/gateway.h"
#include "model/http_route.h"
#include "model/mesh_config.h"
#include "model/oidc_login.h"
#include "model/request_authentication.h"
#include "model/service.h"
#include "modes/control/conditions_judge.h"

/*
 * conditions_authz: AuthorizationPolicies, RequestAuthentications and OIDCLogins,
 * one group of conditions for each target, or one for the workloads of a
 * namespace or the mesh.
 */
#define IN_USE	"the policy is in use"
#define DRY_RUN	"dry run: it decides nothing, and what it would do is counted"

static bool
is_dry(const struct sight *s)
{
	return s->of->kind == &model_authorization_policy_kind &&
	    model_authz_is_dry_run(s->of);
}

/* Of one that asks a provider, whether it can. */
static void
put_provider(struct sight *s, struct conf_node *list)
{
	const struct model_authz_provider *named =
	    s->of->kind != &model_authorization_policy_kind ? NULL :
	    model_authorization_policy(s->of)->spec.provider;
	const struct model_extension_provider *found;
	const struct model_object *service;
	const struct model_auth_provider *p;

	if (named == NULL)
		return;
	found = model_extension_provider(sight_find(s, &model_mesh_config_kind,
	    NULL, MODEL_MESH_CONFIG_NAME), named->name);
	p = found == NULL ? NULL : model_auth_provider(found);
	if (p == NULL)
		condition_put(s, list, "ResolvedRefs", "False",
		    "ProviderNotFound", is_dry(s) ? "the MeshConfig has no "
		    "extension provider of that name, so what the rules match "
		    "would be refused" : "the MeshConfig has no extension "
		    "provider of that name, so what the rules match is refused");
	else if ((service = sight_find(s, &model_service_kind, p->namespace,
	    p->service)) == NULL)
		condition_put(s, list, "ResolvedRefs", "False",
		    "BackendNotFound", "the provider's service is not there");
	else if (model_service_port(model_service(service), p->port) == NULL)
		condition_put(s, list, "ResolvedRefs", "False",
		    "BackendNotFound", "the provider's service has no such "
		    "port");
	else
		condition_put(s, list, "ResolvedRefs", "True", "ResolvedRefs",
		    "the provider's service has that port; whether somebody is "
		    "there, and lets those in who ask, says mesh ctl check");
}

static void
judge_target(struct sight *s, const struct model_target_ref *t,
    struct conf_node *list)
{
	const char *message = is_dry(s) ? DRY_RUN : IN_USE, *fault = NULL;

	if (!model_ref_is(t->group, t->kind, MODEL_GATEWAY_GROUP, "Gateway")) {
		fault = sight_target(s, t, &message);
	} else if (sight_find(s, &model_gateway_kind,
	    s->of->head->meta.namespace, t->name) == NULL) {
		fault = "TargetNotFound";
		message = "there is no such Gateway";
	}
	condition_put(s, list, "Accepted", fault == NULL ? "True" : "False",
	    fault == NULL ? "Accepted" : fault, message);
	put_provider(s, list);
	condition_promise(s, list, fault == NULL);
	condition_ignored(s, list);
}

static void
judge_scope(struct sight *s, struct conf_node *status,
    const struct model_target_ref *targets, size_t n)
{
	struct conf_node *list;

	if (n > 0) {
		condition_ancestors(s, status, targets, n, judge_target);
		return;
	}
	list = conf_set_list(status, "conditions");
	condition_put(s, list, "Accepted", "True", "Accepted",
	    is_dry(s) ? DRY_RUN : IN_USE);
	put_provider(s, list);
	condition_promise(s, list, true);
	condition_ignored(s, list);
}

static void
judge_policy(struct sight *s, struct conf_node *status)
{
	const struct model_authorization_policy_spec *p =
	    &model_authorization_policy(s->of)->spec;

	judge_scope(s, status, p->targets, p->targets_len);
}

const struct judge judge_authorization_policy = {
	&model_authorization_policy_kind, judge_policy, false };

static void
judge_tokens(struct sight *s, struct conf_node *status)
{
	const struct model_request_authentication_spec *p =
	    &model_request_authentication(s->of)->spec;

	judge_scope(s, status, p->targets, p->targets_len);
}

const struct judge judge_request_authentication = {
	&model_request_authentication_kind, judge_tokens, false };

/* The one that acts in its place, or NULL. */
static const struct model_object *
displacing(struct sight *s, const struct model_target_ref *t)
{
	size_t n;
	const struct model_object **all = sight_list(s, s->of->kind,
	    s->of->head->meta.namespace, &n);

	for (size_t i = 0; i < n; i++)
		if (model_oidc_login_displaces(all[i], s->of, t))
			return all[i];
	return NULL;
}

/* Why it does not act there, or NULL. */
static const char *
login_fault(struct sight *s, const struct model_target_ref *t,
    const char **message)
{
	bool is_route = model_oidc_target_is_route(t);
	const struct model_object *o = sight_find(s, is_route ?
	    &model_http_route_kind : &model_gateway_kind,
	    s->of->head->meta.namespace, t->name);
	const char *fault = o == NULL ? NULL : model_oidc_target_fault(t, o);

	*message = IN_USE;
	if (o == NULL || fault != NULL) {
		*message = fault != NULL ? fault : is_route ?
		    "there is no such HTTPRoute" : "there is no such Gateway";
		return "TargetNotFound";
	}
	o = displacing(s, t);
	if (o == NULL)
		return NULL;
	*message = arena_printf(s->arena, "OIDCLogin %s is about the same and "
	    "older", o->head->meta.name);
	return "Conflicted";
}

static void
judge_login_target(struct sight *s, const struct model_target_ref *t,
    struct conf_node *list)
{
	const char *message, *fault = login_fault(s, t, &message);

	condition_put(s, list, "Accepted", fault == NULL ? "True" : "False",
	    fault == NULL ? "Accepted" : fault, message);
	condition_promise(s, list, fault == NULL);
	condition_ignored(s, list);
}

static void
judge_login(struct sight *s, struct conf_node *status)
{
	const struct model_oidc_login_spec *p = model_oidc_login(s->of);

	condition_ancestors(s, status, p->targets, p->targets_len,
	    judge_login_target);
}

const struct judge judge_oidc_login = { &model_oidc_login_kind, judge_login,
	false };
