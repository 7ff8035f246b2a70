#include <string.h>

#include "base/check.h"
#include "model/rollout.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const kinds[] = { "HTTPRoute", "GRPCRoute", NULL };
static const char *const failures[] = { "Return", "Pause", NULL };

static const struct conf_field route_fields[] = {
	{ "kind", CONF_WORD_T, CONF_AT(struct model_rollout_route, kind),
	    .words = kinds, .fallback = "HTTPRoute", .text = "its kind" },
	{ "name", CONF_STRING_T, CONF_AT(struct model_rollout_route, name),
	    .pattern = CONF_SUBDOMAIN, .required = true,
	    .text = "its name, in the same namespace" },
	{ "rule", CONF_STRING_T, CONF_AT(struct model_rollout_route, rule),
	    .pattern = CONF_SUBDOMAIN,
	    .text = "one rule of it; default: all with both backends" },
	{ 0 },
};

static const struct conf_schema route_schema = { "route",
	sizeof(struct model_rollout_route), route_fields, NULL };

static const struct conf_field step_fields[] = {
	{ "percent", CONF_INT_T, CONF_AT(struct model_rollout_step, percent),
	    .min = 1, .max = 100, .required = true, .text = "of the new backend" },
	{ "hold", CONF_DURATION_T, CONF_AT(struct model_rollout_step, hold_ms),
	    .min = 100, .max = 2592000000, .fallback = "1m",
	    .text = "for so long it must do well" },
	{ "pause", CONF_BOOL_T, CONF_AT(struct model_rollout_step, pause),
	    .text = "whether it then waits for mesh ctl rollout promote" },
	{ 0 },
};

static const struct conf_schema step_schema = { "step",
	sizeof(struct model_rollout_step), step_fields, NULL };

#define CHECK(member)	CONF_AT(struct model_rollout_check, member)

static const struct conf_field check_fields[] = {
	{ "successPercent", CONF_PERCENT_T, CHECK(success_percent),
	    .fallback = "99", .text = "the least share of good replies" },
	{ "p99", CONF_DURATION_T, CHECK(p99_ms), .min = 1, .max = 3600000,
	    .absent = -1, .text = "the greatest 99th percentile of latency; "
	    "default: not looked at" },
	{ "minimumRequests", CONF_INT_T, CHECK(min_requests), .min = 1,
	    .max = 1000000000, .fallback = "50",
	    .text = "so many are needed for a judgement" },
	{ "interval", CONF_DURATION_T, CHECK(interval_ms), .min = 200,
	    .max = 3600000, .fallback = "10s", .text = "between looks" },
	{ "failures", CONF_INT_T, CHECK(failures), .min = 1, .max = 1000,
	    .fallback = "2", .text = "bad looks in a row that end it" },
	{ 0 },
};

static const struct conf_schema check_schema = { "check",
	sizeof(struct model_rollout_check), check_fields, NULL };

#define SPEC(member)	CONF_AT(struct model_rollout_spec, member)

static const struct conf_field spec_fields[] = {
	{ "route", CONF_STRUCT_T, SPEC(route), .schema = &route_schema,
	    .required = true, .text = "whose weights are moved" },
	{ "stable", CONF_STRING_T, SPEC(stable), .pattern = CONF_SUBDOMAIN,
	    .required = true, .text = "the backend that has the traffic now" },
	{ "candidate", CONF_STRING_T, SPEC(candidate), .pattern = CONF_SUBDOMAIN,
	    .required = true, .text = "the backend that is to get it" },
	{ "steps", CONF_STRUCT_T, CONF_LIST_AT(struct model_rollout_spec, steps),
	    .schema = &step_schema, .required = true, .min_items = 1,
	    .max_items = 100, .text = "shares of the new backend, growing; after the "
	    "last it gets all" },
	{ "check", CONF_STRUCT_T, SPEC(check), .schema = &check_schema,
	    .text = "what doing well is" },
	{ "onFailure", CONF_ENUM_T, SPEC(on_failure), .words = failures,
	    .fallback = "Return", .text = "Return: all goes back to the old one" },
	{ "paused", CONF_BOOL_T, SPEC(paused), .text = "whether it stands still" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "Rollout spec",
	sizeof(struct model_rollout_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_rollout_spec *s = value;

	if (strcmp(s->stable, s->candidate) == 0)
		return conf_fail(at, "candidate: expected another backend than "
		    "stable, found \"%s\"", s->candidate);
	for (size_t i = 1; i < s->steps_len; i++)
		if (s->steps[i].percent <= s->steps[i - 1].percent)
			return conf_fail(at, "steps[%zu].percent: expected more than "
			    "%lld, found %lld", i,
			    (long long)s->steps[i - 1].percent,
			    (long long)s->steps[i].percent);
	return 0;
}

struct rollout {
	struct model_head head;
	struct model_rollout_spec spec;
};

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct rollout, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "Rollout",
	sizeof(struct rollout), fields, NULL };

const struct model_rollout_spec *
model_rollout(const struct model_object *o)
{
	check(o->kind == &model_rollout_kind);
	return &((const struct rollout *)(const void *)o->head)->spec;
}

static void
print_route(struct str *out, const struct model_object *o)
{
	str_addf(out, "%s/%s", model_rollout(o)->route.kind,
	    model_rollout(o)->route.name);
}

static void
print_candidate(struct str *out, const struct model_object *o)
{
	str_add(out, model_rollout(o)->candidate);
}

/* Of a document that control has given out. */
static void
print_phase(struct str *out, const struct model_object *o)
{
	const struct conf_node *phase = conf_get(o->head->status, "phase");

	if (phase != NULL)
		str_add_printable(out, phase->text);
}

static void
print_percent(struct str *out, const struct model_object *o)
{
	int64_t percent = conf_get_int(o->head->status, "percent", -1);

	if (percent >= 0)
		str_addf(out, "%lld", (long long)percent);
}

static const struct model_column columns[] = {
	{ "ROUTE", print_route, false },
	{ "CANDIDATE", print_candidate, false },
	{ "PHASE", print_phase, false },
	{ "PERCENT", print_percent, false },
	{ NULL, NULL, false },
};

/* Control moves the weights; proxies see the route. */
static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	(void)subject;
	(void)o;
	return false;
}

const struct model_kind model_rollout_kind = {
	.kind = "Rollout", .plural = "rollouts", .group = "mesh",
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = columns, .concerns = concerns,
	.text = "moves traffic to a new backend in steps, and back if it fails",
};
