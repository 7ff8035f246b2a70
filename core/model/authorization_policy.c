#include <string.h>

#include "base/check.h"
#include "model/annotation.h"
#include "model/authorization_policy.h"
#include "model/authorization_rules.h"
#include "model/closure.h"
#include "model/workload.h"

static const char *const versions[] = { "security.istio.io/v1",
	"security.istio.io/v1beta1", NULL };
static const char *const actions[] = {
	[MODEL_AUTHZ_ALLOW] = "ALLOW", [MODEL_AUTHZ_DENY] = "DENY",
	[MODEL_AUTHZ_AUDIT] = "AUDIT", [MODEL_AUTHZ_CUSTOM] = "CUSTOM", NULL,
};

static const struct conf_field selector_fields[] = {
	{ "matchLabels", CONF_PAIRS_T,
	    CONF_AT(struct model_authz_selector, labels), .critical = true,
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE,
	    .text = "labels that a workload must have, all of them" },
	{ 0 },
};

const struct conf_schema model_authz_selector_schema = { "workload selector",
	sizeof(struct model_authz_selector), selector_fields, NULL };

static const struct conf_field provider_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_authz_provider, name),
	    .min = 1, .max = 253, .required = true,
	    .text = "who decides" },
	{ 0 },
};

static const struct conf_schema provider_schema = { "provider",
	sizeof(struct model_authz_provider), provider_fields, NULL };

#define SPEC(member)							\
	CONF_AT(struct model_authorization_policy_spec, member)

static const struct conf_field spec_fields[] = {
	{ "selector", CONF_POINTER_T, SPEC(selector), .critical = true,
	    .schema = &model_authz_selector_schema,
	    .text = "workloads of its namespace that it is about; none: all" },
	{ "targetRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_authorization_policy_spec, targets),
	    .schema = &model_target_ref_schema, .max_items = 16,
	    .critical = true,
	    .text = "Services and Gateways that it is about, instead" },
	{ "targetRef", CONF_POINTER_T, SPEC(target), .critical = true,
	    .schema = &model_target_ref_schema,
	    .text = "the one that it is about, as targetRefs of one" },
	{ "action", CONF_ENUM_T, SPEC(action), .words = actions,
	    .fallback = "ALLOW", .critical = true,
	    .text = "what becomes of what a rule matches" },
	{ "provider", CONF_POINTER_T, SPEC(provider),
	    .schema = &provider_schema, .critical = true,
	    .text = "of CUSTOM: who is asked" },
	{ "rules", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_authorization_policy_spec, rules),
	    .schema = &model_authz_rule_schema, .max_items = 512,
	    .critical = true,
	    .text = "one of which must match; none: nothing does" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "AuthorizationPolicy spec",
	sizeof(struct model_authorization_policy_spec), spec_fields, NULL };

/* Of two actions a policy without rules would be one that never acts. */
static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_authorization_policy_spec *s = value;
	const char *action = actions[s->action];

	const struct model_authz_scope scope = { NULL, s->selector, s->targets,
		s->targets_len };

	if (model_authz_scope_check(&scope, s->target, at) != 0)
		return -1;
	if (s->action == MODEL_AUTHZ_CUSTOM && s->provider == NULL)
		return conf_fail(at, ": the required field \"provider\" is missing, "
		    "which CUSTOM needs");
	if (s->action != MODEL_AUTHZ_CUSTOM && s->provider != NULL)
		return conf_fail(at, "provider: expected none, as %s asks nobody",
		    action);
	if (s->rules_len == 0 && (s->action == MODEL_AUTHZ_DENY ||
	    s->action == MODEL_AUTHZ_CUSTOM))
		return conf_fail(at, ": the required field \"rules\" is missing, as "
		    "%s without one never acts; [{}] matches all", action);
	for (size_t i = 0; i < s->rules_len; i++)
		if (model_authz_rule_check(&s->rules[i], i, at) != 0)
			return -1;
	return 0;
}

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T,
	    CONF_AT(struct model_authorization_policy, spec),
	    .schema = &spec_schema, .rule = spec_rule, .critical = true,
	    .text = "what is wanted; without it nothing is allowed" },
	{ 0 },
};

static const struct conf_schema schema = { "AuthorizationPolicy",
	sizeof(struct model_authorization_policy), fields, NULL };

const struct model_authorization_policy *
model_authorization_policy(const struct model_object *o)
{
	check(o->kind == &model_authorization_policy_kind);
	return (const struct model_authorization_policy *)
	    (const void *)o->head;
}

const char *
model_authz_action_name(enum model_authz_action action)
{
	return actions[action];
}

bool
model_authz_is_dry_run(const struct model_object *o)
{
	return model_annotation_is_true(model_annotation(o, MODEL_DRY_RUN));
}

bool
model_is_root_namespace(const char *namespace)
{
	return strcmp(namespace, "mesh-system") == 0 ||
	    strcmp(namespace, "istio-system") == 0;
}

/* --- about what it is ------------------------------------------------------- */

static bool
is_target(const struct model_target_ref *t, const char *namespace,
    const struct model_authz_place *p)
{
	bool is_here = strcmp(namespace, p->namespace) == 0;

	if (model_ref_is(t->group, t->kind, "", "Service"))
		return is_here && p->service != NULL &&
		    strcmp(t->name, p->service) == 0;
	if (model_ref_is(t->group, t->kind, MODEL_GATEWAY_GROUP, "Gateway"))
		return is_here && p->gateway != NULL &&
		    strcmp(t->name, p->gateway) == 0;
	if (model_ref_is(t->group, t->kind, MODEL_GATEWAY_GROUP,
	    "GatewayClass"))
		return model_is_root_namespace(namespace) &&
		    p->gateway_class != NULL &&
		    strcmp(t->name, p->gateway_class) == 0;
	return false;
}

