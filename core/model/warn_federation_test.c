#include "model/warn_set_test.h"

#define DOMAIN(name, more)						\
	"---\napiVersion: spire.spiffe.io/v1alpha1\n"			\
	"kind: ClusterFederatedTrustDomain\nmetadata: {name: " name "}\n"	\
	"spec: {trustDomain: b.example, bundleEndpointURL: 'https://b', "	\
	more "}\n"
#define SPIFFE(id)							\
	"bundleEndpointProfile: {type: https_spiffe, endpointSPIFFEID: '" id "'}"
#define GATEWAY(domain)							\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"	\
	"metadata: {name: g}\nspec: {gatewayClassName: mesh, tls: {frontend: "	\
	"{default: {validation: {caCertificateRefs: [{group: "		\
	"spire.spiffe.io, kind: ClusterFederatedTrustDomain, name: " domain	\
	"}]}}}}, listeners: [{name: a, port: 80, protocol: HTTP}]}\n"
#define WEB	"bundleEndpointProfile: {type: https_web}"

static const struct {
	const char *in, *out;
} cases[] = {
	{ DOMAIN("b", WEB), "" },
	{ DOMAIN("b", SPIFFE("spiffe://b.example/control")), "t:5:7: "
	    "spec.trustDomainBundle: there is none, so nothing says by which "
	    "roots the endpoint is judged the first time\n" },
	{ DOMAIN("b", SPIFFE("spiffe://b.example/control") ", trustDomainBundle: "
	    "'{\"keys\":[]}'"), "" },
	{ DOMAIN("b", SPIFFE("spiffe://a.example/x")), "" },
	{ DOMAIN("b", WEB) DOMAIN("c", WEB), "t:10:21: spec.trustDomain: b is "
	    "about it, too, and goes first\n" },
	{ "---\napiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\n"
	    "metadata: {name: p}\nspec: {targetRefs: [{group: '', kind: Service, "
	    "name: x}],\n validation: {hostname: h, subjectAltNames: [{type: URI, "
	    "uri: 'spiffe://b.example/x'}],\n  caCertificateRefs: [{group: "
	    "spire.spiffe.io, kind: ClusterFederatedTrustDomain, name: b}]}}\n"
	    DOMAIN("b", WEB)
	    "---\napiVersion: v1\nkind: Service\nmetadata: {name: x}\n"
	    "spec: {type: ExternalName, externalName: b, ports: [{port: 80}]}\n",
	    "" },
	{ GATEWAY("b") DOMAIN("b", WEB), "" },
	{ GATEWAY("c") DOMAIN("b", WEB), "t:5:92: spec.tls.frontend.default."
	    "validation.caCertificateRefs[0]: there is no "
	    "ClusterFederatedTrustDomain c\n" },
};

static void
note(void *arg, const struct model_object *o, const char *text)
{
	(void)o;
	str_addf(arg, "%s\n", text);
}

TEST(what_federation_lacks_is_told)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		warn_set_says(cases[i].in, MODEL_WARN_REFERENCES, note,
		    cases[i].out);
}
