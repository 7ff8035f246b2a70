#include <string.h>

#include "base/unit.h"
#include "model/control.h"
#include "model/endpoint_slice.h"
#include "model/mesh_config.h"
#include "model/model_test.h"
#include "model/proxy.h"
#include "model/service.h"
#include "model/workload.h"

static void
need_text(void *arg, const char *path, const struct conf_field *f)
{
	const struct model_kind *k = arg;

	if (f->text == NULL || f->text[0] == '\0' || strchr(f->text, '\n') != NULL)
		fail_msg("%s.%s has no line of text", k->kind, path);
	if (f->type == CONF_STRUCT_T && f->schema == NULL)
		fail_msg("%s.%s has no schema", k->kind, path);
	if (f->type == CONF_ENUM_T && f->words == NULL)
		fail_msg("%s.%s has no words", k->kind, path);
}

TEST(kind_rows_are_complete)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		const struct model_kind *k = model_kinds[i];
		union { const struct model_kind *in; void *out; } arg = { k };

		assert_non_null(k->text);
		assert_non_null(k->columns);
		assert_true(k->delivery == MODEL_TO_NOBODY || k->concerns != NULL);
		assert_true(k->stored || k->delivery == MODEL_TO_NOBODY);
		assert_ptr_equal(model_kind_of(k->versions[0], k->kind), k);
		assert_ptr_equal(model_kind_named(k->plural), k);
		conf_schema_walk(k->schema, need_text, arg.out);
	}
}

TEST(kind_is_found_by_what_people_type)
{
	assert_ptr_equal(model_kind_named("svc"), &model_service_kind);
	assert_ptr_equal(model_kind_named("SERVICE"), &model_service_kind);
	assert_ptr_equal(model_kind_named("Workloads"), &model_workload_kind);
	assert_null(model_kind_named("pod"));
	assert_null(model_kind_of("mesh/v1", "Service"));
}

#define SERVICE		"apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
#define POLICY_	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {name: a, annotations: {"
#define SLICE_		"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"	\
			"metadata: {name: a}\n"
#define WORKLOAD	"apiVersion: mesh/v1\nkind: Workload\nmetadata: {name: a}\n"
#define MESH		"apiVersion: mesh/v1\nkind: MeshConfig\n"
#define PROXY		"apiVersion: mesh/v1\nkind: Proxy\nmetadata: {name: a}\n"
#define CONTROL		"apiVersion: mesh/v1\nkind: Control\n"

