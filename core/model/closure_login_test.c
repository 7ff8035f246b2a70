#include "base/unit.h"
#include "model/closure.h"
#include "model/model_test.h"

#define LOGIN(targets)							\
	"{apiVersion: mesh/v1, kind: OIDCLogin, metadata: {name: people}, "	\
	"spec: {targetRefs: [" targets "], provider: {issuer: 'https://a'}, "	\
	"clientID: a, clientSecret: {name: oidc}}}"
#define TARGET(kind, rest)						\
	"{group: gateway.networking.k8s.io, kind: " kind ", " rest "}"
#define ROUTE(name, parent)						\
	"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, "	\
	"metadata: {name: " name "}, spec: {parentRefs: [{" parent "}], "	\
	"rules: [{backendRefs: [{name: back, port: 80}]}]}}"

static struct model_object *
secret(void)
{
	return object_from("{apiVersion: v1, kind: Secret, metadata: "
	    "{name: oidc}}");
}

static const struct {
	const char *login, *route;
	bool        is_sent;
} cases[] = {
	{ LOGIN(TARGET("Gateway", "name: edge")), ROUTE("r", "name: other"),
	    true },
	{ LOGIN(TARGET("Gateway", "name: edge, sectionName: a")),
	    ROUTE("r", "name: other"), true },
	{ LOGIN(TARGET("Gateway", "name: other")), ROUTE("r", "name: edge"),
	    false },
	{ LOGIN(TARGET("HTTPRoute", "name: r")), ROUTE("r", "name: edge"),
	    true },
	{ LOGIN(TARGET("HTTPRoute", "name: r, sectionName: x")),
	    ROUTE("r", "name: edge"), true },
	{ LOGIN(TARGET("HTTPRoute", "name: r")), ROUTE("r", "name: other"),
	    false },
	{ LOGIN(TARGET("HTTPRoute", "name: r")), ROUTE("s", "name: edge"),
	    false },
	{ LOGIN(TARGET("HTTPRoute", "name: edge")), ROUTE("r", "name: edge"),
	    false },
	{ LOGIN(TARGET("HTTPRoute", "name: r")),
	    ROUTE("r", "name: back, kind: Service, group: ''"), false },
	{ LOGIN(TARGET("HTTPRoute", "name: s") ", " TARGET("HTTPRoute",
	    "name: r")), ROUTE("r", "name: edge"), true },
};

TEST(closure_has_logins_of_routes_that_hang_on_its_gateway)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_object *login = object_from(cases[i].login);
		struct model_object *route = object_from(cases[i].route);
		struct model_object *of = secret(), *out[3];
		struct model_object *const all[] = { of, login, route };
		struct model_subject s;

		model_subject_init(&s, "default", "edge-1");
		model_subject_run(&s, "edge");
		model_closure(&s, all, 3, out);
		assert_int_equal(model_concerns(&s, login), cases[i].is_sent);
		assert_int_equal(model_concerns(&s, of), cases[i].is_sent);
		model_subject_fini(&s);
		/* To who runs no Gateway it never goes. */
		model_subject_init(&s, "default", "edge-1");
		model_subject_call(&s, "default", "back");
		model_closure(&s, all, 3, out);
		assert_false(model_concerns(&s, login));
		assert_false(model_concerns(&s, of));
		model_subject_fini(&s);
		model_object_unref(login);
		model_object_unref(route);
		model_object_unref(of);
	}
}

TEST(closure_follows_a_route_that_comes_and_goes)
{
	struct model_object *login = object_from(LOGIN(TARGET("HTTPRoute",
	    "name: r")));
	struct model_object *here = object_from(ROUTE("r", "name: edge"));
	struct model_object *away = object_from(ROUTE("r", "name: other"));
	struct model_object *of = secret();
	struct model_subject s;

	model_subject_init(&s, "default", "edge-1");
	model_subject_run(&s, "edge");
	assert_false(model_subject_learn(&s, login));
	assert_false(model_concerns(&s, login));
	assert_true(model_subject_learn(&s, here));
	assert_true(model_concerns(&s, login) && model_concerns(&s, of));
	assert_true(model_subject_learn(&s, away));
	assert_false(model_concerns(&s, login) || model_concerns(&s, of));
	assert_true(model_subject_learn(&s, here));
	assert_true(model_subject_unlearn(&s, here));
	assert_false(model_concerns(&s, login) || model_concerns(&s, of));
	assert_true(model_subject_learn(&s, here));
	assert_true(model_subject_unlearn(&s, login));
	assert_false(model_concerns(&s, of));
	model_subject_fini(&s);
	model_object_unref(login);
	model_object_unref(here);
	model_object_unref(away);
	model_object_unref(of);
}
