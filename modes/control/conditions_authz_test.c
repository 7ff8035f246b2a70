#include "base/unit.h"
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
	server_fixture_put(t, SERVICE("shop", "auth"));
	conditions_expect(t, key, "Accepted=True/Accepted "
	    "ResolvedRefs=True/ResolvedRefs Programmed=True/Programmed");
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
