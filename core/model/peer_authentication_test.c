#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "model/closure.h"
#include "model/model_test.h"
#include "model/peer_authentication.h"
#include "model/workload.h"

#define HEAD								\
	"apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"	\
	"metadata: {name: p, namespace: shop}\n"
#define SELECTOR	"selector: {matchLabels: {app: web}}"

TEST(peer_authentication_with_every_field_reads)
{
	struct model_object *o = object_from(
	    "apiVersion: security.istio.io/v1beta1\n"
	    "kind: PeerAuthentication\n"
	    "metadata: {name: default, namespace: foo}\n"
	    "spec:\n"
	    "  selector: {matchLabels: {app: finance}}\n"
	    "  mtls: {mode: STRICT}\n"
	    "  portLevelMtls:\n"
	    "    8080: {mode: DISABLE}\n"
	    "    '9090': {mode: PERMISSIVE}\n"
	    "    7070: {}\n");
	const struct model_peer_authentication_spec *s =
	    &model_peer_authentication(o)->spec;

	assert_string_equal(conf_get_string(o->node, "apiVersion"),
	    "security.istio.io/v1");
	assert_int_equal(s->mtls.mode, MODEL_MTLS_STRICT);
	assert_int_equal(model_peer_port_mode(o, 8080), MODEL_MTLS_DISABLE);
	assert_int_equal(model_peer_port_mode(o, 9090), MODEL_MTLS_PERMISSIVE);
	assert_int_equal(model_peer_port_mode(o, 7070), MODEL_MTLS_UNSET);
	assert_int_equal(model_peer_port_mode(o, 80), MODEL_MTLS_UNSET);
	model_object_unref(o);
}

