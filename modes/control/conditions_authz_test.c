#include <string.h>

#include "base/unit.h"
#include "modes/control/conditions.h"
#include "modes/control/conditions_fixture.h"

TEST(conditions_of_request_authentication_are_those_of_its_targets)
{
	struct server_fixture *t = server_fixture_new();
	const char *key =
	    "/security.istio.io/requestauthentications/shop/staff";
	static const char head[] = "apiVersion: security.istio.io/v1\n"
	    "kind: RequestAuthentication\nmetadata: {name: staff, namespace: "
	    "shop}\nspec:\n  targetRefs: [{name: web}]\n"
	    "  jwtRules: [{issuer: a}]\n";

	server_fixture_put(t, head);
	conditions_expect(t, key, " | Accepted=False/TargetNotFound "
	    "Programmed=False/Invalid");
	server_fixture_put(t, SERVICE("shop", "web"));
	conditions_expect(t, key, " | Accepted=True/Accepted "
	    "Programmed=True/Programmed");
	server_fixture_free(t);
}

TEST(conditions_of_a_policy_that_asks_say_whether_it_can)
{
	struct server_fixture *t = server_fixture_new();
	const char *key =
	    "/security.istio.io/authorizationpolicies/shop/ask";
	static const char mesh[] = "apiVersion: mesh/v1\nkind: MeshConfig\n"
	    "metadata: {name: default}\nspec: {extensionProviders: [{name: opa, "
	    "envoyExtAuthzHttp: {service: shop/auth, port: 80}}]}\n";

	server_fixture_put(t, "apiVersion: security.istio.io/v1\n"
	    "kind: AuthorizationPolicy\nmetadata: {name: ask, namespace: shop}\n"
	    "spec: {action: CUSTOM, provider: {name: opa}, rules: [{}]}\n");
	conditions_expect(t, key, "Accepted=True/Accepted "
	    "ResolvedRefs=False/ProviderNotFound "
	    "Programmed=True/Programmed");
	server_fixture_put(t, mesh);
	conditions_expect(t, key, "Accepted=True/Accepted "
	    "ResolvedRefs=False/BackendNotFound Programmed=True/Programmed");
	server_fixture_put(t, "apiVersion: v1\nkind: Service\nmetadata: "
	    "{name: auth, namespace: shop}\nspec: {ports: [{port: 81}]}\n");
	conditions_expect(t, key, "Accepted=True/Accepted "
	    "ResolvedRefs=False/BackendNotFound Programmed=True/Programmed");
	server_fixture_put(t, SERVICE("shop", "auth"));
	conditions_expect(t, key, "Accepted=True/Accepted "
	    "ResolvedRefs=True/ResolvedRefs Programmed=True/Programmed");
	server_fixture_free(t);
}

/* What people read: whether it is in force, or tried. */
static void
expect_message(struct server_fixture *t, const char *key, const char *want)
{
	struct slice said = conditions_of(t->s->conditions,
	    conditions_find(t, key));

	if (memmem(said.ptr, said.len, want, strlen(want)) == NULL)
		fail_msg("%s: no \"%s\" in %.*s", key, want, SLICE_ARG(said));
}

