#include <stdio.h>
#include <string.h>

#include "model/http_filter.h"
#include "model/refs.h"

#define PARENT(member)	CONF_AT(struct model_parent_ref, member)
#define BACKEND(member)	CONF_AT(struct model_backend_ref, member)
#define OBJECT(member)	CONF_AT(struct model_object_ref, member)
#define TARGET(member)	CONF_AT(struct model_target_ref, member)

/* Names of objects are not looked at closer: what is not there is reported. */
#define NAME_ROW(at, line)						\
	{ "name", CONF_STRING_T, at, .min = 1, .max = 253, .required = true,	\
	    .text = line }
#define NAMESPACE_ROW(at)						\
	{ "namespace", CONF_STRING_T, at, .pattern = CONF_LABEL,	\
	    .text = "its namespace; default: that of this document" }
#define GROUP_ROW(at, unless_given)					\
	{ "group", CONF_STRING_T, at, .pattern = CONF_GROUP,		\
	    .fallback = unless_given, .text = "group of its kind, \"\" for core" }
#define KIND_ROW(at, unless_given)					\
	{ "kind", CONF_STRING_T, at, .pattern = CONF_KIND,		\
	    .fallback = unless_given, .text = "its kind" }

static const struct conf_field parent_fields[] = {
	GROUP_ROW(PARENT(group), MODEL_GATEWAY_GROUP),
	KIND_ROW(PARENT(kind), "Gateway"),
	NAMESPACE_ROW(PARENT(namespace)),
	NAME_ROW(PARENT(name), "its name"),
	{ "sectionName", CONF_STRING_T, PARENT(section), .pattern = CONF_SUBDOMAIN,
	    .text = "one listener, or the port of a service, by name" },
	{ "port", CONF_PORT_T, PARENT(port), .text = "one port of it" },
	{ 0 },
};

const struct conf_schema model_parent_ref_schema = { "parent reference",
	sizeof(struct model_parent_ref), parent_fields, NULL };

#define BACKEND_ROWS							\
	GROUP_ROW(BACKEND(group), ""),					\
	KIND_ROW(BACKEND(kind), "Service"),				\
	NAMESPACE_ROW(BACKEND(namespace)),				\
	NAME_ROW(BACKEND(name), "its name"),				\
	{ "port", CONF_PORT_T, BACKEND(port),				\
	    .text = "port of the service; required for a Service" },	\
	{ "weight", CONF_INT_T, BACKEND(weight), .min = 0,		\
	    .max = MODEL_WEIGHT_LIMIT, .fallback = "1",			\
	    .text = "its share against the other backends; 0: none" }

static const struct conf_field backend_fields[] = {
	BACKEND_ROWS,
	{ 0 },
};

const struct conf_schema model_backend_ref_schema = { "backend reference",
	sizeof(struct model_backend_ref), backend_fields, NULL };

static const struct conf_field http_backend_fields[] = {
	BACKEND_ROWS,
	{ "filters", CONF_STRUCT_T, CONF_LIST_AT(struct model_backend_ref, filters),
	    .schema = &model_http_filter_schema, .max_items = MODEL_FILTERS_MAX,
	    .critical = true, .text = "filters of what goes to this backend" },
	{ 0 },
};

const struct conf_schema model_http_backend_ref_schema = { "backend reference",
	sizeof(struct model_backend_ref), http_backend_fields, NULL };

static const struct conf_field grpc_backend_fields[] = {
	BACKEND_ROWS,
	{ "filters", CONF_STRUCT_T, CONF_LIST_AT(struct model_backend_ref, filters),
	    .schema = &model_grpc_filter_schema, .max_items = MODEL_FILTERS_MAX,
	    .critical = true, .text = "filters of what goes to this backend" },
	{ 0 },
};

const struct conf_schema model_grpc_backend_ref_schema = { "backend reference",
	sizeof(struct model_backend_ref), grpc_backend_fields, NULL };

static const struct conf_field mirror_fields[] = {
	GROUP_ROW(OBJECT(group), ""),
	KIND_ROW(OBJECT(kind), "Service"),
	NAMESPACE_ROW(OBJECT(namespace)),
	NAME_ROW(OBJECT(name), "its name"),
	{ "port", CONF_PORT_T, OBJECT(port),
	    .text = "port of the service; required for a Service" },
	{ 0 },
};

const struct conf_schema model_mirror_ref_schema = { "backend reference",
	sizeof(struct model_object_ref), mirror_fields, NULL };

static const struct conf_field secret_fields[] = {
	GROUP_ROW(OBJECT(group), ""),
	KIND_ROW(OBJECT(kind), "Secret"),
	NAMESPACE_ROW(OBJECT(namespace)),
	NAME_ROW(OBJECT(name), "its name"),
	{ 0 },
};

const struct conf_schema model_secret_ref_schema = { "reference",
	sizeof(struct model_object_ref), secret_fields, NULL };