TEST(peer_authentication_of_what_it_may_not_say)
{
	static const char *const cases[][2] = {
		{ "spec: {mtls: {mode: strict}}",
		    "spec.mtls.mode: expected one of UNSET, DISABLE, PERMISSIVE, "
		    "STRICT" },
		{ "spec: {mtls: {mode: STRICT}, portLevelMtls: {80: {mode: DISABLE}}}",
		    "spec.portLevelMtls: expected none without a selector" },
		{ "spec: {selector: {}, portLevelMtls: {80: {mode: DISABLE}}}",
		    "spec.portLevelMtls: expected none without a selector" },
		{ "spec: {" SELECTOR ", portLevelMtls: {}}",
		    "spec.portLevelMtls: expected at least one port" },
		{ "spec: {" SELECTOR ", portLevelMtls: {0: {mode: DISABLE}}}",
		    "expected ports from 1 to 65535, found \"0\"" },
		{ "spec: {" SELECTOR ", portLevelMtls: {web: {mode: DISABLE}}}",
		    "found \"web\"" },
		{ "spec: {" SELECTOR ", portLevelMtls: {70000: {mode: DISABLE}}}",
		    "found \"70000\"" },
		{ "spec: {" SELECTOR ", portLevelMtls: {80: {mode: ON}}}",
		    "spec.portLevelMtls.80.mode: expected one of" },
		{ "spec: {" SELECTOR ", portLevelMtls: {80: {mod: STRICT}}}",
		    "unknown field \"mod\"" },
		{ "spec: {" SELECTOR ", portLevelMtls: {80: STRICT}}",
		    "expected a map with mode" },
		{ "spec: {" SELECTOR ", portLevelMtls: [80]}",
		    "expected a map by port" },
		{ "spec: {targetRefs: [{name: web}]}", "targetRefs" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = mem_printf("%s%s\n", HEAD, cases[i][0]);
		struct err err = object_refusal(text);

		if (strstr(err.text, cases[i][1]) == NULL)
			fail_msg("%s: %s", cases[i][0], err.text);
		mem_free(text);
	}
}

/* --- what holds ---------------------------------------------------------------- */

/* "NAME NAMESPACE CREATED-SECOND SPEC", at workload web of shop, labels app=web. */
struct word { const char *name, *namespace, *created, *spec; };

#define ALL(mode)	"mtls: {mode: " mode "}"

static const struct decision {
	const char     *what;
	struct word     words[5];
	uint16_t        port;
	enum model_mtls fallback, mode;
	const char     *by;	/* NULL: nobody */
} decisions[] = {
	{ "nothing", { { 0 } }, 80, MODEL_MTLS_STRICT, MODEL_MTLS_STRICT, NULL },
	{ "nothing, on a proxy that is permissive", { { 0 } }, 80,
	    MODEL_MTLS_PERMISSIVE, MODEL_MTLS_PERMISSIVE, NULL },
	{ "mesh", { { "m", "mesh-system", "10", ALL("PERMISSIVE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_PERMISSIVE, "mesh-system/m" },
	{ "mesh, as Istio calls its namespace",
	    { { "m", "istio-system", "10", ALL("DISABLE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_DISABLE, "istio-system/m" },
	{ "a document before what the proxy was told",
	    { { "m", "mesh-system", "10", ALL("STRICT") } }, 80,
	    MODEL_MTLS_PERMISSIVE, MODEL_MTLS_STRICT, "mesh-system/m" },
	{ "namespace before mesh",
	    { { "m", "mesh-system", "10", ALL("STRICT") },
	      { "n", "shop", "20", ALL("PERMISSIVE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_PERMISSIVE, "shop/n" },
	{ "workload before namespace before mesh",
	    { { "w", "shop", "30", SELECTOR ", " ALL("DISABLE") },
	      { "n", "shop", "20", ALL("PERMISSIVE") },
	      { "m", "mesh-system", "10", ALL("STRICT") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_DISABLE, "shop/w" },
	{ "UNSET is as the wider has it",
	    { { "w", "shop", "30", SELECTOR ", " ALL("UNSET") },
	      { "n", "shop", "20", "mtls: {}" },
	      { "m", "mesh-system", "10", ALL("PERMISSIVE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_PERMISSIVE, "mesh-system/m" },
	{ "UNSET and nothing wider",
	    { { "n", "shop", "20", ALL("UNSET") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_STRICT, NULL },
	{ "the oldest of equals",
	    { { "b", "shop", "30", ALL("DISABLE") },
	      { "c", "shop", "20", ALL("PERMISSIVE") },
	      { "a", "shop", "40", ALL("STRICT") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_PERMISSIVE, "shop/c" },
	{ "of the same age the first by name",
	    { { "b", "shop", "20", ALL("DISABLE") },
	      { "a", "shop", "20", ALL("PERMISSIVE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_PERMISSIVE, "shop/a" },
	{ "the oldest counts though it says nothing",
	    { { "a", "shop", "10", ALL("UNSET") },
	      { "b", "shop", "20", ALL("DISABLE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_STRICT, NULL },
	{ "another namespace",
	    { { "n", "other", "20", ALL("DISABLE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_STRICT, NULL },
	{ "other labels",
	    { { "w", "shop", "20", "selector: {matchLabels: {app: db}}, "
	        ALL("DISABLE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_STRICT, NULL },
	{ "an empty selector is none",
	    { { "n", "shop", "20", "selector: {}, " ALL("DISABLE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_DISABLE, "shop/n" },
	{ "a selector in a root namespace matches nobody",
	    { { "m", "mesh-system", "20", SELECTOR ", " ALL("DISABLE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_STRICT, NULL },
	{ "a port before the rest of its document",
	    { { "w", "shop", "20", SELECTOR ", " ALL("STRICT")
	        ", portLevelMtls: {80: {mode: PERMISSIVE}}" } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_PERMISSIVE, "shop/w" },
	{ "another port",
	    { { "w", "shop", "20", SELECTOR ", " ALL("STRICT")
	        ", portLevelMtls: {80: {mode: PERMISSIVE}}" } }, 81,
	    MODEL_MTLS_STRICT, MODEL_MTLS_STRICT, "shop/w" },
	{ "a port that is UNSET is as its document, and that as the wider",
	    { { "w", "shop", "20", SELECTOR ", portLevelMtls: {80: {mode: UNSET}}" },
	      { "n", "shop", "10", ALL("DISABLE") } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_DISABLE, "shop/n" },
	{ "ports of a younger document do not count",
	    { { "v", "shop", "10", SELECTOR ", " ALL("UNSET") },
	      { "w", "shop", "20", SELECTOR
	        ", portLevelMtls: {80: {mode: DISABLE}}" } }, 80,
	    MODEL_MTLS_STRICT, MODEL_MTLS_STRICT, NULL },
};

static struct model_object *
read_word(const struct word *w)
{
	char *text = mem_printf("apiVersion: security.istio.io/v1\n"
	    "kind: PeerAuthentication\nmetadata: {name: '%s', namespace: %s, "
	    "creationTimestamp: '1970-01-01T00:00:%sZ'}\nspec: {%s}\n", w->name,
	    w->namespace, w->created, w->spec);
	struct model_object *o = object_from(text);

	mem_free(text);
	return o;
}

static void
expect(const struct decision *d, struct model_object *const *v, size_t n,
    const struct model_peer_place *place)
{
	struct model_peer_verdict got = model_peer_decide(v, n, place,
	    d->fallback);

	if (got.mode != d->mode)
		fail_msg("%s: %s", d->what, model_mtls_name(got.mode));
	if ((got.by == NULL) != (d->by == NULL) || (d->by != NULL &&
	    strcmp(model_object_name(got.by), d->by) != 0))
		fail_msg("%s: by %s", d->what, got.by == NULL ? "nobody" :
		    model_object_name(got.by));
}

TEST(peer_authentication_decides_by_width_then_age)
{
	struct conf_pair label = { "app", "web" };
	const struct conf_pairs labels = { &label, 1 };

	for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
		const struct decision *d = &decisions[i];
		const struct model_peer_place place = { "shop", &labels, d->port };
		struct model_object *v[5], *back[5];
		size_t n = 0;

		for (; n < 5 && d->words[n].name != NULL; n++)
			v[n] = read_word(&d->words[n]);
		for (size_t k = 0; k < n; k++)
			back[k] = v[n - 1 - k];
		expect(d, v, n, &place);
		expect(d, back, n, &place);	/* in any order */
		while (n > 0)
			model_object_unref(v[--n]);
	}
}

TEST(peer_authentication_goes_to_those_it_is_about)
{
	static const struct word words[] = {
		{ "m", "mesh-system", "10", ALL("PERMISSIVE") },
		{ "n", "shop", "10", ALL("PERMISSIVE") },
		{ "w", "shop", "10", SELECTOR ", " ALL("PERMISSIVE") },
		{ "v", "shop", "10", "selector: {matchLabels: {app: db}}, "
		    ALL("DISABLE") },
		{ "o", "other", "10", ALL("DISABLE") },
		{ "r", "mesh-system", "10", SELECTOR ", " ALL("DISABLE") },
	};
	static const bool wanted[] = { true, true, true, false, false, false };
	struct model_object *self = object_from("apiVersion: mesh/v1\n"
	    "kind: Workload\nmetadata: {name: web-1, namespace: shop, labels: "
	    "{app: web}}\nspec: {address: 10.0.0.1, serviceAccount: web}\n");
	struct model_subject s;

	model_subject_init(&s, "shop", "web-1");
	model_subject_learn(&s, self);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct model_object *o = read_word(&words[i]);

		if (model_concerns(&s, o) != wanted[i])
			fail_msg("%s", words[i].name);
		model_object_unref(o);
	}
	model_subject_fini(&s);
	model_object_unref(self);
}
