#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "model/closure.h"
#include "model/federation.h"
#include "model/model_test.h"
#include "pki/mint.h"
#include "pki/pem.h"

#define NAMED(name)							\
	"apiVersion: spire.spiffe.io/v1alpha1\n"			\
	"kind: ClusterFederatedTrustDomain\nmetadata: {name: " name "}\n"
#define ENDPOINT							\
	"bundleEndpointURL: 'https://b.example/bundle', "		\
	"bundleEndpointProfile: {type: https_web}"

/* Gives the bundle of a new root: JWKS, and where asked PEM. */
static struct str
new_bundle(uint64_t sequence, struct str *pem)
{
	struct bundle *b = bundle_new(SLICE("b.example"));
	struct mint_ca ca = { .common_name = SLICE("b"),
		.domain = SLICE("b.example"), .not_after = 4000000000 };
	struct str der = { 0 }, out = { 0 };
	struct err err = ERR_INIT;
	struct key key;

	key_generate(&key);
	mint_serial(ca.serial);
	mint_root(&der, &ca, &key);
	assert_int_equal(bundle_add(b, str_slice(&der), &err), 0);
	bundle_jwks(&out, b, sequence, 60, SLICE_NONE);
	if (pem != NULL)
		bundle_pem(pem, b);
	bundle_unref(b);
	str_fini(&der);
	return out;
}

static struct model_object *
domain_from(const char *head, const char *more, const struct str *bundle)
{
	char *text = mem_printf("%sspec: {trustDomain: b.example%s%s%s%s}\n",
	    head, more, bundle == NULL ? "" : ", trustDomainBundle: '",
	    bundle == NULL ? "" : str_ptr(bundle), bundle == NULL ? "" : "'");
	struct model_object *o = object_from(text);

	mem_free(text);
	return o;
}

static struct model_object *
fetched_from(const struct str *bundle, const struct str *begun_with)
{
	char hash[MODEL_BUNDLE_HASH + 1];

	model_federated_bundle_hash(begun_with == NULL ? NULL :
	    str_ptr(begun_with), hash);
	char *text = mem_printf("apiVersion: mesh/v1\nkind: FederatedBundle\n"
	    "metadata: {name: b}\nspec: {trustDomain: b.example, begunWith: "
	    "'%s', bundle: '%s'}\n", hash, str_ptr(bundle));
	struct model_object *o = object_from(text);

	mem_free(text);
	return o;
}

TEST(federated_trust_domain_is_spires_document_as_it_is)
{
	struct model_object *o = object_from(
	    "apiVersion: spire.spiffe.io/v1alpha1\n"
	    "kind: ClusterFederatedTrustDomain\n"
	    "metadata:\n"
	    "  name: my-federated\n"
	    "spec:\n"
	    "  className: cluster2\n"
	    "  trustDomain: cluster2.demo\n"
	    "  bundleEndpointURL: https://10.0.0.1:8443\n"
	    "  bundleEndpointProfile:\n"
	    "    type: https_spiffe\n"
	    "    endpointSPIFFEID: spiffe://cluster2.demo/spire/server\n"
	    "  trustDomainBundle: |-\n"
	    "    {\"keys\": []}\n");
	const struct model_federated_trust_domain_spec *s =
	    &model_federated_trust_domain(o)->spec;
	struct model_subject subject;

	assert_string_equal(o->key,
	    "/spire.spiffe.io/clusterfederatedtrustdomains/-/my-federated");
	assert_string_equal(s->trust_domain, "cluster2.demo");
	assert_string_equal(s->url, "https://10.0.0.1:8443");
	assert_int_equal(s->profile->type, MODEL_HTTPS_SPIFFE);
	assert_string_equal(s->profile->spiffe_id,
	    "spiffe://cluster2.demo/spire/server");
	assert_string_equal(s->bundle, "{\"keys\": []}");
	model_subject_init(&subject, "default", "web-1");
	assert_true(model_concerns(&subject, o));
	model_subject_fini(&subject);
	model_object_unref(o);
}

