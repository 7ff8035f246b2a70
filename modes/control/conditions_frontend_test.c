#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/conditions.h"
#include "modes/control/server_fixture.h"
#include "modes/control/session.h"
#include "tls/edge_fixture_test.h"

#define GATEWAY	"apiVersion: gateway.networking.k8s.io/v1\n"		\
	"kind: Gateway\nmetadata: {name: gw, namespace: shop}\nspec:\n"	\
	"  gatewayClassName: mesh\n  listeners:\n"			\
	"  - {name: a, port: 443, protocol: HTTPS,"			\
	" tls: {certificateRefs: [{name: cert}]}}\n"
#define CLIENTS(what)	"  tls: {frontend: {default: {validation: {"	\
	"caCertificateRefs: [" what "]}}}}\n"
#define MAP(name)	"{group: '', kind: ConfigMap, name: " name "}"
#define DOMAIN(name)	"{group: spire.spiffe.io, kind: "		\
	"ClusterFederatedTrustDomain, name: " name "}"

/* Without the generations, which say how often the test has changed it. */
static char *
plain(struct slice json)
{
	char *out = mem_dup(json.ptr, json.len), *at;

	while ((at = strstr(out, "\"observedGeneration\"")) != NULL) {
		const char *behind = strchr(at, ',') + 1;

		memmove(at, behind, strlen(behind) + 1);
	}
	return out;
}

/* Waits until the Gateway's conditions have all these, and that one not. */
static void
expect(struct server_fixture *t, const char *const *want, const char *absent)
{
	const struct model_object *o = registry_find(t->s->registry,
	    SLICE("/gateway.networking.k8s.io/gateways/shop/gw"));
	char *shown = NULL;
	const char *missing = "";

	assert_non_null(o);
	for (int i = 0; i < 200 && missing != NULL; i++) {
		mem_free(shown);
		shown = plain(conditions_of(t->s->conditions, o));
		missing = NULL;
		for (size_t k = 0; want[k] != NULL && missing == NULL; k++)
			missing = strstr(shown, want[k]) == NULL ? want[k] : NULL;
		if (missing != NULL)
			server_fixture_turn(t);
	}
	if (missing != NULL)
		fail_msg("%s is not in %s", missing, shown);
	if (absent != NULL && strstr(shown, absent) != NULL)
		fail_msg("%s is in %s", absent, shown);
	mem_free(shown);
}

#define IS(type, status, reason)	\
	"\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\"" reason "\""

static void
put_text(struct server_fixture *t, const char *kind, const char *head,
    const char *key, const char *value)
{
	struct str yaml = { 0 };

	str_addf(&yaml, "apiVersion: v1\nkind: %s\nmetadata: %s\n%s:\n  %s: ",
	    kind, head, strcmp(kind, "Secret") == 0 ? "stringData" : "data", key);
	str_add_json(&yaml, slice_str(value));
	str_add(&yaml, "\n");
	server_fixture_put(t, str_ptr(&yaml));
	str_fini(&yaml);
}

