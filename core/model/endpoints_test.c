#include "base/str.h"
#include "base/unit.h"
#include "model/endpoints.h"
#include "model/model_test.h"

#define WORKLOAD(name, more)						\
	"{apiVersion: mesh/v1, kind: Workload, metadata: {name: " name	\
	", labels: {app: web}}, " more "}"
#define SERVICE(more)							\
	"{apiVersion: v1, kind: Service, metadata: {name: web}, " more "}"
#define PLAIN_SERVICE(more)						\
	"{apiVersion: v1, kind: Service, metadata: {name: web, annotations: "	\
	"{mesh/plaintext: 'true'}}, " more "}"
#define ESLICE(more)							\
	"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: "	\
	"{name: s, labels: {kubernetes.io/service-name: web}, annotations: "	\
	"{mesh/weight: '7'}}, addressType: IPv4, " more "}"

static uint16_t
target(const struct model_object *workload, const struct model_object *service,
    uint16_t port)
{
	const struct model_service_port *p = model_service_port(
	    model_service(service), port);

	return p == NULL ? 0 : model_target_port(workload, p);
}

static const struct {
	const char *name;
	const char *service;
	const char *backends[4];
	uint16_t    port;
	bool        standalone;
	const char *expected;	/* one a line, then how many were refused */
} cases[] = {
	{ "sidecars by name and by selector",
	    SERVICE("spec: {selector: {app: web}, ports: [{port: 80}]}"),
	    { WORKLOAD("b", "spec: {serviceAccount: sa, address: 10.0.0.2, "
	    "inboundPort: 9, zone: z, weight: 5}"),
	    WORKLOAD("a", "spec: {serviceAccount: sa, address: 10.0.0.1}, "
	    "status: {state: Offline}") }, 80, false,
	    "default/a 10.0.0.1:7710 spiffe://td/ns/default/sa/sa - 1 down\n"
	    "default/b 10.0.0.2:9 spiffe://td/ns/default/sa/sa z 5 ready\n0" },
	{ "a workload that is not of the service",
	    SERVICE("spec: {selector: {app: other}, ports: [{port: 80}]}"),
	    { WORKLOAD("a", "spec: {serviceAccount: sa, address: h}") }, 80, false,
	    "0" },
	{ "named by the workload, no selector",
	    SERVICE("spec: {ports: [{port: 80}]}"),
	    { WORKLOAD("a", "spec: {serviceAccount: sa, services: [web], address: "
	    "h}"), WORKLOAD("b", "spec: {serviceAccount: sa, address: h}") },
	    80, false,
	    "default/a h:7710 spiffe://td/ns/default/sa/sa - 1 ready\n0" },
	{ "only workloads that have the target port",
	    SERVICE("spec: {selector: {app: web}, ports: [{port: 80, targetPort: "
	    "http}]}"),
	    { WORKLOAD("a", "spec: {serviceAccount: s, address: h, ports: [{port: "
	    "8080, name: http}]}"),
	    WORKLOAD("b", "spec: {serviceAccount: s, address: h, ports: [{port: "
	    "8080}]}"),
	    WORKLOAD("c", "spec: {serviceAccount: s, address: h}") }, 80, false,
	    "default/a h:7710 spiffe://td/ns/default/sa/s - 1 ready\n0" },
	{ "without a sidecar: refused",
	    SERVICE("spec: {selector: {app: web}, ports: [{port: 80}]}"),
	    { WORKLOAD("a", "spec: {sidecar: false, address: h}") }, 80, false,
	    "1" },
	{ "without a sidecar: allowed by the service",
	    PLAIN_SERVICE("spec: {selector: {app: web}, ports: [{port: 80, "
	    "targetPort: 8080}]}"),
	    { WORKLOAD("a", "spec: {sidecar: false, address: h}"),
	    WORKLOAD("b", "spec: {serviceAccount: s, address: h}") }, 80, false,
	    "default/b h:7710 spiffe://td/ns/default/sa/s - 1 ready\n"
	    "default/a h:8080 plain - 1 ready\n0" },
	{ "a sidecar that says of the port that it is called in plain text",
	    SERVICE("spec: {selector: {app: web}, ports: [{port: 80, name: a}, {"
	    "port: 81, name: b}]}"),
	    { WORKLOAD("a", "spec: {serviceAccount: s, address: h, ports: [{port: "
	    "80, exposed: 8080, plaintext: true}, {port: 81}]}"),
	    WORKLOAD("b", "spec: {serviceAccount: s, address: h, ports: [{port: "
	    "80, plaintext: true}]}"),
	    WORKLOAD("c", "spec: {serviceAccount: s, address: h, ports: [{port: "
	    "80, exposed: 8081}]}") }, 80, false,
	    "default/b h:7710 plain - 1 ready sidecar\n"
	    "default/c h:7710 spiffe://td/ns/default/sa/s - 1 ready\n"
	    "default/a h:8080 plain - 1 ready sidecar\n0" },
	{ "its other ports",
	    SERVICE("spec: {selector: {app: web}, ports: [{port: 80, name: a}, {"
	    "port: 81, name: b}]}"),
	    { WORKLOAD("a", "spec: {serviceAccount: s, address: h, ports: [{port: "
	    "80, exposed: 8080, plaintext: true}, {port: 81}]}") }, 81, false,
	    "default/a h:7710 spiffe://td/ns/default/sa/s - 1 ready\n0" },
	{ "a port that is not there",
	    SERVICE("spec: {selector: {app: web}, ports: [{port: 80}]}"),
	    { WORKLOAD("a", "spec: {serviceAccount: s, address: h}") }, 81, false,
	    "0" },
	{ "slices, standalone, duplicates merged",
	    SERVICE("spec: {ports: [{port: 80, name: http}, {port: 81, name: x}]}"),
	    { ESLICE("ports: [{name: x, port: 1}, {name: http, port: 8080}], "
	    "endpoints: [{addresses: [10.0.0.9], zone: z}, {addresses: [10.0.0.3], "
	    "conditions: {ready: false}}]"),
	    ESLICE("ports: [{name: http, port: 8080}], endpoints: [{addresses: "
	    "[10.0.0.9], conditions: {ready: false}}]") }, 80, true,
	    "- 10.0.0.3:8080 plain - 7 down\n- 10.0.0.9:8080 plain z 7 ready\n0" },
	{ "slices of a service that does not allow plain text",
	    SERVICE("spec: {ports: [{port: 80}]}"),
	    { ESLICE("ports: [{port: 1}], endpoints: [{addresses: [10.0.0.9]}]") },
	    80, false, "1" },
	{ "not ready, published all the same",
	    PLAIN_SERVICE("spec: {publishNotReadyAddresses: true, "
	    "ports: [{port: 80}]}"),
	    { ESLICE("ports: [{port: 1}], endpoints: [{addresses: [10.0.0.9], "
	    "conditions: {ready: false}}]") }, 80, false,
	    "- 10.0.0.9:1 plain - 7 ready\n0" },
	{ "an external name",
	    SERVICE("spec: {type: ExternalName, externalName: db.example.com}"),
	    { NULL }, 5432, false, "- db.example.com:5432 plain - 1 ready\n0" },
};