static const struct {
	const char *spec, *error;
} faults[] = {
	{ "{}", "spec: the required field \"trustDomain\" is missing" },
	{ "{trustDomain: B.example, " ENDPOINT "}", NULL },
	{ "{trustDomain: b.example}", "spec.trustDomainBundle: expected one, as there is "
	    "no bundleEndpointURL either" },
	{ "{trustDomain: b.example, bundleEndpointURL: 'https://a'}",
	    "spec.bundleEndpointProfile: expected one beside bundleEndpointURL" },
	{ "{trustDomain: b.example, bundleEndpointProfile: {type: https_web}}",
	    "spec.bundleEndpointURL: expected one beside bundleEndpointProfile" },
	{ "{trustDomain: b.example, bundleEndpointURL: 'http://a', "
	    "bundleEndpointProfile: {type: https_web}}", "spec.bundleEndpointURL: expected "
	    "https://, found \"http://a\"" },
	{ "{trustDomain: b.example, bundleEndpointURL: 'https://u:p@a/', "
	    "bundleEndpointProfile: {type: https_web}}", "spec.bundleEndpointURL: expected "
	    "no user in \"https://u:p@a/\"" },
	{ "{trustDomain: b.example, bundleEndpointURL: 'https:///x', "
	    "bundleEndpointProfile: {type: https_web}}", "spec.bundleEndpointURL: expected "
	    "a host in \"https:///x\"" },
	{ "{trustDomain: b.example, bundleEndpointURL: 'https://a', "
	    "bundleEndpointProfile: {type: https_spiffe}}", "the field \"endpointSPIFFEID\" "
	    "is missing, which type https_spiffe requires" },
	{ "{trustDomain: b.example, bundleEndpointURL: 'https://a', "
	    "bundleEndpointProfile: {type: https_spiffe, endpointSPIFFEID: "
	    "'spiffe://b.example'}}", "spec.bundleEndpointProfile.endpointSPIFFEID: "
	    "expected a SPIFFE ID with a path, found \"spiffe://b.example\"" },
	{ "{trustDomain: b.example, trustDomainBundle: '{}'}", "spec.trustDomainBundle: "
	    "expected a JSON object with a list \"keys\"" },
};

TEST(federated_trust_domain_refuses_what_could_not_act)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char *text = mem_printf(NAMED("b") "spec: %s\n",
		    faults[i].spec);
		struct err err = object_refusal(text);

		if (faults[i].error != NULL && !slice_has_suffix(slice_str(
		    err.text), slice_str(faults[i].error)))
			fail_msg("%s: %s", faults[i].spec, err.text);
		mem_free(text);
	}
}

/* How many roots of b.example the documents come to; -1: no set. */
static int
roots_of(struct model_object *const *objects, size_t n)
{
	struct bundle_set *s = model_federation(objects, n, "a.example", NULL,
	    NULL);
	const struct bundle *b = bundle_set_find(s, SLICE("b.example"));
	int len = s == NULL ? -1 : b == NULL ? 0 : (int)b->len;

	bundle_set_unref(s);
	return len;
}