static const struct {
	const char *spec;
	const char *want[4];
	const char *absent;
} cases[] = {
	{ CLIENTS(MAP("roots")), { IS("Accepted", "True", "Accepted") },
	    "InvalidCA" },
	{ CLIENTS("{kind: Secret, name: roots}"),
	    { IS("Accepted", "True", "Accepted") }, "InvalidCA" },
	{ CLIENTS(MAP("absent")),
	    { IS("Accepted", "False", "NoValidCACertificate"),
	    IS("ResolvedRefs", "False", "InvalidCACertificateRef") }, NULL },
	{ CLIENTS(MAP("spoilt")),
	    { IS("Accepted", "False", "NoValidCACertificate"),
	    IS("ResolvedRefs", "False", "InvalidCACertificateRef") }, NULL },
	{ CLIENTS("{group: '', kind: Service, name: roots}"),
	    { IS("Accepted", "False", "NoValidCACertificate"),
	    IS("ResolvedRefs", "False", "InvalidCACertificateKind") }, NULL },
	{ CLIENTS("{group: '', kind: ConfigMap, name: roots, namespace: far}"),
	    { IS("ResolvedRefs", "False", "RefNotPermitted") }, NULL },
	/* One that is good lets clients in, and the other is told. */
	{ CLIENTS(MAP("roots") "," MAP("absent")),
	    { IS("ResolvedRefs", "False", "InvalidCACertificateRef") },
	    "NoValidCACertificate" },
	/* Another trust domain, by itself or beside authorities. */
	{ CLIENTS(DOMAIN("b")), { IS("Accepted", "True", "Accepted"),
	    IS("ResolvedRefs", "True", "ResolvedRefs") }, "InvalidCA" },
	{ CLIENTS(DOMAIN("b") "," MAP("roots")),
	    { IS("ResolvedRefs", "True", "ResolvedRefs") }, "InvalidCA" },
	{ CLIENTS(DOMAIN("absent")),
	    { IS("Accepted", "False", "NoValidCACertificate"),
	    IS("ResolvedRefs", "False", "InvalidCACertificateRef") }, NULL },
	{ CLIENTS(DOMAIN("b") "," MAP("absent")),
	    { IS("ResolvedRefs", "False", "InvalidCACertificateRef") },
	    "NoValidCACertificate" },
	/* Of another port. */
	{ "  tls: {frontend: {default: {}, perPort: [{port: 8443, tls: "
	    "{validation: {caCertificateRefs: [" MAP("absent") "]}}}]}}\n",
	    { IS("ResolvedRefs", "True", "ResolvedRefs") }, "InvalidCACert" },
	{ "  tls: {frontend: {default: {validation: {mode: "
	    "AllowInsecureFallback, caCertificateRefs: [" MAP("roots") "]}}}}\n",
	    { IS("InsecureFrontendValidationMode", "True",
	    "ConfigurationChanged") }, NULL },
	{ "  tls: {backend: {clientCertificateRef: {name: absent}}}\n",
	    { IS("ResolvedRefs", "False", "InvalidClientCertificateRef") },
	    NULL },
	{ "  tls: {backend: {clientCertificateRef: {name: x, namespace: "
	    "far}}}\n", { IS("ResolvedRefs", "False", "RefNotPermitted") },
	    NULL },
};

static void
put_pair(struct server_fixture *t)
{
	struct str yaml = { 0 };

	str_add(&yaml, "apiVersion: v1\nkind: Secret\nmetadata: {name: cert, "
	    "namespace: shop}\nstringData:\n  tls.crt: ");
	str_add_json(&yaml, slice_str(rsa_cert));
	str_add(&yaml, "\n  tls.key: ");
	str_add_json(&yaml, slice_str(rsa_key));
	str_add(&yaml, "\n");
	server_fixture_put(t, str_ptr(&yaml));
	str_fini(&yaml);
}

TEST(conditions_of_a_gateway_say_whether_it_knows_clients)
{
	struct server_fixture *t = server_fixture_new();

	put_pair(t);
	put_text(t, "ConfigMap", "{name: roots, namespace: shop}", "ca.crt",
	    rsa_cert);
	put_text(t, "Secret", "{name: roots, namespace: shop}", "ca.crt",
	    rsa_cert);
	put_text(t, "ConfigMap", "{name: spoilt, namespace: shop}", "ca.crt",
	    "x");
	put_text(t, "ConfigMap", "{name: roots, namespace: far}", "ca.crt",
	    rsa_cert);
	server_fixture_put(t, "apiVersion: spire.spiffe.io/v1alpha1\nkind: "
	    "ClusterFederatedTrustDomain\nmetadata: {name: b}\nspec: "
	    "{trustDomain: b.example, trustDomainBundle: '{\"keys\":[]}'}\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *yaml = mem_printf(GATEWAY "%s", cases[i].spec);

		server_fixture_put(t, yaml);
		expect(t, cases[i].want, cases[i].absent);
		mem_free(yaml);
	}
	server_fixture_free(t);
}

TEST(conditions_of_a_gateway_follow_its_authorities)
{
	static const char *const barred[] = {
		IS("Accepted", "False", "NoValidCACertificate"), NULL
	};
	static const char *const open[] = {
		IS("ResolvedRefs", "True", "ResolvedRefs"), NULL
	};
	struct server_fixture *t = server_fixture_new();

	put_pair(t);
	server_fixture_put(t, GATEWAY CLIENTS(MAP("roots")));
	expect(t, barred, NULL);
	put_text(t, "ConfigMap", "{name: roots, namespace: shop}", "ca.crt",
	    rsa_cert);
	expect(t, open, "NoValidCACertificate");
	server_fixture_free(t);
}
