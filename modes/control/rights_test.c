#include <string.h>

#include "base/unit.h"
#include "modes/control/api_route.h"
#include "modes/control/rights.h"

static bool
has_row(const char *resource)
{
	for (const struct rights_row *r = rights_table; r->resource != NULL; r++)
		if (strcmp(r->resource, resource) == 0)
			return true;
	return false;
}

static bool
is_kind(const char *resource)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (model_kinds[i]->stored &&
		    strcmp(model_kinds[i]->plural, resource) == 0)
			return true;
	return false;
}

static const struct api_route *
route_of(const char *resource, const struct api_route *after)
{
	for (const struct api_route *r = after; r->pattern != NULL; r++)
		if ((r->who & API_PEOPLE) != 0 &&
		    (r->who & API_NOBODY) == 0 &&
		    strcmp(r->resource, resource) == 0)
			return r;
	return NULL;
}

TEST(rights_have_a_row_for_all_that_people_can_ask_for)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (model_kinds[i]->stored && !has_row(model_kinds[i]->plural))
			fail_msg("the kind %s is new: say in rights.c which "
			    "role reads \"%s\" and which writes it, and in "
			    "mesh-api(7), Roles", model_kinds[i]->kind,
			    model_kinds[i]->plural);
	for (const struct api_route *r = api_routes; r->pattern != NULL; r++)
		if ((r->who & API_PEOPLE) != 0 && (r->who & API_NOBODY) == 0 &&
		    !has_row(r->resource))
			fail_msg("the request %s is new: say in rights.c which "
			    "role reads \"%s\" and which writes it, and in "
			    "mesh-api(7), Roles", r->pattern, r->resource);
}

/* A call that everybody would be refused is a row that was forgotten. */
TEST(rights_let_somebody_make_every_call)
{
	for (const struct api_route *r = api_routes; r->pattern != NULL; r++) {
		if ((r->who & API_PEOPLE) == 0 || (r->who & API_NOBODY) != 0)
			continue;
		struct rights_need need = rights_need(slice_str(r->resource),
		    r->method == METHOD_GET ? RIGHTS_READ : RIGHTS_WRITE, SLICE_NONE);

		if (need.reach == RIGHTS_NOBODY)
			fail_msg("nobody may call %s: see rights.c", r->pattern);
	}
}

TEST(rights_have_no_row_for_what_there_is_not)
{
	for (const struct rights_row *r = rights_table; r->resource != NULL; r++) {
		if (!is_kind(r->resource) && route_of(r->resource,
		    api_routes) == NULL)
			fail_msg("\"%s\" in rights.c is no kind and no resource "
			    "of api_routes.c", r->resource);
		for (const struct rights_row *o = r + 1; o->resource != NULL; o++)
			assert_string_not_equal(r->resource, o->resource);
	}
}

/* Nobody may bind a role that is beyond his own. */
TEST(rights_to_bind_are_those_of_admins)
{
	struct rights_need near = rights_need(SLICE("rolebindings"),
	    RIGHTS_WRITE, SLICE("pay")), wide = rights_need(
	    SLICE("clusterrolebindings"), RIGHTS_WRITE, SLICE_NONE);

	assert_int_equal(near.role, MODEL_ADMIN);
	assert_int_equal(near.reach, RIGHTS_HERE);
	assert_int_equal(wide.role, MODEL_ADMIN);
	assert_int_equal(wide.reach, RIGHTS_EVERYWHERE);
}

static struct rights_in in_pay[] = { { { "pay", 3 }, MODEL_OPERATOR } };
static struct rights_in in_root[] = { { { "istio-system", 12 }, MODEL_ADMIN } };
static const struct rights nothing, team = { MODEL_NO_ROLE, in_pay, 1 },
    reader = { MODEL_VIEWER, NULL, 0 }, both = { MODEL_VIEWER, in_pay, 1 },
    boss = { MODEL_ADMIN, NULL, 0 }, root = { MODEL_NO_ROLE, in_root, 1 };

