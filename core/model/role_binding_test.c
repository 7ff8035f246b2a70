#include "base/unit.h"
#include "model/model_test.h"
#include "model/role_binding.h"

#define HEAD	"apiVersion: rbac.authorization.k8s.io/v1\n"
#define LOCAL	HEAD "kind: RoleBinding\nmetadata: {name: web-team, namespace: pay}\n"
#define WIDE	HEAD "kind: ClusterRoleBinding\nmetadata: {name: on-call}\n"
#define ROLE	"roleRef: {kind: ClusterRole, name: operator}\n"

TEST(role_binding_of_kubernetes_is_taken_as_it_is)
{
	struct model_object *o = object_from(LOCAL
	    "subjects:\n"
	    "- {kind: User, name: anna, apiGroup: rbac.authorization.k8s.io}\n"
	    "- {kind: Group, name: web team}\n"
	    "roleRef:\n"
	    "  apiGroup: rbac.authorization.k8s.io\n"
	    "  kind: ClusterRole\n"
	    "  name: operator\n");
	const struct model_role_binding *b = model_role_binding(o);
	struct str s = { 0 };

	assert_string_equal(o->key,
	    "/rbac.authorization.k8s.io/rolebindings/pay/web-team");
	assert_int_equal(model_binding_role(b), MODEL_OPERATOR);
	assert_int_equal(b->subjects_len, 2);
	assert_false(model_subject_is_group(&b->subjects[0]));
	assert_true(model_subject_is_group(&b->subjects[1]));
	for (const struct model_column *c = o->kind->columns; c->title != NULL; c++) {
		c->print(&s, o);
		str_add_char(&s, ' ');
	}
	assert_string_equal(str_ptr(&s), "operator User:anna,Group:web team ");
	str_fini(&s);
	model_object_unref(o);
	o = object_from(WIDE ROLE);
	assert_string_equal(o->key,
	    "/rbac.authorization.k8s.io/clusterrolebindings/-/on-call");
	assert_int_equal(model_role_binding(o)->subjects_len, 0);
	model_object_unref(o);
}

static const struct {
	const char *in, *error;
} faults[] = {
	{ WIDE "roleRef: {kind: ClusterRole, name: cluster-admin}",
	    "t:4:36: roleRef.name: expected viewer, operator or admin, which are "
	    "built in (there are no roles of one's own), found \"cluster-admin\"" },
	{ LOCAL "roleRef: {kind: Role, name: admin}",
	    "t:4:17: roleRef.kind: expected one of ClusterRole, found \"Role\"" },
	{ LOCAL, "t:1:1: the required field \"roleRef\" is missing" },
	{ WIDE ROLE "subjects: [{kind: ServiceAccount, name: a}]",
	    "t:5:19: subjects[0].kind: expected one of User, Group, found "
	    "\"ServiceAccount\"" },
	{ WIDE ROLE "subjects: [{kind: User, name: ''}]",
	    "t:5:31: subjects[0].name: expected 1 to 253 bytes, found 0" },
};

TEST(role_binding_refuses_roles_and_subjects_that_there_are_not)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct err err = object_refusal(faults[i].in);

		assert_string_equal(err.text, faults[i].error);
	}
}

TEST(roles_have_names)
{
	for (int i = MODEL_VIEWER; i <= MODEL_ADMIN; i++)
		assert_int_equal(model_role_named(slice_str(model_role_name(
		    (enum model_role)i))), i);
	assert_int_equal(model_role_named(SLICE("none")), MODEL_NO_ROLE);
	assert_int_equal(model_role_named(SLICE("")), MODEL_NO_ROLE);
}
