#include "base/check.h"
#include "model/extension.h"

static const char *const versions[] = { "mesh/v1", NULL };

#define YEAR	INT64_C(31536000000)
#define SPEC(member)	CONF_AT(struct model_cache_spec, member)

static const struct conf_field spec_fields[] = {
	MODEL_EXTENSION_TARGETS(struct model_cache_spec),
	{ "maxBytes", CONF_BYTES_T, SPEC(max_bytes), .min = 65536,
	    .max = 1099511627776, .fallback = "64Mi", .text = "memory in a proxy, for each "
	    "service or rule" },
	{ "maxObject", CONF_BYTES_T, SPEC(max_object), .min = 1,
	    .max = 1073741824, .fallback = "1Mi", .text = "the longest body kept" },
	{ "defaultTtl", CONF_DURATION_T, SPEC(default_ttl_ms), .min = 0, .max = YEAR,
	    .fallback = "0s", .text = "for replies that do not say how long they are "
	    "fresh; 0s: they are not kept" },
	{ "maxTtl", CONF_DURATION_T, SPEC(max_ttl_ms), .min = 1, .max = YEAR,
	    .fallback = "24h", .text = "the longest, whatever they say" },
	{ "staleWhileRevalidate", CONF_DURATION_T, SPEC(revalidate_ms), .min = 0,
	    .max = YEAR, .fallback = "0s",
	    .text = "for so long a stale one is given while a fresh one is fetched" },
	{ "staleIfError", CONF_DURATION_T, SPEC(error_ms), .min = 0, .max = YEAR,
	    .fallback = "0s",
	    .text = "for so long a stale one is given when the backend fails" },
	{ "collapse", CONF_BOOL_T, SPEC(collapse), .fallback = "true",
	    .text = "whether many requests for the same become one" },
	{ "statusHeader", CONF_BOOL_T, SPEC(status_header), .fallback = "true",
	    .text = "whether replies say Cache-Status (RFC 9211)" },
	{ "ignoredQuery", CONF_STRING_T,
	    CONF_LIST_AT(struct model_cache_spec, ignored_query), .min = 1,
	    .max = 256, .max_items = 64,
	    .text = "query parameters that make no difference" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "Cache spec",
	sizeof(struct model_cache_spec), spec_fields, NULL };

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_cache_spec *s = value;

	return s->max_object <= s->max_bytes ? 0 : conf_fail(at, "maxObject: expected "
	    "at most maxBytes, %lld, found %lld", (long long)s->max_bytes,
	    (long long)s->max_object);
}

struct cache {
	struct model_head head;
	struct model_cache_spec spec;
};

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct cache, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "Cache",
	sizeof(struct cache), fields, NULL };

const struct model_cache_spec *
model_cache(const struct model_object *o)
{
	check(o->kind == &model_cache_kind);
	return &((const struct cache *)(const void *)o->head)->spec;
}

const struct model_kind model_cache_kind = {
	.kind = "Cache", .plural = "caches", .group = "mesh",
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_extension_columns, .concerns = model_extension_concerns,
	.text = "replies are kept and given again (RFC 9111)",
};