TEST(endpoints_of_a_port)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct model_object *backends[4];
		struct model_object *service = object_from(cases[i].service);
		struct model_endpoints_query q = { .service = service,
		    .port = cases[i].port, .backends = backends,
		    .trust_domain = "td", .standalone = cases[i].standalone };
		struct model_endpoints out;
		struct str s = { 0 };

		while (q.backends_len < 4 && cases[i].backends[q.backends_len]) {
			backends[q.backends_len] =
			    object_from(cases[i].backends[q.backends_len]);
			q.backends_len++;
		}
		model_endpoints(&a, &q, &out);
		for (size_t j = 0; j < out.len; j++) {
			const struct model_endpoint *e = &out.items[j];

			str_addf(&s, "%s %s:%u %s %s %u %s%s\n",
			    e->workload == NULL ? "-" : e->workload, e->address,
			    e->port, e->spiffe_id == NULL ? "plain" : e->spiffe_id,
			    e->zone == NULL ? "-" : e->zone, e->weight,
			    e->ready ? "ready" : "down", e->spiffe_id == NULL &&
			    e->has_sidecar ? " sidecar" : "");
		}
		str_addf(&s, "%zu", out.refused);
		if (!slice_is(str_slice(&s), cases[i].expected))
			fail_msg("%s: %s", cases[i].name, str_ptr(&s));
		str_fini(&s);
		model_object_unref(service);
		for (size_t j = 0; j < q.backends_len; j++)
			model_object_unref(backends[j]);
		arena_fini(&a);
	}
}