TEST(federation_goes_by_what_was_fetched_and_else_by_the_document)
{
	struct str pem = { 0 }, first = new_bundle(1, &pem);
	struct str empty = { 0 };
	struct model_object *o[2];

	str_add(&empty, "{\"keys\":[],\"spiffe_sequence\":2}");
	assert_int_equal(roots_of(o, 0), -1);
	/* Nothing fetched yet, and nothing to begin with. */
	o[0] = domain_from(NAMED("b"), ", " ENDPOINT, NULL);
	assert_int_equal(roots_of(o, 1), 0);
	o[1] = fetched_from(&first, NULL);
	assert_int_equal(roots_of(o, 2), 1);
	model_object_unref(o[1]);
	o[1] = fetched_from(&empty, NULL);
	assert_int_equal(roots_of(o, 2), 0);
	model_object_unref(o[0]);
	/* Begun with the document's own. */
	o[0] = domain_from(NAMED("b"), ", " ENDPOINT, &first);
	assert_int_equal(roots_of(o, 1), 1);
	assert_int_equal(roots_of(o, 2), 1);
	model_object_unref(o[1]);
	o[1] = fetched_from(&empty, &first);
	assert_int_equal(roots_of(o, 2), 0);
	model_object_unref(o[0]);
	/* Who writes another one begins anew; without an endpoint it is all. */
	o[0] = domain_from(NAMED("b"), ", " ENDPOINT, &empty);
	assert_null(model_federation_fetched(o, 2, o[0]));
	model_object_unref(o[0]);
	o[0] = domain_from(NAMED("b"), "", &first);
	assert_null(model_federation_fetched(o, 2, o[0]));
	assert_int_equal(roots_of(o, 2), 1);
	model_object_unref(o[0]);
	model_object_unref(o[1]);
	str_fini(&first);
	str_fini(&empty);
	str_fini(&pem);
}

static void
note_fault(void *arg, const char *key, const struct err *err)
{
	struct str *to = arg;

	str_addf(to, "%s %s\n", key, err->text);
}

#define AT(name, time)							\
	"apiVersion: spire.spiffe.io/v1alpha1\n"			\
	"kind: ClusterFederatedTrustDomain\nmetadata: {name: " name ", "	\
	"creationTimestamp: '" time "'}\n"

TEST(federation_takes_the_oldest_document_and_never_our_own_domain)
{
	struct str one = new_bundle(1, NULL), two = new_bundle(1, NULL);
	struct str said = { 0 };
	struct model_object *o[] = {
		domain_from(AT("late", "2026-01-02T00:00:00Z"), "", &two),
		domain_from(AT("early", "2026-01-01T00:00:00Z"), "", &one),
	};
	struct bundle_set *s = model_federation(o, 2, "a.example", note_fault,
	    &said);
	struct spiffe_bundle want;
	struct err err = ERR_INIT;

	assert_int_equal(spiffe_bundle_read(&want, SLICE("b.example"),
	    str_slice(&one), &err), 0);
	assert_int_equal(s->len, 1);
	assert_true(bundle_has(s->v[0], want.roots->roots[0].der));
	assert_string_equal(str_ptr(&said),
	    "/spire.spiffe.io/clusterfederatedtrustdomains/-/late "
	    "spec.trustDomain: early, which is older, is about b.example already: "
	    "delete one of them\n");
	bundle_set_unref(s);
	str_clear(&said);
	s = model_federation(o + 1, 1, "b.example", note_fault, &said);
	assert_int_equal(s->len, 0);
	assert_non_null(strstr(str_ptr(&said), "b.example is our own"));
	bundle_set_unref(s);
	spiffe_bundle_fini(&want);
	model_object_unref(o[0]);
	model_object_unref(o[1]);
	str_fini(&one);
	str_fini(&two);
	str_fini(&said);
}

TEST(federation_has_cluster_local_mean_our_domain_unless_one_is_called_so)
{
	struct model_object *v[2] = {
		object_from(NAMED("b") "spec: {trustDomain: b.example, "
		    ENDPOINT "}\n"),
		object_from(NAMED("c") "spec: {trustDomain: cluster.local, "
		    ENDPOINT "}\n"),
	};

	assert_string_equal(model_cluster_local(v, 0, "mesh.internal"),
	    "mesh.internal");
	assert_string_equal(model_cluster_local(v, 1, "mesh.internal"),
	    "mesh.internal");
	assert_null(model_cluster_local(v, 2, "mesh.internal"));
	model_object_unref(v[0]);
	model_object_unref(v[1]);
}
