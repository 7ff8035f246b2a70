#include "model/warn_set_test.h"

#define OF(kind, meta, labels)						\
	"apiVersion: security.istio.io/v1\nkind: " kind "\nmetadata: {"	\
	meta "}\nspec: {selector: {matchLabels: {" labels "}}}\n"
#define WORKLOAD(meta)							\
	"---\napiVersion: mesh/v1\nkind: Workload\nmetadata: {name: w, "	\
	meta "}\nspec: {serviceAccount: a, address: 10.0.0.1}\n"
#define WEB	WORKLOAD("labels: {app: web, tier: front}")
#define SAID	"spec.selector.matchLabels: selects no workload, as none of "

static const struct {
	const char *in, *out;	/* NULL: nothing is said */
} cases[] = {
	{ OF("AuthorizationPolicy", "name: p", "app: web") WEB, NULL },
	{ OF("AuthorizationPolicy", "name: p", "app: web, tier: front") WEB, NULL },
	{ OF("AuthorizationPolicy", "name: p", "app: web, tier: back") WEB,
	    SAID "namespace default has app=web,tier=back" },
	{ OF("AuthorizationPolicy", "name: p", "app: wep") WEB,
	    SAID "namespace default has app=wep" },
	{ OF("RequestAuthentication", "name: p", "app: wep") WEB,
	    SAID "namespace default has app=wep" },
	{ OF("PeerAuthentication", "name: p", "app: wep") WEB,
	    SAID "namespace default has app=wep" },
	/* A workload of another namespace does not count, but in a root one. */
	{ OF("AuthorizationPolicy", "name: p", "app: web")
	    WORKLOAD("namespace: shop, labels: {app: web}"),
	    SAID "namespace default has app=web" },
	{ OF("AuthorizationPolicy", "name: p, namespace: mesh-system", "app: web")
	    WORKLOAD("namespace: shop, labels: {app: web}"), NULL },
	{ OF("AuthorizationPolicy", "name: p, namespace: istio-system", "app: x")
	    WORKLOAD("namespace: shop, labels: {app: web}"),
	    SAID "the mesh has app=x" },
	/* Files that have no workloads say nothing of them. */
	{ OF("AuthorizationPolicy", "name: p", "app: web"), NULL },
	{ "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
	    "metadata: {name: p}\nspec: {selector: {}}\n" WEB, NULL },
};

TEST(selectors_of_policies_that_no_workload_has_are_told)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		warn_set_says(cases[i].in, MODEL_WARN_REFERENCES, warn_set_note,
		    cases[i].out);
		warn_set_says(cases[i].in, 0, warn_set_note, NULL);
	}
}
