#include <stdio.h>
#include <string.h>

#include "model/authorization_rules.h"
#include "model/gateway.h"
#include "model/oidc_login.h"
#include "model/request_authentication.h"
#include "model/service.h"
#include "model/warn_impl.h"
#include "model/workload.h"

/*
 * warn_tokens: rules of AuthorizationPolicies that ask for tokens where nobody
 * looks at any.  There no request has one: what asks for a token matches nobody,
 * and what asks for none matches everybody.
 */

/* What of it asks for tokens: in a source, or as a key of a condition. */
static bool
is_of_token(enum model_authz_attribute a)
{
	return a == MODEL_BY_REQUEST_PRINCIPAL || a == MODEL_BY_CLAIM;
}

static bool
rule_asks(const struct model_authz_rule *r)
{
	enum model_authz_attribute by;
	struct slice name;

	for (size_t i = 0; i < r->from_len; i++) {
		const struct model_authz_terms *t = &r->from[i].terms;

		if (t->is[MODEL_BY_REQUEST_PRINCIPAL].v_len +
		    t->not[MODEL_BY_REQUEST_PRINCIPAL].v_len > 0)
			return true;
	}
	for (size_t i = 0; i < r->when_len; i++)
		if (model_authz_key(r->when[i].key, &by, &name) &&
		    is_of_token(by))
			return true;
	return false;
}

static bool
policy_asks(const struct model_authorization_policy_spec *s)
{
	for (size_t i = 0; i < s->rules_len; i++)
		if (rule_asks(&s->rules[i]))
			return true;
	return false;
}

/* --- places ----------------------------------------------------------------------- */

struct search {
	struct warner             *w;
	size_t                     seen;	/* places that it is about */
	const struct model_object *without;	/* one where nobody looks; or NULL */
};

/* Those of routes may be about some that come in there. */
static bool
is_login_at(const struct model_object *o, const struct model_authz_place *place)
{
	const struct model_oidc_login_spec *s = model_oidc_login(o);

	if (place->gateway == NULL)
		return false;
	for (size_t i = 0; i < s->targets_len; i++)
		if (model_oidc_target_is_route(&s->targets[i]))
			return true;
	return model_oidc_login_is_for(o, place->namespace, place->gateway);
}

static bool
gives_tokens(const struct model_object *o, const struct model_authz_place *place)
{
	if (o->kind == &model_oidc_login_kind)
		return is_login_at(o, place);
	return model_request_authentication_is_for(o, place) &&
	    model_request_authentication(o)->spec.rules_len > 0;
}

static void
look_at_place(struct search *s, const struct model_object *of,
    const struct model_authz_place *place)
{
	const struct model_set *set = s->w->set;

	if (s->without != NULL || !model_authz_is_for(s->w->object, place))
		return;
	s->seen++;
	for (size_t i = 0; i < set->len; i++)
		if (gives_tokens(set->objects[i], place))
			return;
	s->without = of;
}

/* As it is at each workload behind it, or at the ones that it selects. */
static void
look_at_service(struct search *s, const struct model_object *o)
{
	const struct model_set *set = s->w->set;
	struct model_authz_place place = {
		.namespace = o->head->meta.namespace,
		.service = o->head->meta.name };
	size_t behind = 0;

	for (size_t i = 0; i < set->len; i++) {
		if (set->objects[i]->kind != &model_workload_kind ||
		    !model_workload_backs(set->objects[i], o))
			continue;
		place.labels = &set->objects[i]->head->meta.labels;
		look_at_place(s, o, &place);
		behind++;
	}
	place.labels = &model_service(o)->spec.selector;
	if (behind == 0)
		look_at_place(s, o, &place);
}

static void
look_at_gateway(struct search *s, const struct model_object *o)
{
	const struct model_authz_place place = {
		.namespace = o->head->meta.namespace,
		.gateway = o->head->meta.name,
		.gateway_class = model_gateway(o)->spec.class_name };

	look_at_place(s, o, &place);
}

/* Whether some RequestAuthentication could be about places that are not there. */
static bool
is_any_near(const struct warner *w)
{
	const char *namespace = w->object->head->meta.namespace;

	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *o = w->set->objects[i];

		if (o->kind == &model_request_authentication_kind &&
		    (model_is_root_namespace(namespace) ||
		    model_is_root_namespace(o->head->meta.namespace) ||
		    strcmp(o->head->meta.namespace, namespace) == 0))
			return true;
	}
	return false;
}

/* --- findings --------------------------------------------------------------------- */

static const char *
outcome(const struct warner *w, bool is_not)
{
	static const char *const outcomes[][2] = {
		[MODEL_AUTHZ_ALLOW] = { "allows nobody", "keeps nobody out" },
		[MODEL_AUTHZ_DENY] = { "denies nobody", "denies everybody" },
		[MODEL_AUTHZ_AUDIT] = { "notes nobody", "notes everybody" },
		[MODEL_AUTHZ_CUSTOM] = { "asks about nobody",
		    "asks about everybody" },
	};

	return outcomes[model_authorization_policy(w->object)->spec.action][
	    is_not];
}

static void
tell(struct search *s, const char *path, const char *word, bool is_not)
{
	const struct model_object *o = s->without;
	char place[160] = "what it is about";

	if (o != NULL)
		snprintf(place, sizeof(place), "%s %s", o->kind->kind,
		    model_object_name(o));
	warn_at(s->w, "%s.%s: %s at %s: no RequestAuthentication is about it, so "
	    "no request there has a token", path, word, outcome(s->w, is_not),
	    place);
}

static void
tell_of_rule(struct search *s, const struct model_authz_rule *r, size_t rule)
{
	const enum model_authz_attribute by = MODEL_BY_REQUEST_PRINCIPAL;
	enum model_authz_attribute key;
	struct slice name;
	char path[64];

	for (size_t i = 0; i < r->from_len; i++) {
		const struct model_authz_terms *t = &r->from[i].terms;

		snprintf(path, sizeof(path), "rules[%zu].from[%zu].source", rule, i);
		if (t->is[by].v_len > 0)
			tell(s, path, model_authz_word(by, false), false);
		if (t->not[by].v_len > 0 && t->is[by].v_len == 0)
			tell(s, path, model_authz_word(by, true), true);
	}
	for (size_t i = 0; i < r->when_len; i++) {
		const struct model_authz_condition *c = &r->when[i];

		if (!model_authz_key(c->key, &key, &name) || !is_of_token(key))
			continue;
		snprintf(path, sizeof(path), "rules[%zu].when[%zu]", rule, i);
		tell(s, path, c->is.v_len > 0 ? "values" : "notValues",
		    c->is.v_len == 0);
	}
}

void
warn_tokens(struct warner *w)
{
	const struct model_authorization_policy_spec *spec =
	    &model_authorization_policy(w->object)->spec;
	struct search s = { .w = w };

	if (!policy_asks(spec))
		return;
	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *o = w->set->objects[i];

		if (o->kind == &model_service_kind)
			look_at_service(&s, o);
		else if (o->kind == &model_gateway_kind)
			look_at_gateway(&s, o);
	}
	if (s.without == NULL && (s.seen > 0 || is_any_near(w)))
		return;
	for (size_t i = 0; i < spec->rules_len; i++)
		tell_of_rule(&s, &spec->rules[i], i);
}
