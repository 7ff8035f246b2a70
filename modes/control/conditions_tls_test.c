#include <stdio.h>

#include "base/unit.h"
#include "modes/control/conditions_fixture.h"

/* openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256, for tests. */
static const char roots[] = "apiVersion: v1\nkind: ConfigMap\n"
    "metadata: {name: roots, namespace: shop}\ndata:\n  ca.crt: |\n"
    "    -----BEGIN CERTIFICATE-----\n"
    "    MIIBdTCCARugAwIBAgIUX/q6HL6gI/EnNR3/fmcDeCQ6e/0wCgYIKoZIzj0EAwIw\n"
    "    DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjEwODAzMDNaGA8yMTI2MTAyODA4MDMw\n"
    "    M1owDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDDe\n"
    "    MjQQdrULTfCFPBI6KKOIjF2CFMiRv1H57lC+dZFEShMCiBkAPNIusVXhM/G6+p81\n"
    "    DkRk9B/pro++h3X6MeWjUzBRMB0GA1UdDgQWBBSPuKJMjM1188NqwUoSIyuEfxpx\n"
    "    lTAfBgNVHSMEGDAWgBSPuKJMjM1188NqwUoSIyuEfxpxlTAPBgNVHRMBAf8EBTAD\n"
    "    AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDeIrr9sM8nr1mQ5oyPAgM3OpTCJhJ5OwqS\n"
    "    sv8eLW0B/AIgWQFxk5wyviZntK5dLSSXTVdtT/MreeCtDxDXwel5IBk=\n"
    "    -----END CERTIFICATE-----\n";

TEST(conditions_of_tls_policies_tell_whom_they_trust)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/gateway.networking.k8s.io/backendtlspolicies/shop/p";
	static const char policy[] =
	    OF_GATEWAY_API("BackendTLSPolicy", "shop", "%s")
	    "spec:\n  targetRefs: [{group: \"\", kind: Service, name: web}]\n"
	    "  validation: {hostname: a.b, %s}\n";
	char text[1024];

	snprintf(text, sizeof(text), policy, "p", "caCertificateRefs: "
	    "[{group: \"\", kind: ConfigMap, name: roots}]");
	server_fixture_put(t, text);
	conditions_expect(t, key, " | Accepted=False/TargetNotFound "
	    "ResolvedRefs=False/InvalidCACertificateRef "
	    "Programmed=False/Invalid");
	server_fixture_put(t, SERVICE("shop", "web"));
	conditions_expect(t, key, " | Accepted=False/NoValidCACertificate "
	    "ResolvedRefs=False/InvalidCACertificateRef "
	    "Programmed=False/Invalid");
	server_fixture_put(t, roots);
	conditions_expect(t, key, GOOD);
	/* A later one for the same. */
	snprintf(text, sizeof(text), policy, "q",
	    "wellKnownCACertificates: System");
	server_fixture_put(t, text);
	conditions_expect(t, "/gateway.networking.k8s.io/backendtlspolicies/shop/q",
	    " | Accepted=False/Conflicted ResolvedRefs=True/ResolvedRefs "
	    "Programmed=False/Invalid");
	snprintf(text, sizeof(text), policy, "p", "caCertificateRefs: "
	    "[{group: \"\", kind: Secret, name: roots}]");
	server_fixture_put(t, text);
	conditions_expect(t, key, " | Accepted=False/NoValidCACertificate "
	    "ResolvedRefs=False/InvalidKind Programmed=False/Invalid");
	server_fixture_free(t);
}

TEST(conditions_of_an_xbackend_tell_whom_it_trusts)
{
	struct server_fixture *t = server_fixture_new();
	const char *key = "/gateway.networking.x-k8s.io/xbackends/shop/bank";
	static const char xbackend[] =
	    "apiVersion: gateway.networking.x-k8s.io/v1alpha1\n"
	    "kind: XBackend\nmetadata: {name: bank, namespace: shop}\n"
	    "spec:\n  port: {number: 443}\n";
	char text[1024];

	snprintf(text, sizeof(text), "%s  type: ExternalHostname\n"
	    "  externalHostname: {hostname: a.b}\n  tls:\n"
	    "    mode: ServerOnly\n    validation: {hostname: a.b, "
	    "caCertificateRefs: [{group: \"\", kind: ConfigMap, name: "
	    "roots}]}\n", xbackend);
	server_fixture_put(t, text);
	conditions_expect(t, key, "Accepted=False/NoValidCACertificate "
	    "ResolvedRefs=False/InvalidCACertificateRef "
	    "Programmed=False/Invalid");
	server_fixture_put(t, roots);
	conditions_expect(t, key,
	    "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs "
	    "Programmed=True/Programmed");
	snprintf(text, sizeof(text), "%s  type: EndpointSelector\n"
	    "  endpointSelector: {matchLabels: {a: b}}\n", xbackend);
	server_fixture_put(t, text);
	conditions_expect(t, key, "Accepted=False/UnsupportedValue "
	    "ResolvedRefs=True/ResolvedRefs Programmed=False/Invalid "
	    "mesh.internal/FieldsIgnored=True/NotActedOn");
	server_fixture_free(t);
}