/* What the Service says goes before what its slices do. */
TEST(endpoints_speak_as_the_service_says_or_else_its_slices)
{
	static const struct {
		const char *service, *slice, *word;
	} said[] = {
		{ "{port: 80}", "{port: 8080}", "auto" },
		{ "{port: 80}", "{port: 8080, appProtocol: http}", "http" },
		{ "{port: 80}", "{port: 8080, appProtocol: "
		    "kubernetes.io/h2c}", "h2c" },
		{ "{port: 80}", "{port: 8080, appProtocol: mysql}", "tcp" },
		{ "{port: 80, appProtocol: tcp}",
		    "{port: 8080, appProtocol: http}", "tcp" },
		{ "{port: 80, appProtocol: auto}",
		    "{port: 8080, appProtocol: http}", "auto" },
		{ "{port: 80, name: http}",
		    "{port: 8080, name: http, appProtocol: h2c}", "http" },
		{ "{port: 5432}", "{port: 5432}", "tcp" },
		{ "{port: 5432}", "{port: 5432, appProtocol: http}", "http" },
		/* Of another port. */
		{ "{port: 80}", "{port: 8080, name: x, appProtocol: http}",
		    "auto" },
		{ "{port: 80, protocol: UDP}",
		    "{port: 8080, appProtocol: http}", "udp" },
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct arena a = { 0 };
		struct model_object *service = object_from(arena_printf(&a,
		    SERVICE("spec: {ports: [%s]}"), said[i].service));
		struct model_object *slice = object_from(arena_printf(&a,
		    ESLICE("ports: [%s], endpoints: [{addresses: [10.0.0.1]}]"),
		    said[i].slice));
		const struct model_service_port *p =
		    &model_service(service)->spec.ports[0];
		const struct model_endpoints_query q = { .service = service,
		    .port = p->port, .backends = &slice, .backends_len = 1,
		    .transport = (enum model_transport)p->transport,
		    .trust_domain = "td", .standalone = true };
		struct model_endpoints out;

		model_endpoints(&a, &q, &out);
		assert_string_equal(model_endpoints_word(&out, p),
		    said[i].word);
		model_object_unref(service);
		model_object_unref(slice);
		arena_fini(&a);
	}
}

TEST(target_port_of_a_workload)
{
	struct model_object *s = object_from(SERVICE("spec: {ports: [{name: a, port: "
	    "80}, {name: b, port: 81, targetPort: 8081}, {name: c, port: 82, "
	    "targetPort: rpc}]}"));
	struct model_object *any = object_from(WORKLOAD("a", "spec: {serviceAccount: "
	    "s, address: h}"));
	struct model_object *some = object_from(WORKLOAD("a", "spec: "
	    "{serviceAccount: s, address: h, ports: [{port: 80}, {port: 9, name: "
	    "rpc}]}"));

	assert_int_equal(target(any, s, 80), 80);
	assert_int_equal(target(any, s, 81), 8081);
	assert_int_equal(target(any, s, 82), 0);
	assert_int_equal(target(any, s, 83), 0);
	assert_int_equal(target(some, s, 80), 80);
	assert_int_equal(target(some, s, 81), 0);
	assert_int_equal(target(some, s, 82), 9);
	model_object_unref(s);
	model_object_unref(any);
	model_object_unref(some);
}

/* TCP and UDP may have the same number. */
TEST(target_port_of_datagrams)
{
	struct model_object *s = object_from(SERVICE("spec: {ports: [{name: a, port: "
	    "53, protocol: UDP}, {name: b, port: 53}, {name: c, port: 54, "
	    "protocol: UDP, targetPort: tcp}]}"));
	struct model_object *both = object_from(WORKLOAD("a", "spec: "
	    "{serviceAccount: s, address: h, ports: [{port: 53, protocol: tcp}, "
	    "{port: 53, protocol: udp}, {port: 9, name: tcp, protocol: http}]}"));
	struct model_object *bytes = object_from(WORKLOAD("a", "spec: "
	    "{serviceAccount: s, address: h, ports: [{port: 53, protocol: tcp}]}"));
	const struct model_service *m = model_service(s);
	const struct model_service_port *udp = model_service_port_on(m, 53,
	    MODEL_UDP);

	assert_ptr_equal(udp, &m->spec.ports[0]);
	assert_ptr_equal(model_service_port(m, 53), &m->spec.ports[1]);
	assert_null(model_service_port_on(m, 54, MODEL_TCP));
	assert_int_equal(model_target_port(both, udp), 53);
	assert_int_equal(model_target_port(bytes, udp), 0);
	assert_int_equal(model_target_port(both, &m->spec.ports[2]), 0);
	model_object_unref(s);
	model_object_unref(both);
	model_object_unref(bytes);
}
