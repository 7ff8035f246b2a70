#include <string.h>

#include "base/unit.h"
#include "model/closure.h"
#include "model/model_test.h"
#include "model/oidc_login.h"

#define LOGIN								\
	"apiVersion: mesh/v1\nkind: OIDCLogin\nmetadata: {name: people}\n"
#define TARGET								\
	"targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, "	\
	"name: edge}]"
#define NEEDED								\
	TARGET ", provider: {issuer: 'https://idp.example'}, clientID: web, "	\
	"clientSecret: {name: oidc}"

TEST(oidc_login_has_defaults)
{
	struct model_object *o = object_from(LOGIN "spec: {" NEEDED "}\n");
	const struct model_oidc_login_spec *s = model_oidc_login(o);

	assert_string_equal(s->logout_path, "/logout");
	assert_null(s->cookie_name);
	assert_null(s->redirect_url);
	assert_null(s->cookie_domain);
	assert_int_equal(s->scopes_len, 0);
	assert_int_equal(s->claims_len, 0);
	assert_false(s->forwards_access);
	assert_true(model_oidc_login_is_for(o, "default", "edge"));
	assert_false(model_oidc_login_is_for(o, "default", "other"));
	assert_false(model_oidc_login_is_for(o, "other", "edge"));
	model_object_unref(o);
}

static const struct {
	const char *spec, *error;
} refused[] = {
	{ NEEDED ", redirectURL: '/callback'", "redirectURL: expected "
	    "https://..." },
	{ TARGET ", provider: {issuer: idp.example}, clientID: web, "
	    "clientSecret: {name: oidc}", "provider.issuer: expected https" },
	{ "targetRefs: [{name: web}], provider: {issuer: 'https://a'}, "
	    "clientID: web, clientSecret: {name: oidc}",
	    "targetRefs[0]: expected a Gateway" },
	{ "targetRefs: [], provider: {issuer: 'https://a'}, clientID: web, "
	    "clientSecret: {name: oidc}", "targetRefs" },
	{ TARGET ", provider: {issuer: 'https://a'}, clientID: web, "
	    "clientSecret: {name: oidc, namespace: vault}",
	    "clientSecret.namespace: expected a Secret of its own" },
	{ TARGET ", provider: {issuer: 'https://a'}, clientID: web",
	    "clientSecret" },
	{ NEEDED ", cookieName: 'a b'", "cookieName" },
	{ NEEDED ", logoutPath: logout", "logoutPath" },
	{ NEEDED ", claimToHeaders: [{header: Host, claim: sub}]",
	    "claimToHeaders[0].header: expected a field that does not say" },
	{ NEEDED ", claimToHeaders: [{header: x-a, claim: sub}, {header: "
	    "Authorization, claim: sub}]",
	    "claimToHeaders[1].header: expected a field that callers" },
	{ NEEDED ", claimToHeaders: [{header: cookie, claim: sub}]",
	    "claimToHeaders[0].header: expected a field that callers" },
	{ NEEDED ", claimToHeaders: [{header: x-user}]", "claim" },
};

TEST(oidc_login_refuses_what_could_not_act)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct arena a = { 0 };
		struct err err = object_refusal(arena_printf(&a,
		    LOGIN "spec: {%s}\n", refused[i].spec));

		if (strstr(err.text, refused[i].error) == NULL)
			fail_msg("%s: %s", refused[i].spec, err.text);
		arena_fini(&a);
	}
}

