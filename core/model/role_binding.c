#include <string.h>

#include "base/check.h"
#include "model/role_binding.h"

static const char *const versions[] = { MODEL_RBAC_GROUP "/v1", NULL };
static const char *const subject_kinds[] = { "User", "Group", NULL };
static const char *const groups[] = { MODEL_RBAC_GROUP, NULL };
static const char *const role_kinds[] = { "ClusterRole", NULL };

static const char *const roles[] = {
	[MODEL_NO_ROLE] = "none",
	[MODEL_VIEWER] = "viewer",
	[MODEL_OPERATOR] = "operator",
	[MODEL_ADMIN] = "admin",
};

static const struct conf_field subject_fields[] = {
	{ "kind", CONF_WORD_T, CONF_AT(struct model_binding_subject, kind),
	    .words = subject_kinds, .required = true,
	    .text = "a person, or those whom an identity provider calls a group" },
	{ "apiGroup", CONF_WORD_T, CONF_AT(struct model_binding_subject, group),
	    .words = groups, .text = "group of that kind" },
	{ "name", CONF_STRING_T, CONF_AT(struct model_binding_subject, name),
	    .min = 1, .max = 253, .required = true,
	    .text = "name of the person or the group" },
	{ 0 },
};

static const struct conf_schema subject_schema = { "binding subject",
	sizeof(struct model_binding_subject), subject_fields, NULL };

static int
role_rule(const void *value, const struct conf_place *at)
{
	const struct model_role_ref *r = value;

	if (model_role_named(slice_str(r->name)) != MODEL_NO_ROLE)
		return 0;
	return conf_fail(at, "name: expected viewer, operator or admin, which "
	    "are built in (there are no roles of one's own), found \"%s\"",
	    r->name);
}

static const struct conf_field role_fields[] = {
	{ "apiGroup", CONF_WORD_T, CONF_AT(struct model_role_ref, group),
	    .words = groups, .text = "group of that kind" },
	{ "kind", CONF_WORD_T, CONF_AT(struct model_role_ref, kind),
	    .words = role_kinds, .required = true,
	    .text = "that of roles; there is no Role of one namespace" },
	{ "name", CONF_STRING_T, CONF_AT(struct model_role_ref, name),
	    .required = true, .text = "viewer, operator or admin" },
	{ 0 },
};

static const struct conf_schema role_schema = { "binding roleRef",
	sizeof(struct model_role_ref), role_fields, NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "subjects", CONF_STRUCT_T, CONF_LIST_AT(struct model_role_binding,
	    subjects), .schema = &subject_schema, .max_items = 256,
	    .text = "who has the role" },
	{ "roleRef", CONF_STRUCT_T, CONF_AT(struct model_role_binding, role),
	    .schema = &role_schema, .rule = role_rule, .required = true,
	    .critical = true, .text = "what they may do" },
	{ 0 },
};

static const struct conf_schema schema = { "RoleBinding",
	sizeof(struct model_role_binding), fields, NULL };

const struct model_role_binding *
model_role_binding(const struct model_object *o)
{
	check(o->kind == &model_role_binding_kind ||
	    o->kind == &model_cluster_role_binding_kind);
	return (const struct model_role_binding *)(const void *)o->head;
}

enum model_role
model_binding_role(const struct model_role_binding *b)
{
	return model_role_named(slice_str(b->role.name));
}

bool
model_subject_is_group(const struct model_binding_subject *s)
{
	return strcmp(s->kind, subject_kinds[1]) == 0;
}

const char *
model_role_name(enum model_role role)
{
	return roles[role];
}

enum model_role
model_role_named(struct slice name)
{
	for (int i = MODEL_VIEWER; i <= MODEL_ADMIN; i++)
		if (slice_is(name, roles[i]))
			return (enum model_role)i;
	return MODEL_NO_ROLE;
}

static void
print_role(struct str *out, const struct model_object *o)
{
	str_add(out, model_role_binding(o)->role.name);
}

static void
print_subjects(struct str *out, const struct model_object *o)
{
	const struct model_role_binding *b = model_role_binding(o);

	for (size_t i = 0; i < b->subjects_len; i++)
		str_addf(out, "%s%s:%s", i > 0 ? "," : "", b->subjects[i].kind,
		    b->subjects[i].name);
}

static const struct model_column columns[] = {
	{ "ROLE", print_role, false },
	{ "SUBJECTS", print_subjects, false },
	{ NULL, NULL, false },
};

const struct model_kind model_role_binding_kind = {
	.kind = "RoleBinding", .plural = "rolebindings", .group = MODEL_RBAC_GROUP,
	.versions = versions, .namespaced = true, .stored = true,
	.delivery = MODEL_TO_NOBODY, .schema = &schema, .columns = columns,
	.text = "gives people a role in its namespace",
};

const struct model_kind model_cluster_role_binding_kind = {
	.kind = "ClusterRoleBinding", .plural = "clusterrolebindings",
	.group = MODEL_RBAC_GROUP, .versions = versions, .namespaced = false,
	.stored = true, .delivery = MODEL_TO_NOBODY, .schema = &schema,
	.columns = columns,
	.text = "gives people a role in every namespace and over the mesh itself",
};