TEST(conditions_of_a_dry_run_do_not_say_that_it_is_in_use)
{
	static const struct {
		const char *head, *spec, *key, *message;
	} cases[] = {
		{ "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
		    "metadata: {name: try, namespace: shop%s}\n", "spec: {}\n",
		    "/security.istio.io/authorizationpolicies/shop/try",
		    "dry run: it decides nothing" },
		{ "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
		    "metadata: {name: one, namespace: shop%s}\n",
		    "spec: {targetRefs: [{group: '', kind: Service, name: web}]}\n",
		    "/security.istio.io/authorizationpolicies/shop/one",
		    "dry run: it decides nothing" },
	};
	static const char tried[] = ", annotations: {istio.io/dry-run: 'true'}";
	struct server_fixture *t = server_fixture_new();
	struct str text = { 0 };

	server_fixture_put(t, SERVICE("shop", "web"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int is_tried = 0; is_tried < 2; is_tried++) {
			const char *at = strstr(cases[i].head, "%s");

			str_clear(&text);
			str_addf(&text, "%.*s%s%s%s", (int)(at - cases[i].head),
			    cases[i].head, is_tried ? tried : "", at + 2,
			    cases[i].spec);
			server_fixture_put(t, str_ptr(&text));
			expect_message(t, cases[i].key, is_tried ?
			    cases[i].message : "the policy is in use");
		}
	server_fixture_put(t, "apiVersion: mesh/v1\nkind: RateLimit\n"
	    "metadata: {name: few, namespace: shop}\nspec: {targetRefs: "
	    "[{group: '', kind: Service, name: web}], dryRun: true, limits: "
	    "[{requests: 1, per: 1h}]}\n");
	expect_message(t, "/mesh/ratelimits/shop/few",
	    "dry run: it refuses nobody");
	str_fini(&text);
	server_fixture_free(t);
}

TEST(conditions_of_a_login_are_those_of_its_gateways)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/mesh/oidclogins/shop/people";

	server_fixture_put(t, "apiVersion: mesh/v1\nkind: OIDCLogin\n"
	    "metadata: {name: people, namespace: shop}\nspec:\n"
	    "  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, "
	    "name: edge}]\n  provider: {issuer: 'https://a'}\n"
	    "  clientID: a\n  clientSecret: {name: oidc}\n");
	conditions_expect(t, key, " | Accepted=False/TargetNotFound "
	    "Programmed=False/Invalid");
	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec:\n"
	    "  gatewayClassName: mesh\n"
	    "  listeners: [{name: a, port: 80, protocol: HTTP}]\n");
	conditions_expect(t, key, " | Accepted=True/Accepted "
	    "Programmed=True/Programmed");
	server_fixture_free(t);
}

#define LOGIN(name, target)						\
	"apiVersion: mesh/v1\nkind: OIDCLogin\nmetadata: {name: " name ", "	\
	"namespace: shop}\nspec:\n  targetRefs: [{group: "		\
	"gateway.networking.k8s.io, " target "}]\n"			\
	"  provider: {issuer: 'https://a'}\n  clientID: a\n"		\
	"  clientSecret: {name: oidc}\n"
#define REFUSED(why)							\
	" | Accepted=False/" why " Programmed=False/Invalid"

TEST(conditions_of_a_login_say_which_part_it_is_about)
{
	static const char taken[] = " | Accepted=True/Accepted "
	    "Programmed=True/Programmed";
	static const struct {
		const char *target, *wanted;
	} v[] = {
		{ "kind: Gateway, name: edge, sectionName: a", taken },
		{ "kind: Gateway, name: edge, sectionName: b",
		    REFUSED("TargetNotFound") },
		{ "kind: HTTPRoute, name: orders", taken },
		{ "kind: HTTPRoute, name: orders, sectionName: admin", taken },
		{ "kind: HTTPRoute, name: orders, sectionName: else",
		    REFUSED("TargetNotFound") },
		{ "kind: HTTPRoute, name: edge", REFUSED("TargetNotFound") },
		{ "kind: HTTPRoute, name: inside", REFUSED("TargetNotFound") },
	};
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec:\n"
	    "  gatewayClassName: mesh\n"
	    "  listeners: [{name: a, port: 80, protocol: HTTP}]\n");
	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: HTTPRoute\nmetadata: {name: orders, namespace: shop}\nspec:\n"
	    "  parentRefs: [{name: edge}]\n  rules: [{name: admin}]\n");
	server_fixture_put(t, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: HTTPRoute\nmetadata: {name: inside, namespace: shop}\nspec:\n"
	    "  parentRefs: [{kind: Service, group: '', name: web, port: 80}]\n");
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		const char *name = arena_printf(&a, "l%zu", i);

		server_fixture_put(t, arena_printf(&a, LOGIN("%s", "%s"), name,
		    v[i].target));
		conditions_expect(t, arena_printf(&a,
		    "/mesh/oidclogins/shop/%s", name), v[i].wanted);
		arena_fini(&a);
	}
	/* Of two about the same the second never acts. */
	server_fixture_put(t, LOGIN("z", "kind: HTTPRoute, name: orders"));
	conditions_expect(t, "/mesh/oidclogins/shop/z", REFUSED("Conflicted"));
	server_fixture_free(t);
}