TEST(oidc_login_is_about_all_of_a_gateway_or_parts)
{
	static const struct {
		const char *targets;
		bool        is_for, is_for_all, has_parts;
	} v[] = {
		{ "kind: Gateway, name: edge}]", true, true, false },
		{ "kind: Gateway, name: edge, sectionName: a}]", true, false,
		    true },
		{ "kind: HTTPRoute, name: edge}]", false, false, true },
		{ "kind: Gateway, name: edge}, {group: "
		    "gateway.networking.k8s.io, kind: HTTPRoute, name: r}]",
		    true, true, true },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		struct model_object *o = object_from(arena_printf(&a, LOGIN
		    "spec: {targetRefs: [{group: gateway.networking.k8s.io, "
		    "%s, provider: {issuer: 'https://a'}, clientID: w, "
		    "clientSecret: {name: oidc}}\n", v[i].targets));

		assert_int_equal(model_oidc_login_is_for(o, "default", "edge"),
		    v[i].is_for);
		assert_int_equal(model_oidc_login_is_for_all(o, "default",
		    "edge"), v[i].is_for_all);
		assert_int_equal(model_oidc_login_has_parts(o), v[i].has_parts);
		model_object_unref(o);
		arena_fini(&a);
	}
}

/* Of a request that rule "admin" of route "app" took at listener "https". */
TEST(oidc_login_is_the_closer_the_less_it_is_about)
{
	static const struct {
		const char *target;
		int         closeness;
	} v[] = {
		{ "kind: Gateway, name: edge", 0 },
		{ "kind: Gateway, name: edge, sectionName: https", 1 },
		{ "kind: HTTPRoute, name: app", 2 },
		{ "kind: HTTPRoute, name: app, sectionName: admin", 3 },
		{ "kind: Gateway, name: other", -1 },
		{ "kind: Gateway, name: edge, sectionName: http", -1 },
		{ "kind: HTTPRoute, name: edge", -1 },
		{ "kind: HTTPRoute, name: app, sectionName: other", -1 },
	};
	struct model_object *edge = object_from("apiVersion: "
	    "gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: "
	    "edge}\nspec: {gatewayClassName: mesh, listeners: [{name: https, "
	    "port: 80, protocol: HTTP}]}\n");
	struct model_object *app = object_from("apiVersion: "
	    "gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: "
	    "app}\nspec: {parentRefs: [{name: edge}]}\n");
	const struct model_oidc_place all = { edge, "https", app, "admin" };
	const struct model_oidc_place nowhere = { .gateway = edge };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		const char *text = arena_printf(&a, LOGIN "spec: {targetRefs: "
		    "[{group: gateway.networking.k8s.io, %s}], provider: "
		    "{issuer: 'https://a'}, clientID: w, clientSecret: "
		    "{name: oidc}}\n", v[i].target);
		struct model_object *o = object_from(text);
		struct model_object *far = object_of("other", text);
		const struct model_target_ref *t = model_oidc_login(o)->targets;

		assert_int_equal(model_oidc_closeness(o, t, &all),
		    v[i].closeness);
		assert_int_equal(model_oidc_closeness(o, t, &nowhere),
		    v[i].closeness == 0 ? 0 : -1);
		assert_int_equal(model_oidc_closeness(far, t, &all), -1);
		model_object_unref(far);
		model_object_unref(o);
		arena_fini(&a);
	}
	model_object_unref(app);
	model_object_unref(edge);
}

TEST(oidc_login_and_its_secret_go_to_the_gateway_alone)
{
	struct model_object *o = object_from(LOGIN "spec: {" NEEDED "}\n");
	struct model_object *secret = object_from("{apiVersion: v1, kind: "
	    "Secret, metadata: {name: oidc}}"), *other = object_from(
	    "{apiVersion: v1, kind: Secret, metadata: {name: other}}");
	static const struct {
		const char *gateway;
		bool        is_sent;
	} v[] = { { "edge", true }, { "inside", false }, { NULL, false } };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct model_subject s;

		model_subject_init(&s, "default", "web-1");
		if (v[i].gateway != NULL)
			model_subject_run(&s, v[i].gateway);
		assert_int_equal(model_concerns(&s, o), v[i].is_sent);
		assert_false(model_concerns(&s, secret));
		model_subject_learn(&s, o);
		assert_int_equal(model_concerns(&s, secret), v[i].is_sent);
		assert_false(model_concerns(&s, other));
		model_subject_unlearn(&s, o);
		assert_false(model_concerns(&s, secret));
		model_subject_fini(&s);
	}
	model_object_unref(o);
	model_object_unref(secret);
	model_object_unref(other);
}
