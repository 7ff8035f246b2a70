#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/reference_grant.h"
#include "model/refs.h"

static const char *const versions[] = { MODEL_GATEWAY_GROUP "/v1",
	MODEL_GATEWAY_GROUP "/v1beta1", MODEL_GATEWAY_GROUP "/v1alpha2", NULL };

static const struct conf_field from_fields[] = {
	{ "group", CONF_STRING_T, CONF_AT(struct model_grant_from, group),
	    .pattern = CONF_GROUP, .required = true,
	    .text = "group of the kind, \"\" for core" },
	{ "kind", CONF_STRING_T, CONF_AT(struct model_grant_from, kind),
	    .pattern = CONF_KIND, .required = true, .text = "kind of who refers" },
	{ "namespace", CONF_STRING_T, CONF_AT(struct model_grant_from, namespace),
	    .pattern = CONF_LABEL, .required = true, .text = "namespace of who refers" },
	{ 0 },
};

static const struct conf_schema from_schema = { "grant from",
	sizeof(struct model_grant_from), from_fields, NULL };

static const struct conf_field to_fields[] = {
	{ "group", CONF_STRING_T, CONF_AT(struct model_grant_to, group),
	    .pattern = CONF_GROUP, .required = true,
	    .text = "group of the kind, \"\" for core" },
	{ "kind", CONF_STRING_T, CONF_AT(struct model_grant_to, kind),
	    .pattern = CONF_KIND, .required = true,
	    .text = "kind of what is referred to" },
	{ "name", CONF_STRING_T, CONF_AT(struct model_grant_to, name), .min = 1,
	    .max = 253, .text = "its name; default: all of that kind" },
	{ 0 },
};

static const struct conf_schema to_schema = { "grant to",
	sizeof(struct model_grant_to), to_fields, NULL };

static const struct conf_field spec_fields[] = {
	{ "from", CONF_STRUCT_T, CONF_LIST_AT(struct model_reference_grant_spec, from),
	    .schema = &from_schema, .required = true, .min_items = 1,
	    .max_items = 16, .text = "who may refer" },
	{ "to", CONF_STRUCT_T, CONF_LIST_AT(struct model_reference_grant_spec, to),
	    .schema = &to_schema, .required = true, .min_items = 1,
	    .max_items = 16, .critical = true, .text = "to what of this namespace" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "ReferenceGrant spec",
	sizeof(struct model_reference_grant_spec), spec_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct model_reference_grant, spec),
	    .schema = &spec_schema, .required = true, .text = "who may refer to what" },
	{ 0 },
};

static const struct conf_schema schema = { "ReferenceGrant",
	sizeof(struct model_reference_grant), fields, NULL };

const struct model_reference_grant *
model_reference_grant(const struct model_object *o)
{
	check(o->kind == &model_reference_grant_kind);
	return (const struct model_reference_grant *)(const void *)o->head;
}

static bool
is_from(const struct model_reference_grant_spec *s, const struct model_object *o)
{
	for (size_t i = 0; i < s->from_len; i++) {
		const char *group = s->from[i].group;

		if (strcmp(group[0] == '\0' ? "core" : group, o->kind->group) == 0 &&
		    strcmp(s->from[i].kind, o->kind->kind) == 0 &&
		    strcmp(s->from[i].namespace, o->head->meta.namespace) == 0)
			return true;
	}
	return false;
}

bool
model_grant_allows(const struct model_object *grant, const struct model_object *from,
    const char *to_group, const char *to_kind, const char *to_namespace,
    const char *to_name)
{
	const struct model_reference_grant *g = model_reference_grant(grant);

	if (strcmp(g->head.meta.namespace, to_namespace) != 0 ||
	    !is_from(&g->spec, from))
		return false;
	for (size_t i = 0; i < g->spec.to_len; i++) {
		const struct model_grant_to *to = &g->spec.to[i];

		if (model_ref_is(to->group, to->kind, to_group, to_kind) &&
		    (to->name == NULL || strcmp(to->name, to_name) == 0))
			return true;
	}
	return false;
}

static void
print_from(struct str *out, const struct model_object *o)
{
	const struct model_reference_grant_spec *s = &model_reference_grant(o)->spec;

	for (size_t i = 0; i < s->from_len; i++)
		str_addf(out, "%s%s:%s", i > 0 ? "," : "", s->from[i].namespace,
		    s->from[i].kind);
}

static void
print_to(struct str *out, const struct model_object *o)
{
	const struct model_reference_grant_spec *s = &model_reference_grant(o)->spec;

	for (size_t i = 0; i < s->to_len; i++)
		str_addf(out, "%s%s/%s", i > 0 ? "," : "", s->to[i].kind,
		    s->to[i].name == NULL ? "*" : s->to[i].name);
}

static const struct model_column columns[] = {
	{ "FROM", print_from, false },
	{ "TO", print_to, false },
	{ NULL, NULL, false },
};

const struct model_kind model_reference_grant_kind = {
	.kind = "ReferenceGrant", .plural = "referencegrants", .short_name = "refgrant",
	.group = MODEL_GATEWAY_GROUP, .versions = versions, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	/* A route's caller may be in neither of the two namespaces. */
	.columns = columns, .concerns = model_concerns_everybody,
	.text = "lets documents of other namespaces refer to what is in this one",
};