static struct model_authz_scope
scope_of(const struct model_object *o)
{
	const struct model_authorization_policy *a =
	    model_authorization_policy(o);

	return (struct model_authz_scope){ a->head.meta.namespace,
		a->spec.selector, a->spec.targets, a->spec.targets_len };
}

int
model_authz_scope_check(const struct model_authz_scope *s,
    const struct model_target_ref *single, const struct conf_place *at)
{
	if (single != NULL && (s->selector != NULL || s->targets_len > 0))
		return conf_fail(at, "targetRef: expected none beside %s",
		    s->selector != NULL ? "selector" : "targetRefs");
	if (single != NULL && single->section != NULL)
		return conf_fail(at, "targetRef.sectionName: expected none, as rules "
		    "name ports, found \"%s\"", single->section);
	if (s->selector != NULL && s->targets_len > 0)
		return conf_fail(at, "targetRefs: expected none beside selector, "
		    "found %zu", s->targets_len);
	for (size_t i = 0; i < s->targets_len; i++)
		if (s->targets[i].section != NULL)
			return conf_fail(at, "targetRefs[%zu].sectionName: expected "
			    "none, as rules name ports, found \"%s\"", i,
			    s->targets[i].section);
	return 0;
}

void
model_authz_scope_settle(struct model_target_ref *single,
    struct model_target_ref **targets, size_t *n)
{
	if (single == NULL)
		return;
	*targets = single;
	*n = 1;
}

bool
model_authz_scope_is_for(const struct model_authz_scope *s,
    const struct model_authz_place *p)
{
	for (size_t i = 0; i < s->targets_len; i++)
		if (is_target(&s->targets[i], s->namespace, p))
			return true;
	if (s->targets_len > 0 || (strcmp(s->namespace, p->namespace) != 0 &&
	    !model_is_root_namespace(s->namespace)))
		return false;
	return s->selector == NULL || s->selector->labels.len == 0 ||
	    (p->labels != NULL && model_labels_match(&s->selector->labels,
	    p->labels));
}

bool
model_authz_is_for(const struct model_object *o,
    const struct model_authz_place *p)
{
	const struct model_authz_scope scope = scope_of(o);

	return model_authz_scope_is_for(&scope, p);
}

static bool
concerns_target(const struct model_subject *subject,
    const struct model_object *o, const struct model_target_ref *t)
{
	const char *namespace = o->head->meta.namespace;

	if (model_ref_is(t->group, t->kind, MODEL_GATEWAY_GROUP, "Gateway"))
		return subject->gateway != NULL &&
		    model_subject_is_local(subject, namespace) &&
		    strcmp(subject->gateway, t->name) == 0;
	if (model_ref_is(t->group, t->kind, MODEL_GATEWAY_GROUP,
	    "GatewayClass"))
		return subject->gateway != NULL &&
		    model_is_root_namespace(namespace);
	return model_subject_has_offer(subject, namespace, t);
}

bool
model_authz_scope_concerns(const struct model_subject *subject,
    const struct model_object *o, const struct model_authz_scope *s)
{
	const struct model_authz_place here = {
		.namespace = subject->namespace,
		.labels = subject->self == NULL ? NULL :
		    &model_workload(subject->self)->head.meta.labels,
	};

	for (size_t i = 0; i < s->targets_len; i++)
		if (concerns_target(subject, o, &s->targets[i]))
			return true;
	return model_authz_scope_is_for(s, &here);
}

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	const struct model_authz_scope scope = scope_of(o);

	return model_authz_scope_concerns(subject, o, &scope);
}

static int
finish(struct model_object *o, struct err *err)
{
	struct model_authorization_policy *p =
	    (struct model_authorization_policy *)(void *)o->head;

	(void)err;
	model_authz_scope_settle(p->spec.target, &p->spec.targets,
	    &p->spec.targets_len);
	return 0;
}

/* --- for people ------------------------------------------------------------- */

static void
print_action(struct str *out, const struct model_object *o)
{
	const struct model_authorization_policy *a =
	    model_authorization_policy(o);

	str_addf(out, "%s%s", actions[a->spec.action],
	    model_authz_is_dry_run(o) ? " (dry run)" : "");
}

void
model_authz_scope_print(struct str *out, const struct model_authz_scope *s)
{
	const struct model_authz_selector *by = s->selector;

	if (s->targets_len > 0)
		model_print_targets(out, s->targets, s->targets_len);
	else if (by == NULL || by->labels.len == 0)
		str_add(out, model_is_root_namespace(s->namespace) ?
		    "the mesh" : "the namespace");
	for (size_t i = 0; by != NULL && i < by->labels.len; i++)
		str_addf(out, "%s%s=%s", i > 0 ? "," : "",
		    by->labels.items[i].key, by->labels.items[i].value);
}

static void
print_for(struct str *out, const struct model_object *o)
{
	const struct model_authz_scope scope = scope_of(o);

	model_authz_scope_print(out, &scope);
}

static void
print_rules(struct str *out, const struct model_object *o)
{
	str_addf(out, "%zu", model_authorization_policy(o)->spec.rules_len);
}

static const struct model_column columns[] = {
	{ "ACTION", print_action, false },
	{ "FOR", print_for, false },
	{ "RULES", print_rules, false },
	{ NULL, NULL, false },
};

const struct model_kind model_authorization_policy_kind = {
	.kind = "AuthorizationPolicy", .plural = "authorizationpolicies",
	.short_name = "ap", .group = "security.istio.io", .versions = versions,
	.namespaced = true, .stored = true, .delivery = MODEL_TO_MEMBERS,
	.schema = &schema, .columns = columns, .concerns = concerns,
	.finish = finish,
	.text = "who may do what to workloads, services and gateways",
};