static const struct {
	const char *in, *error;
} faults[] = {
	{ SERVICE "spec: {}", "t:4:7: spec.ports: expected at least one port" },
	{ SERVICE "spec: {ports: []}",
	    "t:4:15: spec.ports: expected at least one port" },
	{ SERVICE "spec: {ports: [{port: 80}, {port: 81, name: b}]}",
	    "t:4:16: spec.ports[0].name: the required field is missing, as there "
	    "are several ports" },
	{ SERVICE "spec: {ports: [{port: 80, name: b}, {port: 81, name: b}]}",
	    "t:4:54: spec.ports: the name \"b\" stands twice, expected each once" },
	{ SERVICE "spec: {ports: [{port: 80, name: b}, {port: 80, name: c}]}",
	    "t:4:44: spec.ports: port 80 TCP stands twice, expected each once" },
	{ SERVICE "spec: {ports: [{port: 80, targetPort: 70000}]}",
	    "t:4:39: spec.ports[0].targetPort: expected a port from 1 to 65535, "
	    "found 70000" },
	{ SERVICE "spec: {type: ExternalName}", "t:4:7: spec.externalName: the "
	    "required field is missing for type ExternalName" },
	{ SERVICE "spec: {selector: {app: on}, ports: [{port: 80}]}",
	    "t:4:24: spec.selector[app]: expected a string, found on, which is read "
	    "as a boolean without quotes: write \"on\"" },
	{ SLICE_ "addressType: IPv4\nendpoints: [{addresses: ['::1']}]",
	    "t:5:26: endpoints[0].addresses: expected IPv4, as addressType says, "
	    "found \"::1\"" },
	{ SLICE_ "addressType: FQDN\nendpoints: [{addresses: [a.b]}, "
	    "{addresses: [10.0.0.1]}]",
	    "t:5:46: endpoints[1].addresses: expected FQDN, as addressType says, "
	    "found \"10.0.0.1\"" },
	{ SLICE_ "addressType: IPv6\nendpoints: [{addresses: []}]",
	    "t:5:13: endpoints[0].addresses: expected at least one address" },
	{ "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a, "
	    "annotations: {mesh/weight: '-1'}}\naddressType: IPv4",
	    "t:3:34: metadata.annotations[mesh/weight]: expected a whole number "
	    "from 0 to 1000000, found \"-1\"" },
	{ POLICY_ "istio.io/dry-run: 'yes'}}", "t:3:53: metadata.annotations"
	    "[istio.io/dry-run]: expected \"true\" or \"false\", found \"yes\"" },
	{ POLICY_ "istio.io/dry-run: ''}}", "t:3:53: metadata.annotations"
	    "[istio.io/dry-run]: expected \"true\" or \"false\", found \"\"" },
	{ POLICY_ "istio.io/dry-run: tRUE}}", "t:3:53: metadata.annotations"
	    "[istio.io/dry-run]: expected \"true\" or \"false\", found \"tRUE\"" },
	{ "apiVersion: v1\nkind: Service\nmetadata: {name: a, annotations: "
	    "{mesh/plaintext: 'on'}}\nspec: {ports: [{port: 80}]}",
	    "t:3:51: metadata.annotations"
	    "[mesh/plaintext]: expected \"true\" or \"false\", found \"on\"" },
	{ WORKLOAD "spec: {address: 10.0.0.1}", "t:4:7: spec.serviceAccount: the "
	    "required field is missing for a workload with a sidecar" },
	{ WORKLOAD "spec: {serviceAccount: a}",
	    "t:4:7: spec: the required field \"address\" is missing" },
	{ WORKLOAD "spec: {serviceAccount: a, address: b, ports: [{port: 1}, "
	    "{port: 1}]}",
	    "t:4:65: spec.ports: port 1 stands twice, expected each once" },
	{ WORKLOAD "spec: {serviceAccount: a, address: b, weight: 1000001}",
	    "t:4:47: spec.weight: expected a whole number from 0 to 1000000, found "
	    "1000001" },
	{ MESH "metadata: {name: other}", "t:3:18: metadata.name: expected "
	    "\"default\", as there is one MeshConfig, found \"other\"" },
	{ MESH "metadata: {name: default}\nspec: {defaultInboundPolicy: open}",
	    "t:4:30: spec.defaultInboundPolicy: expected one of all-authenticated, "
	    "all-unauthenticated, cluster-authenticated, "
	    "cluster-unauthenticated, deny, audit, found \"open\"" },
	{ MESH "metadata: {name: default}\n"
	    "spec: {chains: {inbound: [{config: {}}]}}",
	    "t:4:27: spec.chains.inbound[0]: the required field \"name\" is "
	    "missing" },
	{ PROXY "spec: {appHealth: 'http:x'}", "t:4:19: spec.appHealth: expected "
	    "tcp, http:/path, grpc or grpc:NAME, found \"http:x\"" },
	{ PROXY "spec: {apps: [{address: 'a:80'}, {address: 'b:80'}]}",
	    "t:4:34: spec.apps: port 80 stands twice, expected each once" },
	{ PROXY "spec: {apps: [{address: 'a:80', protocol: udp}], exposed: "
	    "[{port: 80, listen: ':80'}]}",
	    "t:4:67: spec.exposed: expected the port of an app, not of "
	    "datagrams, found 80" },
	{ PROXY "spec: {apps: [{address: 'a:80'}], exposed: [{port: 80, "
	    "listen: ':0'}]}",
	    "t:4:64: spec.exposed: expected a port that others can know, found "
	    "\":0\"" },
	{ PROXY "spec: {apps: [{address: 'a:80'}], exposed: [{port: 80, "
	    "listen: ':80'}, {port: 80, listen: ':81'}]}",
	    "t:4:72: spec.exposed: port 80 at \":81\" stands twice, expected "
	    "each once" },
	{ PROXY "spec: {upstreams: [{listen: ':1', service: web}]}",
	    "t:4:44: spec.upstreams[0].service: expected NAMESPACE/NAME, found "
	    "\"web\"" },
	{ CONTROL "spec: {caKeyFile: /k}", "t:3:7: spec: expected caCertFile and "
	    "caKeyFile together, found one of them" },
	{ CONTROL "spec: {oidcIssuer: a, oidcJwks: '{}'}", "t:3:7: spec: expected "
	    "oidcAudience beside oidcIssuer, found none" },
	{ CONTROL "spec: {oidcIssuer: a, oidcAudience: [b]}", "t:3:7: spec: "
	    "expected oidcIssuer to be an https URL, at which it says where "
	    "its keys are, or oidcJwks or oidcJwksUri beside it, found \"a\"" },
	{ CONTROL "spec: {oidcIssuer: a, oidcAudience: [b], oidcJwks: '{}', "
	    "oidcJwksUri: 'https://a'}", "t:3:7: spec: expected oidcJwks or "
	    "oidcJwksUri beside oidcIssuer, found both" },
	{ CONTROL "spec: {apiListen: 7700}", "t:3:19: spec.apiListen: expected a "
	    "string, found 7700, which is read as a number without quotes: write "
	    "\"7700\"" },
};

