#include "model/warn_set_test.h"

#define OF(version, kind, annotation, spec)				\
	"apiVersion: " version "\nkind: " kind "\nmetadata: {name: p, "	\
	"annotations: {" annotation "}}\n" spec
#define POLICY(annotation)						\
	OF("security.istio.io/v1", "AuthorizationPolicy", annotation, "")

static const struct {
	const char *in, *out;	/* NULL: nothing is said */
} cases[] = {
	{ POLICY("istio.io/dry-run: 'true', example.com/owner: shop"), NULL },
	{ POLICY("istio.io/dryrun: 'true'"), "metadata.annotations: nobody reads "
	    "\"istio.io/dryrun\", did you mean \"istio.io/dry-run\"?" },
	{ POLICY("istio.io/dry_run: 'true'"), "metadata.annotations: nobody reads "
	    "\"istio.io/dry_run\", did you mean \"istio.io/dry-run\"?" },
	{ POLICY("istio.io/Dry-Run: 'true'"), "metadata.annotations: nobody reads "
	    "\"istio.io/Dry-Run\", did you mean \"istio.io/dry-run\"?" },
	{ POLICY("security.istio.io/dry-run: 'true'"), "metadata.annotations: "
	    "nobody reads \"security.istio.io/dry-run\", did you mean "
	    "\"istio.io/dry-run\"?" },
	{ POLICY("dryRun: 'true'"), "metadata.annotations: nobody reads "
	    "\"dryRun\", did you mean \"istio.io/dry-run\"?" },
	{ OF("security.istio.io/v1", "PeerAuthentication", "istio.io/dry-run: "
	    "'true'", ""), "metadata.annotations: \"istio.io/dry-run\" "
	    "counts at kind AuthorizationPolicy, not at kind PeerAuthentication" },
	{ OF("v1", "Service", "mesh/plain-text: 'true'",
	    "spec: {ports: [{port: 80}]}\n"), "metadata.annotations: nobody reads "
	    "\"mesh/plain-text\", did you mean \"mesh/plaintext\"?" },
};

TEST(annotations_that_were_to_do_something_are_told)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		warn_set_says(cases[i].in, 0, warn_set_note, cases[i].out);
}
