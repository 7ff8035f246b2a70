#include "base/check.h"
#include "model/extension.h"

static const char *const versions[] = { "mesh/v1", NULL };
static const char *const codings[] = { "gzip", "br", NULL };

#define SPEC(member)	CONF_AT(struct model_compression_spec, member)

static const struct conf_field spec_fields[] = {
	MODEL_EXTENSION_TARGETS(struct model_compression_spec),
	{ "codings", CONF_ENUM_T, CONF_LIST_AT(struct model_compression_spec, codings),
	    .words = codings, .max_items = 2, .text = "which, the best first; "
	    "default: br, gzip" },
	{ "types", CONF_STRING_T, CONF_LIST_AT(struct model_compression_spec, types),
	    .min = 1, .max = 128, .max_items = 64,
	    .text = "media types, text/* too; default: those of text" },
	{ "minimumSize", CONF_BYTES_T, SPEC(least), .min = 0, .max = 1073741824,
	    .fallback = "256", .text = "bytes below which it is not worth it" },
	{ "gzipLevel", CONF_INT_T, SPEC(gzip_level), .min = 1, .max = 9,
	    .fallback = "4", .text = "effort of gzip" },
	{ "brotliQuality", CONF_INT_T, SPEC(brotli_quality), .min = 0, .max = 11,
	    .fallback = "4", .text = "effort of brotli" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "Compression spec",
	sizeof(struct model_compression_spec), spec_fields, NULL };

struct compression {
	struct model_head head;
	struct model_compression_spec spec;
};

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct compression, spec),
	    .schema = &spec_schema, .required = true,
	    .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "Compression",
	sizeof(struct compression), fields, NULL };

const struct model_compression_spec *
model_compression(const struct model_object *o)
{
	check(o->kind == &model_compression_kind);
	return &((const struct compression *)(const void *)o->head)->spec;
}

const struct model_kind model_compression_kind = {
	.kind = "Compression", .plural = "compressions", .group = "mesh",
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = model_extension_columns, .concerns = model_extension_concerns,
	.text = "replies are compressed for clients that take it",
};
