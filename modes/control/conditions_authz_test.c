#include "base/unit.h"
#include "modes/control/conditions_fixture.h"

TEST(conditions_of_request_authentication_tell_that_it_does_not_act_yet)
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
	    "Programmed=False/Unsupported "
	    "mesh.internal/FieldsIgnored=True/NotActedOn");
	server_fixture_put(t, SERVICE("shop", "web"));
	conditions_expect(t, key, " | Accepted=True/Accepted "
	    "Programmed=False/Unsupported "
	    "mesh.internal/FieldsIgnored=True/NotActedOn");
	server_fixture_free(t);
}