TEST(kinds_refuse_with_the_place)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct err err = object_refusal(faults[i].in);

		assert_string_equal(err.text, faults[i].error);
	}
}

TEST(service_of_kubernetes_is_taken_as_it_is)
{
	struct model_object *o = object_from(
	    "apiVersion: v1\nkind: Service\n"
	    "metadata:\n  name: web\n  annotations: {mesh/plaintext: 'true'}\n"
	    "spec:\n  clusterIP: None\n  sessionAffinity: None\n"
	    "  type: LoadBalancer\n  selector: {app: web}\n  ports:\n"
	    "  - {name: http, port: 80, targetPort: 8080, nodePort: 30080}\n"
	    "  - {name: admin, port: 81, appProtocol: kubernetes.io/h2c}\n"
	    "  - {name: grpc-x, port: 82, targetPort: rpc, protocol: TCP}\n"
	    "  - {name: db, port: 83}\n"
	    "  - {name: sql, port: 5432}\n"
	    "  - {name: web-sql, port: 3306, appProtocol: auto}\n"
	    "  - {name: http-sql, port: 6379}\n"
	    "  - {name: sip, port: 84, appProtocol: sip}\n"
	    "status: {loadBalancer: {}}\n");
	const struct model_service *s = model_service(o);

	assert_true(model_service_allows_plaintext(o));
	assert_int_equal(s->spec.ports[0].target.number, 8080);
	assert_string_equal(s->spec.ports[2].target.name, "rpc");
	assert_int_equal(model_port_protocol(&s->spec.ports[0]), MODEL_HTTP);
	assert_int_equal(model_port_protocol(&s->spec.ports[1]), MODEL_H2C);
	assert_int_equal(model_port_protocol(&s->spec.ports[2]), MODEL_H2C);
	/* Nobody says: its bytes will, unless everybody knows the port. */
	assert_int_equal(model_port_protocol(&s->spec.ports[3]), MODEL_AUTO);
	assert_int_equal(model_port_protocol(&s->spec.ports[4]), MODEL_OPAQUE);
	assert_int_equal(model_port_protocol(&s->spec.ports[5]), MODEL_AUTO);
	assert_int_equal(model_port_protocol(&s->spec.ports[6]), MODEL_HTTP);
	assert_int_equal(model_port_protocol(&s->spec.ports[7]), MODEL_OPAQUE);
	assert_ptr_equal(model_service_port(s, 82), &s->spec.ports[2]);
	assert_null(model_service_port(s, 85));
	model_object_unref(o);
}

