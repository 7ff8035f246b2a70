#include "base/unit.h"
#include "modes/control/conditions_fixture.h"

#define PEER(name, namespace, spec)					\
	"apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"	\
	"metadata: {name: " name ", namespace: " namespace "}\nspec: {" spec "}\n"
#define KEY(name)	"/security.istio.io/peerauthentications/" name

TEST(conditions_of_peer_authentication_tell_which_of_two_counts)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, PEER("a", "shop", "mtls: {mode: PERMISSIVE}"));
	conditions_expect(t, KEY("shop/a"), "Accepted=True/Accepted "
	    "Programmed=True/Programmed");
	server_fixture_put(t, PEER("b", "shop", "mtls: {mode: STRICT}"));
	conditions_expect(t, KEY("shop/a"), "Accepted=True/Accepted "
	    "Programmed=True/Programmed");
	conditions_expect(t, KEY("shop/b"), "Accepted=False/Conflicted "
	    "Programmed=False/Invalid");
	server_fixture_put(t, PEER("c", "mesh-system", "selector: {matchLabels: "
	    "{app: web}}, mtls: {mode: DISABLE}"));
	conditions_expect(t, KEY("mesh-system/c"), "Accepted=False/Invalid "
	    "Programmed=False/Invalid");
	server_fixture_free(t);
}
