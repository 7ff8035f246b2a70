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