static const struct conf_field local_fields[] = {
	{ "group", CONF_STRING_T, OBJECT(group), .pattern = CONF_GROUP,
	    .required = true, .text = "group of its kind, \"\" for core" },
	{ "kind", CONF_STRING_T, OBJECT(kind), .pattern = CONF_KIND,
	    .required = true, .text = "its kind" },
	NAME_ROW(OBJECT(name), "its name, in the same namespace"),
	{ 0 },
};

const struct conf_schema model_local_ref_schema = { "reference",
	sizeof(struct model_object_ref), local_fields, NULL };

static const struct conf_field target_fields[] = {
	GROUP_ROW(TARGET(group), ""),
	KIND_ROW(TARGET(kind), "Service"),
	NAME_ROW(TARGET(name), "its name, in the same namespace"),
	{ "sectionName", CONF_STRING_T, TARGET(section), .pattern = CONF_SUBDOMAIN,
	    .text = "one port of a service, by name; default: all" },
	{ 0 },
};

const struct conf_schema model_target_ref_schema = { "target reference",
	sizeof(struct model_target_ref), target_fields, NULL };

bool
model_ref_is(const char *group, const char *kind, const char *wanted_group,
    const char *wanted_kind)
{
	return strcmp(group, wanted_group) == 0 && strcmp(kind, wanted_kind) == 0;
}

bool
model_parent_is_service(const struct model_parent_ref *p)
{
	return model_ref_is(p->group, p->kind, "", "Service");
}

bool
model_backend_is_service(const struct model_backend_ref *b)
{
	return model_ref_is(b->group, b->kind, "", "Service");
}

/* A Service of such a name as an XBackend's has nobody written. */
bool
model_backend_service_name(const char *group, const char *kind, const char *name,
    char out[MODEL_BACKEND_NAME_MAX])
{
	bool is_service = model_ref_is(group, kind, "", "Service");
	int len;

	if (strchr(name, '.') != NULL || (!is_service &&
	    !model_ref_is(group, kind, MODEL_X_GROUP, "XBackend")))
		return false;
	len = snprintf(out, MODEL_BACKEND_NAME_MAX, "%s%s", name, is_service ? "" :
	    MODEL_XBACKEND_SUFFIX);
	return len > 0 && (size_t)len < MODEL_BACKEND_NAME_MAX;
}

int
model_backend_ref_rule(const void *ref, const struct conf_place *at)
{
	const struct model_backend_ref *b = ref;

	if (b->port == 0 && model_backend_is_service(b))
		return conf_fail(at, ": the required field \"port\" is missing, "
		    "which a Service needs");
	return model_filters_check(b->filters, b->filters_len, at);
}

int
model_mirror_ref_rule(const void *ref, const struct conf_place *at)
{
	const struct model_object_ref *r = ref;

	if (r->port == 0 && model_ref_is(r->group, r->kind, "", "Service"))
		return conf_fail(at, ": the required field \"port\" is missing, "
		    "which a Service needs");
	return 0;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* One object named twice is told apart by sections or ports, or not at all. */
static int
check_two(const struct model_parent_ref *a, const struct model_parent_ref *b,
    size_t index, const struct conf_place *at)
{
	if (!same(a->name, b->name) || !same(a->kind, b->kind) ||
	    !same(a->group, b->group) || !same(a->namespace, b->namespace))
		return 0;
	if ((a->section == NULL) != (b->section == NULL) ||
	    (a->port == 0) != (b->port == 0))
		return conf_fail(at, "parentRefs[%zu]: expected sectionName or port "
		    "in each reference to %s, found one without", index, b->name);
	if (!same(a->section, b->section) || a->port != b->port)
		return 0;
	return conf_fail(at, "parentRefs[%zu]: the parent %s stands twice, expected "
	    "each once or with another sectionName or port", index, b->name);
}

int
model_parents_check(const struct model_parent_ref *parents, size_t n,
    const struct conf_place *at)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (check_two(&parents[j], &parents[i], i, at) < 0)
				return -1;
	return 0;
}

void
model_print_words(struct str *out, const char *const *words, size_t n,
    const char *none)
{
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s%s", i > 0 ? "," : "", words[i]);
	if (n == 0)
		str_add(out, none);
}

void
model_print_parents(struct str *out, const struct model_parent_ref *parents, size_t n)
{
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s%s/%s", i > 0 ? "," : "", parents[i].kind,
		    parents[i].name);
	if (n == 0)
		str_add_char(out, '-');
}

void
model_print_targets(struct str *out, const struct model_target_ref *targets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s%s/%s", i > 0 ? "," : "", targets[i].kind,
		    targets[i].name);
}

struct conf_node *
model_add_service_ref(struct conf_node *list, const char *name)
{
	struct conf_node *ref = conf_add_map(list);

	conf_set_string(ref, "group", "");
	conf_set_string(ref, "kind", "Service");
	conf_set_string(ref, "name", name);
	return ref;
}