TEST(service_protocols_have_words)
{
	enum model_protocol p;
	const char *word;
	size_t n = 0;

	while ((word = model_protocol_word(n)) != NULL) {
		assert_true(model_protocol_named(slice_str(word), &p));
		n++;
	}
	assert_true(n > 5);
	assert_true(model_protocol_named(SLICE("HTTP"), &p));
	assert_int_equal(p, MODEL_HTTP);
	assert_true(model_protocol_named(SLICE("tcp"), &p));
	assert_false(model_protocol_named(SLICE("mysql"), &p));
	assert_int_equal(p, MODEL_OPAQUE);
	assert_false(model_protocol_named(SLICE(""), &p));
}

TEST(workload_has_defaults_and_state)
{
	struct model_object *o = object_from(
	    "apiVersion: mesh/v1\nkind: Workload\nmetadata: {name: web-1}\n"
	    "spec: {serviceAccount: web, services: [web], address: '::1'}\n"
	    "status: {state: Offline}\n");
	const struct model_workload *w = model_workload(o);

	assert_int_equal(w->spec.inbound_port, 7710);
	assert_int_equal(w->spec.weight, 1);
	assert_true(w->spec.sidecar);
	assert_int_equal(model_workload_state(o), MODEL_OFFLINE);
	struct str s = { 0 };

	for (const struct model_column *c = o->kind->columns; c->title != NULL; c++) {
		str_addf(&s, "%s=", c->title);
		c->print(&s, o);
		str_add_char(&s, ' ');
	}
	assert_string_equal(str_ptr(&s), "SERVICES=web ADDRESS=[::1]:7710 "
	    "STATE=Offline ACCOUNT=web ZONE=- ");
	str_fini(&s);
	model_object_unref(o);
}

TEST(settings_have_the_defaults_of_the_daemons)
{
	struct model_object *o = object_from(MESH "metadata: {name: default}\n");
	const struct model_mesh_config *m = model_mesh_config(o);

	assert_int_equal(m->spec.inbound_policy, MODEL_ALL_AUTHENTICATED);
	model_object_unref(o);
	o = object_from(CONTROL);
	const struct model_control *c = model_control(o);

	assert_string_equal(c->spec.api_listen, ":7700");
	assert_string_equal(c->spec.trust_domain, "mesh.internal");
	assert_int_equal(c->spec.socket_group, -1);
	model_object_unref(o);
	o = object_from("apiVersion: mesh/v1\nkind: Proxy\nspec:\n"
	    "  service: default/orders\n  apps:\n"
	    "  - {port: 80, address: '127.0.0.1:8080'}\n"
	    "  - {address: '127.0.0.1:9000', protocol: tcp}\n"
	    "  protocol: auto\n"
	    "  upstreams: [{listen: '127.0.0.1:8001', service: default/payments}]\n"
	    "  filters: {inbound: [{name: limit, config: {connections: 5}}]}\n");
	const struct model_proxy *p = model_proxy(o);

	assert_int_equal(p->spec.apps[0].port, 80);
	assert_int_equal(p->spec.apps[1].port, 9000);
	assert_int_equal(p->spec.apps[0].protocol, MODEL_APP_AUTO);
	assert_int_equal(p->spec.apps[1].protocol, MODEL_APP_TCP);
	assert_int_equal(p->spec.drain_ms, 30000);
	assert_string_equal(p->spec.inbound_listen, ":7710");
	assert_string_equal(p->spec.filters.inbound[0].name, "limit");
	assert_int_equal(conf_get_int(p->spec.filters.inbound[0].config,
	    "connections", 0), 5);
	model_object_unref(o);
}
