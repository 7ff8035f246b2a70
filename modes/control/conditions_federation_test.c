#include "base/unit.h"
#include "modes/control/conditions_fixture.h"

#define DOMAIN(name, domain)	\
	"apiVersion: spire.spiffe.io/v1alpha1\n"	\
	"kind: ClusterFederatedTrustDomain\n"	\
	"metadata: {name: " name "}\n"	\
	"spec: {trustDomain: " domain ", trustDomainBundle: '{\"keys\":[]}'}\n"
#define KEY	"/spire.spiffe.io/clusterfederatedtrustdomains/-/"

TEST(conditions_of_federation_tell_which_document_counts)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, DOMAIN("b", "b.example"));
	conditions_expect(t, KEY "b", "Accepted=True/Accepted "
	    "Programmed=True/Programmed");
	server_fixture_put(t, DOMAIN("c", "b.example"));
	conditions_expect(t, KEY "c", "Accepted=False/Conflicted "
	    "Programmed=False/Invalid");
	/* Stored before anybody was asked, as by a restored backup. */
	server_fixture_put(t, DOMAIN("own", "td"));
	conditions_expect(t, KEY "own", "Accepted=False/Invalid "
	    "Programmed=False/Invalid");
	server_fixture_free(t);
}
