#include "base/unit.h"
#include "modes/control/bindings.h"
#include "modes/control/registry_fixture.h"

#define HEAD	"apiVersion: rbac.authorization.k8s.io/v1\n"
#define ROLE(name)	"roleRef: {kind: ClusterRole, name: " name "}\n"
#define NEAR(name, ns)	HEAD "kind: RoleBinding\nmetadata: {name: " name	\
			", namespace: " ns "}\n"
#define WIDE(name)	HEAD "kind: ClusterRoleBinding\nmetadata: {name: " name "}\n"
#define SUBJECT(kind, name)	"subjects: [{kind: " kind ", name: '" name "'}]\n"

static void
count(void *arg)
{
	(*(unsigned *)arg)++;
}

struct scene {
	struct registry_fixture *t;
	struct bindings         *b;
	unsigned                 changes;
	struct arena             a;
};

static void
scene_start(struct scene *s)
{
	*s = (struct scene){ .t = registry_fixture_new() };
	s->b = bindings_new(s->t->registry, count, &s->changes);
	arena_init(&s->a);
}

static void
scene_end(struct scene *s)
{
	bindings_free(s->b);
	registry_fixture_free(s->t);
	arena_fini(&s->a);
}

static struct rights
rights_of(struct scene *s, struct slice user, struct slice group)
{
	struct bindings_person who = { user, &group, group.ptr != NULL };
	struct rights r;

	bindings_rights(s->b, &who, &s->a, &r);
	return r;
}

TEST(bindings_give_users_and_groups_their_roles)
{
	struct scene s;
	struct rights r;

	scene_start(&s);
	registry_fixture_put(s.t,
	    NEAR("a", "pay") SUBJECT("User", "anna") ROLE("viewer") "---\n"
	    NEAR("b", "pay") SUBJECT("Group", "team") ROLE("operator") "---\n"
	    NEAR("c", "shop") SUBJECT("User", "anna") ROLE("admin") "---\n"
	    WIDE("d") SUBJECT("Group", "audit") ROLE("viewer"));
	r = rights_of(&s, SLICE("anna"), SLICE_NONE);
	assert_int_equal(r.everywhere, MODEL_NO_ROLE);
	assert_int_equal(rights_in(&r, SLICE("pay")), MODEL_VIEWER);
	assert_int_equal(rights_in(&r, SLICE("shop")), MODEL_ADMIN);
	r = rights_of(&s, SLICE("anna"), SLICE("team"));
	assert_int_equal(rights_in(&r, SLICE("pay")), MODEL_OPERATOR);
	assert_int_equal(r.in_len, 2);
	r = rights_of(&s, SLICE("bob"), SLICE("audit"));
	assert_int_equal(r.everywhere, MODEL_VIEWER);
	/* A group's name is no user's, and the other way round. */
	r = rights_of(&s, SLICE("team"), SLICE("anna"));
	assert_int_equal(rights_somewhere(&r), MODEL_NO_ROLE);
	scene_end(&s);
}

TEST(bindings_taken_away_are_gone_with_the_answer)
{
	struct scene s;
	struct rights r;

	scene_start(&s);
	registry_fixture_put(s.t, WIDE("d") SUBJECT("User", "anna")
	    ROLE("admin"));
	assert_int_equal(s.changes, 1);
	registry_fixture_put(s.t, "apiVersion: v1\nkind: Service\n"
	    "metadata: {name: web}\nspec: {ports: [{port: 80}]}\n");
	assert_int_equal(s.changes, 1);	/* no news of people */
	r = rights_of(&s, SLICE("anna"), SLICE_NONE);
	assert_int_equal(r.everywhere, MODEL_ADMIN);
	registry_fixture_delete(s.t, "/" MODEL_RBAC_GROUP
	    "/clusterrolebindings/-/d");
	assert_int_equal(s.changes, 2);
	r = rights_of(&s, SLICE("anna"), SLICE_NONE);
	assert_int_equal(rights_somewhere(&r), MODEL_NO_ROLE);
	scene_end(&s);
}

TEST(bindings_of_before_are_known_from_the_start)
{
	struct scene s;
	struct rights r;

	scene_start(&s);
	registry_fixture_put(s.t, NEAR("a", "pay") SUBJECT("User", "anna")
	    ROLE("operator"));
	bindings_free(s.b);
	registry_fixture_restart(s.t);
	s.b = bindings_new(s.t->registry, count, &s.changes);
	r = rights_of(&s, SLICE("anna"), SLICE_NONE);
	assert_int_equal(rights_in(&r, SLICE("pay")), MODEL_OPERATOR);
	scene_end(&s);
}