static const struct {
	const char          *resource;
	enum rights_verb     verb;
	const char          *ns;
	const struct rights *who;
	bool                 may;
} questions[] = {
	{ "httproutes", RIGHTS_WRITE, "pay", &team, true },
	{ "httproutes", RIGHTS_WRITE, "shop", &team, false },
	{ "httproutes", RIGHTS_WRITE, "pa", &team, false },
	{ "httproutes", RIGHTS_READ, "shop", &team, false },
	{ "httproutes", RIGHTS_READ, NULL, &team, true },
	{ "httproutes", RIGHTS_WRITE, "pay", &reader, false },
	{ "httproutes", RIGHTS_WRITE, "pay", &both, true },
	{ "httproutes", RIGHTS_READ, "shop", &both, true },
	{ "httproutes", RIGHTS_READ, NULL, &nothing, false },
	{ "httproutes", RIGHTS_READ, "pay", &nothing, false },
	{ "authorizationpolicies", RIGHTS_WRITE, "pay", &team, false },
	{ "rolebindings", RIGHTS_WRITE, "pay", &team, false },
	{ "secrets", RIGHTS_WRITE, "pay", &team, false },
	{ "meshconfigs", RIGHTS_READ, NULL, &team, true },
	{ "meshconfigs", RIGHTS_WRITE, NULL, &team, false },
	{ "meshconfigs", RIGHTS_WRITE, NULL, &boss, true },
	{ "tokens", RIGHTS_WRITE, NULL, &both, false },
	{ "tokens", RIGHTS_READ, NULL, &team, false },
	{ "tokens", RIGHTS_READ, NULL, &reader, true },
	{ "tokens", RIGHTS_WRITE, NULL, &boss, true },
	{ "rights", RIGHTS_READ, NULL, &nothing, true },
	/* What is written there is about every namespace. */
	{ "authorizationpolicies", RIGHTS_WRITE, "istio-system", &root, false },
	{ "rolebindings", RIGHTS_WRITE, "istio-system", &root, false },
	{ "authorizationpolicies", RIGHTS_READ, "istio-system", &root, true },
	{ "authorizationpolicies", RIGHTS_WRITE, "mesh-system", &boss, true },
	{ "federatedbundles", RIGHTS_READ, NULL, &team, true },
	{ "federatedbundles", RIGHTS_WRITE, NULL, &boss, false },
	{ "backup", RIGHTS_READ, NULL, &boss, false },
	{ "what is this", RIGHTS_READ, NULL, &boss, false },
	{ "what is this", RIGHTS_WRITE, "pay", &boss, false },
};

TEST(rights_are_met_where_they_were_given)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct slice ns = slice_str(questions[i].ns);
		struct rights_need need = rights_need(slice_str(
		    questions[i].resource), questions[i].verb, ns);

		if (rights_meet(questions[i].who, need, ns) != questions[i].may)
			fail_msg("question %zu: %s", i, questions[i].resource);
	}
}

TEST(rights_differ_when_one_has_more)
{
	struct rights_in weak[] = { { SLICE("pay"), MODEL_VIEWER } };
	struct rights less = { MODEL_VIEWER, weak, 1 };

	assert_true(rights_same(&team, &team));
	assert_true(rights_same(&reader, &less));	/* it adds nothing */
	assert_false(rights_same(&team, &both));
	assert_false(rights_same(&both, &reader));
	assert_false(rights_same(&reader, &both));
	assert_false(rights_same(&boss, &nothing));
}

TEST(rights_say_what_is_missing)
{
	static const struct {
		const char *resource, *ns, *text;
	} cases[] = {
		{ "httproutes", "pay", "needs role operator (ClusterRoleBinding "
		    "or RoleBinding in pay)" },
		{ "tokens", NULL, "needs role admin everywhere "
		    "(ClusterRoleBinding)" },
		{ "apply", NULL, "needs role viewer (ClusterRoleBinding or "
		    "RoleBinding)" },
		{ "federatedbundles", NULL, "control alone does that" },
		{ "x", NULL, "control alone does that" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str s = { 0 };

		rights_say(&s, rights_need(slice_str(cases[i].resource),
		    RIGHTS_WRITE, slice_str(cases[i].ns)), slice_str(cases[i].ns));
		assert_string_equal(str_ptr(&s), cases[i].text);
		str_fini(&s);
	}
}
