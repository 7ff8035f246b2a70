#include "base/check.h"
#include "model/extension.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const scopes[] = { "Local", "Global", NULL };

#define LIMIT(member)	CONF_AT(struct model_limit, member)

static const struct conf_field limit_fields[] = {
	{ "requests", CONF_INT_T, LIMIT(requests), .min = 1, .max = 1000000000,
	    .required = true, .text = "so many" },
	{ "per", CONF_DURATION_T, LIMIT(per_ms), .min = 100, .max = 2592000000,
	    .fallback = "1s", .text = "in so long" },
	{ "burst", CONF_INT_T, LIMIT(burst), .min = 1, .max = 1000000000,
	    .absent = -1, .text = "so many at once; default: as many as requests" },
	{ "byIdentity", CONF_BOOL_T, LIMIT(by_identity),
	    .text = "a count for each caller's identity" },
	{ "byAddress", CONF_BOOL_T, LIMIT(by_address),
	    .text = "a count for each caller's address" },
	{ "byHeader", CONF_STRING_T, LIMIT(by_header), .pattern = CONF_HEADER_NAME,
	    .text = "a count for each value of this header" },
	{ 0 },
};

const struct conf_schema model_limit_schema = { "limit",
	sizeof(struct model_limit), limit_fields, NULL };

static const struct conf_field override_fields[] = {
	{ "identity", CONF_STRING_T, CONF_AT(struct model_limit_override, identity),
	    .pattern = CONF_SERVICE_NAME, .required = true,
	    .text = "NAMESPACE/ACCOUNT of a caller" },
	{ "requests", CONF_INT_T, CONF_AT(struct model_limit_override, requests),
	    .min = 0, .max = 1000000000, .required = true,
	    .text = "what it may send instead, by limits with byIdentity" },
	{ 0 },
};

const struct conf_schema model_limit_override_schema = { "override",
	sizeof(struct model_limit_override), override_fields, NULL };

#define SPEC(member)	CONF_AT(struct model_rate_limit_spec, member)

static const struct conf_field spec_fields[] = {
	MODEL_EXTENSION_TARGETS(struct model_rate_limit_spec),
	{ "scope", CONF_ENUM_T, SPEC(scope), .words = scopes, .fallback = "Local",
	    .text = "Local: each proxy counts by itself; Global: all together" },
	{ "limits", CONF_STRUCT_T, CONF_LIST_AT(struct model_rate_limit_spec, limits),
	    .schema = &model_limit_schema, .required = true, .min_items = 1,
	    .max_items = 16, .text = "all of which hold" },
	{ "overrides", CONF_STRUCT_T,
	    CONF_LIST_AT(struct model_rate_limit_spec, overrides),
	    .schema = &model_limit_override_schema, .max_items = 100,
	    .text = "other limits for some callers" },
	{ "headers", CONF_BOOL_T, SPEC(headers), .fallback = "true",
	    .text = "whether replies say what is left" },
	{ "dryRun", CONF_BOOL_T, SPEC(dry_run),
	    .text = "whether it only counts what it would refuse" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "RateLimit spec",
	sizeof(struct model_rate_limit_spec), spec_fields, NULL };

int
model_rate_limit_check(const struct model_rate_limit_spec *s,
    const struct conf_place *at)
{
	bool by_identity = false;

	for (size_t i = 0; i < s->limits_len; i++) {
		const struct model_limit *l = &s->limits[i];

		by_identity = by_identity || l->by_identity;
		if (l->by_identity + l->by_address + (l->by_header != NULL) > 1)
			return conf_fail(at, "limits[%zu]: expected at most one of "
			    "byIdentity, byAddress, byHeader", i);
	}
	if (s->overrides_len > 0 && !by_identity)
		return conf_fail(at, "overrides: expected a limit with byIdentity "
		    "beside it, found none");
	return 0;
}

static int
spec_rule(const void *value, const struct conf_place *at)
{
	return model_rate_limit_check(value, at);
}

struct rate_limit {
	struct model_head head;
	struct model_rate_limit_spec spec;
};

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct rate_limit, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "RateLimit",
	sizeof(struct rate_limit), fields, NULL };

const struct model_rate_limit_spec *
model_rate_limit(const struct model_object *o)
{
	check(o->kind == &model_rate_limit_kind);
	return &((const struct rate_limit *)(const void *)o->head)->spec;
}

const struct model_kind model_rate_limit_kind = {
	.kind = "RateLimit", .plural = "ratelimits", .group = "mesh",
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_extension_columns, .concerns = model_extension_concerns,
	.text = "how many requests are let through",
};
