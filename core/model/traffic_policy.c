#include "model/traffic_policy.h"

struct budget {
	int64_t percent, interval_ms;
};

struct retry_rate {
	int64_t count, interval_ms;
};

struct retry_constraint {
	struct budget     budget;
	struct retry_rate rate;
};

struct traffic_policy {
	struct model_head head;
	struct traffic_policy_spec {
		struct model_target_ref  *targets;
		size_t                    targets_len;
		struct retry_constraint  *constraint;
		struct model_persistence *persistence;
	} spec;
	struct model_backend_policy_spec policy;	/* what it comes to */
};

static const char *const versions[] = { MODEL_X_GROUP "/v1alpha1",
	NULL };

#define HOUR	INT64_C(3600000)

static const struct conf_field budget_fields[] = {
	{ "percent", CONF_INT_T, CONF_AT(struct budget, percent), .min = 0,
	    .max = 100, .fallback = "20", .text = "retries, of the requests" },
	{ "interval", CONF_DURATION_T, CONF_AT(struct budget, interval_ms),
	    .min = 1000, .max = HOUR, .fallback = "10s",
	    .text = "over how long they are counted" },
	{ 0 },
};

static const struct conf_schema budget_schema = { "retry budget",
	sizeof(struct budget), budget_fields, NULL };

static const struct conf_field rate_fields[] = {
	{ "count", CONF_INT_T, CONF_AT(struct retry_rate, count), .min = 1,
	    .max = 1000000, .fallback = "10",
	    .text = "retries that are always allowed" },
	{ "interval", CONF_DURATION_T, CONF_AT(struct retry_rate, interval_ms),
	    .min = 100, .max = HOUR, .fallback = "1s", .text = "in so long" },
	{ 0 },
};

static const struct conf_schema rate_schema = { "least rate of retries",
	sizeof(struct retry_rate), rate_fields, NULL };

static const struct conf_field constraint_fields[] = {
	{ "budget", CONF_STRUCT_T, CONF_AT(struct retry_constraint, budget),
	    .schema = &budget_schema, .text = "share of retries" },
	{ "minRetryRate", CONF_STRUCT_T, CONF_AT(struct retry_constraint, rate),
	    .schema = &rate_schema, .text = "what is allowed in any case" },
	{ 0 },
};

static const struct conf_schema constraint_schema = { "retry constraint",
	sizeof(struct retry_constraint), constraint_fields, NULL };

static const struct conf_field spec_fields[] = {
	{ "targetRefs", CONF_STRUCT_T,
	    CONF_LIST_AT(struct traffic_policy_spec, targets),
	    .schema = &model_target_ref_schema, .required = true, .min_items = 1,
	    .max_items = 16, .text = "the services that it is about" },
	{ "retryConstraint", CONF_POINTER_T,
	    CONF_AT(struct traffic_policy_spec, constraint),
	    .schema = &constraint_schema, .text = "how many retries there may be" },
	{ "sessionPersistence", CONF_POINTER_T,
	    CONF_AT(struct traffic_policy_spec, persistence),
	    .schema = &model_persistence_schema, .rule = model_persistence_rule,
	    .text = "keeps a session with one endpoint" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "XBackendTrafficPolicy spec",
	sizeof(struct traffic_policy_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct traffic_policy, spec),
	    .schema = &spec_schema, .required = true, .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "XBackendTrafficPolicy",
	sizeof(struct traffic_policy), fields, NULL };

static int
finish(struct model_object *o, struct err *err)
{
	struct traffic_policy *t = (struct traffic_policy *)(void *)o->head;
	const struct retry_constraint *c = t->spec.constraint;

	(void)err;
	t->policy = (struct model_backend_policy_spec){
	    .targets = t->spec.targets, .targets_len = t->spec.targets_len,
	    .persistence = t->spec.persistence };
	if (c == NULL)
		return 0;
	t->policy.budget = arena_alloc(&o->arena, sizeof(*t->policy.budget));
	*t->policy.budget = (struct model_retry_budget){
		.percent = c->budget.percent,
		.interval_ms = c->budget.interval_ms,
		.rate_count = c->rate.count, .rate_ms = c->rate.interval_ms,
	};
	return 0;
}

const struct model_backend_policy_spec *
model_traffic_policy_spec(const struct model_object *o)
{
	return &((const struct traffic_policy *)(const void *)o->head)->policy;
}

const struct model_kind model_traffic_policy_kind = {
	.kind = "XBackendTrafficPolicy", .plural = "xbackendtrafficpolicies",
	.short_name = "xbtrafficpolicy", .group = MODEL_X_GROUP,
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_backend_policy_columns,
	.concerns = model_backend_policy_concerns, .finish = finish,
	.text = "a budget of retries and session persistence of services",
};
