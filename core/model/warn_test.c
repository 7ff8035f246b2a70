#include "base/unit.h"
#include "model/warn.h"

#define ROUTE(name, spec)						\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"	\
	"metadata: {name: " name "}\nspec: {" spec "}\n"
#define PARENT	"parentRefs: [{group: '', kind: Service, name: web}], "
#define SERVICE								\
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"	\
	"spec: {ports: [{port: 80}]}\n"
#define POLICY(spec)							\
	"---\napiVersion: mesh/v1\nkind: BackendPolicy\n"		\
	"metadata: {name: p}\nspec: {targetRefs: [{name: web}], " spec "}\n"

#define EXTERNAL(name, ports)						\
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: " name "}\n"	\
	"spec: {type: ExternalName, externalName: api.example.com" ports "}\n"
#define TLS_POLICY							\
	"---\napiVersion: gateway.networking.k8s.io/v1\n"			\
	"kind: BackendTLSPolicy\nmetadata: {name: p}\nspec: {targetRefs: "	\
	"[{group: '', kind: Service, name: a}], validation: {hostname: "	\
	"api.example.com, caCertificateRefs: [{group: '', kind: ConfigMap, "	\
	"name: roots}]}}\n"
#define XBACKEND(spec)							\
	"---\napiVersion: gateway.networking.x-k8s.io/v1alpha1\n"	\
	"kind: XBackend\nmetadata: {name: x}\nspec: {type: "		\
	"ExternalHostname, port: {number: 443}, externalHostname: "	\
	"{hostname: " spec "}\n"
#define ROOTS(text)							\
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: roots}\n"	\
	"data: {ca.crt: " text "}\n"

#define ROLLOUT(route)							\
	"---\napiVersion: mesh/v1\nkind: Rollout\nmetadata: {name: r}\n"	\
	"spec:\n route: {name: " route "}\n stable: v1\n candidate: v2\n"	\
	" steps: [{percent: 5}]\n"

#define TARGET	"targetRefs: [{name: web}]"
#define OURS(kind, name, spec)						\
	"---\napiVersion: mesh/v1\nkind: " kind "\n"			\
	"metadata: {name: " name "}\nspec: {" spec "}\n"
#define NAMED								\
	"{type: ExtensionRef, extensionRef: {group: mesh, kind: Cache, "	\
	"name: used}}"

#define NAMED_PORT							\
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"	\
	"spec: {ports: [{port: 80, name: http}]}\n"
#define STREAM(kind, name, spec)					\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: " kind "\n"	\
	"metadata: {name: " name "}\nspec: {" spec			\
	"rules: [{backendRefs: [{name: web, port: 80}]}]}\n"
#define CALLS(name, spec)						\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\n"	\
	"metadata: {name: " name "}\nspec: {" PARENT spec "}\n"
#define CALL	"matches: [{method: {service: s.S, method: M}}]"
#define FAR								\
	"parentRefs: [{group: '', kind: Service, name: web, namespace: default}]"
#define WORKLOAD(protocol)						\
	"---\napiVersion: mesh/v1\nkind: Workload\nmetadata: {name: web-1}\n"	\
	"spec: {services: [web], address: 10.0.0.1, sidecar: true, "	\
	"serviceAccount: web,\n"					\
	"  ports: [{port: 80, protocol: " protocol "}]}\n"

static void
note(void *arg, const struct model_object *o, const char *text)
{
	(void)o;
	str_addf(arg, "%s\n", text);
}

#define PEER(name, ns, spec)						\
	"---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"	\
	"metadata: {name: " name ", namespace: " ns "}\nspec: {" spec "}\n"
#define LABELLED(ports)							\
	"---\napiVersion: mesh/v1\nkind: Workload\nmetadata: {name: web-1, "	\
	"labels: {app: web}}\nspec: {address: 10.0.0.1, serviceAccount: web, " \
	"ports: [" ports "]}\n"

#define ASKS								\
	"---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {name: ask}\nspec: {action: CUSTOM, provider: {name: opa}, "	\
	"rules: [{}]}\n"
#define PROVIDER(name, port)						\
	"---\napiVersion: mesh/v1\nkind: MeshConfig\nmetadata: {name: "	\
	"default}\nspec: {defaultInboundPolicy: deny, extensionProviders: "	\
	"[{name: " name ", envoyExtAuthzGrpc: {service: web.default, port: "	\
	port "}}]}\n"

#define TOKENS								\
	"---\napiVersion: security.istio.io/v1\n"				\
	"kind: RequestAuthentication\nmetadata: {name: t}\n"		\
	"spec: {targetRefs: [{name: web}]}\n"
#define LOGIN	OURS("OIDCLogin", "l", "targetRefs: [{group: "		\
	"gateway.networking.k8s.io, kind: Gateway, name: edge}], provider: "	\
	"{issuer: 'https://idp.example'}, clientID: a, clientSecret: "	\
	"{name: oidc}")

#define LOGIN_AT(name, target) OURS("OIDCLogin", name, "targetRefs: "	\
	"[{group: gateway.networking.k8s.io, kind: HTTPRoute, " target "}], "	\
	"provider: {issuer: 'https://idp.example'}, clientID: a, "		\
	"clientSecret: {name: oidc}")

static const struct {
	unsigned    flags;
	const char *in, *out;
} cases[] = {
	/* Whose tokens, and who logs in where. */
	{ MODEL_WARN_REFERENCES, TOKENS SERVICE, "" },
	{ MODEL_WARN_REFERENCES, TOKENS, "t:5:21: spec.targetRefs[0]: there is "
	    "no Service web\n" },
	{ MODEL_WARN_REFERENCES, LOGIN, "t:5:21: spec.targetRefs[0]: there is "
	    "no Gateway edge\nt:5:155: spec.clientSecret: there is no Secret "
	    "oidc\n" },
	{ MODEL_WARN_REFERENCES, LOGIN_AT("l", "name: a") LOGIN_AT("m",
	    "name: a") LOGIN_AT("o", "name: a, sectionName: x") LOGIN_AT("p",
	    "name: a, sectionName: z") LOGIN_AT("q", "name: b") "---\n"
	    "apiVersion: v1\nkind: Secret\nmetadata: {name: oidc}\n" SERVICE
	    ROUTE("a", "parentRefs: [{group: '', kind: Service, name: web, "
	    "port: 80}, {name: edge}], rules: [{name: x}]")
	    ROUTE("b", PARENT "rules: [{name: x}]"),
	    "t:10:21: spec.targetRefs[0]: never acts, as OIDCLogin default/l "
	    "is about the same and goes first\n"
	    "t:20:21: spec.targetRefs[0]: no rule of the HTTPRoute has that "
	    "name\n"
	    "t:25:21: spec.targetRefs[0]: the HTTPRoute hangs on no Gateway, "
	    "where people log in\n"
	    "t:39:70: spec.parentRefs[1]: there is no Gateway edge\n" },
	/* Whom a policy asks. */
	{ MODEL_WARN_REFERENCES, ASKS PROVIDER("opa", "80") SERVICE, "" },
	{ MODEL_WARN_REFERENCES, ASKS PROVIDER("other", "80") SERVICE,
	    "t:5:41: spec.provider.name: the MeshConfig has no extension provider "
	    "\"opa\", so what the rules match is refused\n" },
	{ MODEL_WARN_REFERENCES, ASKS, "t:5:41: spec.provider.name: the "
	    "MeshConfig has no extension provider \"opa\", so what the rules "
	    "match is refused\n" },
	{ 0, ASKS, "" },
	{ MODEL_WARN_REFERENCES, PROVIDER("opa", "81") SERVICE,
	    "t:5:98: spec.extensionProviders[0].envoyExtAuthzGrpc.service: "
	    "Service web has no port 81\n" },
	{ MODEL_WARN_REFERENCES, PROVIDER("opa", "80"),
	    "t:5:98: spec.extensionProviders[0].envoyExtAuthzGrpc.service: "
	    "there is no Service default/web\n" },
	{ 0, ROUTE("a", PARENT "rules: [{matches: [{path: {value: /a}}, "
	    "{path: {value: /a/, type: PathPrefix}}]}]"),
	    "t:5:101: spec.rules[0].matches[1]: never matches, as rules[0] of "
	    "HTTPRoute default/a asks for the same and goes first\n" },
	/* Plain text: what counts nowhere, and what was to end. */
	{ 0, PEER("p", "mesh-system", "selector: {matchLabels: {a: b}}, "
	    "mtls: {mode: DISABLE}"),
	    "t:5:18: spec.selector: in a root namespace it matches nobody\n" },
	{ 0, PEER("p", "a", "mtls: {mode: PERMISSIVE}")
	    PEER("q", "a", "mtls: {mode: STRICT}"),
	    "t:10:7: spec: PeerAuthentication a/p is about the same and goes "
	    "first, so this one counts nowhere\n" },
	{ 0, PEER("p", "mesh-system", "mtls: {mode: STRICT}")
	    PEER("q", "istio-system", "mtls: {mode: DISABLE}"),
	    "t:5:7: spec: PeerAuthentication istio-system/q is about the same and "
	    "goes first, so this one counts nowhere\n" },
	{ 0, PEER("p", "a", "selector: {matchLabels: {a: b}}")
	    PEER("q", "a", "selector: {matchLabels: {a: c}}")
	    PEER("r", "a", "mtls: {mode: STRICT}")
	    PEER("s", "b", "mtls: {mode: STRICT}"), "" },
	{ MODEL_WARN_REFERENCES, PEER("p", "default", "mtls: {mode: PERMISSIVE}"),
	    "t:5:21: spec.mtls.mode: PERMISSIVE lets plain text in; mesh ctl check "
	    "says whether anybody still comes so\n" },
	{ MODEL_WARN_REFERENCES, PEER("p", "default", "selector: {matchLabels: "
	    "{app: web}}, portLevelMtls: {80: {mode: PERMISSIVE}, 8080: {mode: "
	    "DISABLE}}") LABELLED("{port: 80}"),
	    "t:5:91: spec.portLevelMtls.8080: none of the workloads that it is "
	    "about has that port; it is the port of --app, not that of a "
	    "Service\n"
	    "t:5:72: spec.portLevelMtls.80.mode: PERMISSIVE lets plain text in; "
	    "mesh ctl check says whether anybody still comes so\n" },
	/* Nobody is known. */
	{ MODEL_WARN_REFERENCES, PEER("p", "default", "selector: {matchLabels: "
	    "{app: db}}, portLevelMtls: {8080: {mode: DISABLE}}")
	    LABELLED("{port: 80}"), "t:5:32: spec.selector.matchLabels: selects "
	    "no workload, as none of namespace default has app=db\n" },
	/* More to fulfil goes first, whatever its place. */
	{ 0, ROUTE("a", PARENT "rules: [{matches: [{path: {value: /a}}]}, "
	    "{matches: [{path: {value: /a}, method: GET}]}]"), "" },
	{ 0, ROUTE("a", PARENT "rules: [{matches: [{headers: [{name: a, value: b}, "
	    "{name: c, value: d}]}]}, {matches: [{headers: [{name: c, value: d}, "
	    "{name: a, value: b}]}]}]"),
	    "t:5:148: spec.rules[1].matches[0]: never matches, as rules[0] of "
	    "HTTPRoute default/a asks for the same and goes first\n" },
	{ 0, ROUTE("b", PARENT) ROUTE("a", PARENT),
	    "t:5:7: spec.rules[0].matches[0]: never matches, as rules[0] of "
	    "HTTPRoute default/a asks for the same and goes first\n" },
	{ 0, ROUTE("b", PARENT) ROUTE("a", "parentRefs: [{name: gw}]"), "" },
	{ 0, ROUTE("b", PARENT "hostnames: [b.example]")
	    ROUTE("a", PARENT "hostnames: [a.example]"), "" },
	{ 0, ROUTE("a", PARENT "rules: [{backendRefs: [{name: web, port: 80, "
	    "weight: 0}]}]"),
	    "t:5:83: spec.rules[0].backendRefs: all weights are 0, so nothing is "
	    "sent anywhere\n" },
	{ 0, ROUTE("a", PARENT "rules: [{timeouts: {request: 1s, "
	    "backendRequest: 1000ms}}]"),
	    "t:5:110: spec.rules[0].timeouts.backendRequest: is not below request, "
	    "so the first try takes all the time there is\n" },
	{ 0, ROUTE("a", PARENT "rules: [{timeouts: {request: 0s, "
	    "backendRequest: 1s}}]"), "" },
	{ 0, POLICY("timeouts: {response: 1s}, retry: {perTryTimeout: 1s}"),
	    "t:5:84: spec.retry.perTryTimeout: is not below timeouts.response, "
	    "which ends the first try before\n" },
	{ 0, POLICY("timeouts: {response: 2s}, retry: {perTryTimeout: 1s}"), "" },
	{ 0, POLICY("timeouts: {response: 0s}, retry: {perTryTimeout: 1s}"), "" },
	{ 0, EXTERNAL("a", ""), "t:5:7: spec.ports: there are none, so nobody can "
	    "call it\n" },
	{ 0, EXTERNAL("a", ", ports: [{port: 80}]"), "" },
	{ 0, EXTERNAL("b", ", ports: [{port: 80}]")
	    EXTERNAL("a", ", ports: [{port: 80}]"),
	    "t:5:74: spec.ports[0].port: Service default/a stands for this host "
	    "and port too, and is the one that callers of the host get\n" },
	{ MODEL_WARN_REFERENCES, EXTERNAL("a", ", ports: [{port: 80, "
	    "targetPort: 443, appProtocol: http}]"),
	    "t:5:67: spec.ports[0]: plain HTTP is sent to port 443, as no "
	    "BackendTLSPolicy is about the service\n" },
	{ MODEL_WARN_REFERENCES, EXTERNAL("a", ", ports: [{port: 80, "
	    "targetPort: 443, appProtocol: http}]") TLS_POLICY ROOTS("x"),
	    "t:10:119: spec.validation.caCertificateRefs[0]: ConfigMap roots: "
	    "ca.crt: there is no certificate in it\n" },
	{ MODEL_WARN_REFERENCES, EXTERNAL("a", ", ports: [{port: 80, "
	    "targetPort: 443, appProtocol: http}]") TLS_POLICY,
	    "t:10:119: spec.validation.caCertificateRefs[0]: there is no ConfigMap "
	    "roots\n" },
	{ 0, XBACKEND("a.mesh}, protocol: TCP"), "t:5:82: spec."
	    "externalHostname.hostname: is a name of the mesh, which DNS does "
	    "not know; a route can send to a Service\n" },
	{ 0, XBACKEND("a.b}"), "t:5:7: spec: plain HTTP is sent to port 443, as "
	    "there is no TLS\n" },
	{ 0, XBACKEND("a.b}, tls: {mode: ServerOnly}"), "" },
	{ MODEL_WARN_REFERENCES, XBACKEND("a.b}, tls: {mode: ServerOnly, "
	    "validation: {hostname: a.b, caCertificateRefs: [{group: '', kind: "
	    "ConfigMap, name: roots}]}}"), "t:5:160: spec.tls.validation."
	    "caCertificateRefs[0]: there is no ConfigMap roots\n" },
	{ MODEL_WARN_REFERENCES, XBACKEND("a.b}, tls: {mode: ServerOnly, "
	    "validation: {hostname: a.b, caCertificateRefs: [{group: '', kind: "
	    "ConfigMap, name: roots}]}}") ROOTS("x"), "t:5:160: spec.tls.validation."
	    "caCertificateRefs[0]: ConfigMap roots: ca.crt: there is no "
	    "certificate in it\n" },
	{ 0, ROUTE("a", PARENT "rules: [{matches: [{method: POST}], retry: "
	    "{codes: [503]}}]"),
	    "t:5:89: spec.rules[0].matches[0].method: POST is retried, though it may "
	    "have been done already\n" },
	{ 0, ROUTE("a", PARENT "rules: [{matches: [{method: GET}], retry: "
	    "{codes: [503]}}]"), "" },
	{ 0, POLICY("retry: {unsafeMethods: true}"),
	    "t:5:58: spec.retry.unsafeMethods: POST and PATCH are retried, though "
	    "they may have been done already\n" },
	{ MODEL_WARN_REFERENCES, SERVICE ROUTE("a", PARENT
	    "rules: [{backendRefs: [{name: web, port: 80}, {name: web, port: 81}, "
	    "{name: gone, port: 80}]}]"),
	    "t:10:107: spec.rules[0].backendRefs[1]: Service web has no port 81\n"
	    "t:10:130: spec.rules[0].backendRefs[2]: there is no Service gone\n" },
	{ MODEL_WARN_REFERENCES, ROUTE("a", "parentRefs: [{name: gw, namespace: x}], "
	    "rules: [{filters: [{type: ExtensionRef, extensionRef: {group: mesh, "
	    "kind: RateLimit, name: r}}]}]"),
	    "t:5:21: spec.parentRefs[0]: there is no Gateway x/gw\n"
	    "t:5:67: spec.rules[0].filters[0]: there is no RateLimit r\n" },
	{ MODEL_WARN_REFERENCES, SERVICE ROUTE("a", "parentRefs: [{group: '', "
	    "kind: Service, name: web, port: 81}]"),
	    "t:10:21: spec.parentRefs[0]: Service web has no such listener or port\n" },
	{ MODEL_WARN_REFERENCES, ROLLOUT("a") SERVICE ROUTE("a", PARENT), "" },
	{ MODEL_WARN_REFERENCES, ROLLOUT("b") SERVICE ROUTE("a", PARENT),
	    "t:6:9: spec.route: there is no HTTPRoute b\n" },
	{ MODEL_WARN_REFERENCES, POLICY("retry: {}"),
	    "t:5:21: spec.targetRefs[0]: there is no Service web\n" },
	{ MODEL_WARN_REFERENCES, ROUTE("a", PARENT "rules: [{backendRefs: [{group: "
	    "example.com, kind: Other, name: x}]}]") SERVICE,
	    "t:5:84: spec.rules[0].backendRefs[0]: there is no kind Other in group "
	    "\"example.com\" here\n" },
	{ MODEL_WARN_REFERENCES, SERVICE ROUTE("a", PARENT "rules: [{filters: "
	    "[{type: ExtensionRef, extensionRef: {group: '', kind: Service, name: "
	    "web}}, " NAMED "]}]") OURS("Cache", "used", ""),
	    "t:10:80: spec.rules[0].filters[0]: a Service is no filter\n" },
	{ MODEL_WARN_REFERENCES, NAMED_PORT ROUTE("a", "parentRefs: [{group: '', "
	    "kind: Service, name: web, sectionName: http}, {group: '', kind: "
	    "Service, name: web, sectionName: grpc}]"),
	    "t:10:79: spec.parentRefs[1]: Service web has no such listener or "
	    "port\n" },
	{ 0, "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
	    "metadata: {name: g}\nspec: {gatewayClassName: c, addresses: [{value: "
	    "10.0.0.1}, {type: Hostname, value: g.x}], listeners: [{name: a, "
	    "protocol: HTTP, port: 80}]}\n",
	    "t:5:67: spec.addresses[1].type: nobody can listen at a Hostname, so "
	    "the Gateway is not accepted\n" },
	{ 0, "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
	    "metadata: {name: g}\nspec: {gatewayClassName: c, listeners: [{name: "
	    "a, protocol: HTTP, port: 80}, {name: b, protocol: SCTP, port: 81}]}\n",
	    "t:5:98: spec.listeners[1].protocol: SCTP is not one of ours, so "
	    "nobody listens there\n" },
	{ 0, STREAM("TCPRoute", "b", PARENT) STREAM("TCPRoute", "a", PARENT),
	    "t:5:69: spec.rules[0]: takes no connection, as TCPRoute default/a "
	    "takes all of them and goes first\n" },
	{ 0, STREAM("TCPRoute", "b", PARENT)
	    STREAM("TCPRoute", "a", "parentRefs: [{name: gw}], "), "" },
	{ 0, STREAM("TLSRoute", "b", PARENT "hostnames: [x.y, b.y], ")
	    STREAM("TLSRoute", "a", PARENT "hostnames: [x.y], "), "" },
	{ 0, STREAM("TLSRoute", "b", PARENT "hostnames: [x.y], ")
	    STREAM("TLSRoute", "a", PARENT "hostnames: [x.y, b.y], "),
	    "t:5:87: spec.rules[0]: takes no connection, as TLSRoute default/a "
	    "takes all of them and goes first\n" },
	/* Those of a consumer are for its own callers. */
	{ 0, ROUTE("b, namespace: x", FAR) ROUTE("a, namespace: default", FAR), "" },
	{ 0, CALLS("a", "rules: [{" CALL "}, {matches: [{headers: [{name: h, "
	    "value: v}]}, {method: {service: s.S, method: M}}]}]"),
	    "t:5:164: spec.rules[1].matches[1]: never matches, as rules[0] of "
	    "GRPCRoute default/a asks for the same and goes first\n" },
	{ 0, CALLS("a", "rules: [{matches: [{method: {service: s.S}}]}, {" CALL
	    "}, {matches: [{method: {method: M}}]}]"), "" },
	{ 0, CALLS("b", "rules: [{" CALL "}]") CALLS("a", "rules: [{" CALL
	    ", backendRefs: [{name: web, port: 80, weight: 0}]}]"),
	    "t:5:80: spec.rules[0].matches[0]: never matches, as rules[0] of "
	    "GRPCRoute default/a asks for the same and goes first\n"
	    "t:10:131: spec.rules[0].backendRefs: all weights are 0, so nothing is "
	    "sent anywhere\n" },
	{ MODEL_WARN_REFERENCES, NAMED_PORT STREAM("TCPRoute", "a", PARENT),
	    "t:10:84: spec.rules[0].backendRefs[0]: Service web says http at port "
	    "80, so its sidecars take requests alone\n" },
	{ MODEL_WARN_REFERENCES, NAMED_PORT ROUTE("a", PARENT "rules: "
	    "[{backendRefs: [{name: web, port: 80}]}]"), "" },
	{ MODEL_WARN_REFERENCES, SERVICE STREAM("TCPRoute", "a", PARENT), "" },
	{ MODEL_WARN_REFERENCES, SERVICE WORKLOAD("http")
	    STREAM("TCPRoute", "a", PARENT),
	    "t:16:84: spec.rules[0].backendRefs[0]: Service web says http at port "
	    "80, so its sidecars take requests alone\n" },
	/* What the sidecar says counts. */
	{ MODEL_WARN_REFERENCES, NAMED_PORT WORKLOAD("tcp")
	    STREAM("TCPRoute", "a", PARENT), "" },
	{ MODEL_WARN_REFERENCES, OURS("Cache", "used", ""),
	    "t:5:7: spec: acts nowhere, as it has no targetRefs and no route "
	    "refers to it\n" },
	{ MODEL_WARN_REFERENCES, SERVICE OURS("Cache", "a", TARGET)
	    OURS("Cache", "b", TARGET) OURS("Compression", "b", TARGET)
	    OURS("Cache", "c", "targetRefs: [{name: web, sectionName: x}]"),
	    "t:15:21: spec.targetRefs[0]: never acts, as Cache default/a is about "
	    "the same and goes first\n" },
};

struct beside {
	const struct model_set *there;
	struct str              out;
};

static void
note_beside(void *arg, const struct model_object *o, const char *text)
{
	struct beside *b = arg;

	note(&b->out, o, text);
}

/* Of Secrets nothing is known. */
static enum model_elsewhere
find_beside(void *arg, const struct model_kind *kind, const char *namespace,
    const char *name, const struct model_object **out)
{
	const struct beside *b = arg;
	struct arena a;

	*out = NULL;
	if (kind == &model_secret_kind)
		return MODEL_ELSEWHERE_UNKNOWN;
	arena_init(&a);
	*out = model_set_find(b->there, model_key(&a, kind, namespace, name));
	arena_fini(&a);
	return *out == NULL ? MODEL_ELSEWHERE_NONE : MODEL_ELSEWHERE_FOUND;
}

static void
read_set(struct model_set *set, const char *text)
{
	model_set_init(set, MODEL_STRICT, "default");
	model_set_read_text(set, slice_str(text), "t", CONF_YAML);
	if (set->faults_len > 0)
		fail_msg("%s", set->faults[0].err.text);
}

TEST(what_comes_to_others_may_refer_to_them)
{
	struct beside b = { 0 };
	struct model_set there, set;

	read_set(&there, SERVICE);
	read_set(&set, ROUTE("a", PARENT "rules: [{backendRefs: [{name: web, "
	    "port: 81}, {name: gone, port: 80}]}]") OURS("Cache", "c", "")
	    "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
	    "metadata: {name: g}\nspec: {gatewayClassName: c, listeners: [{name: "
	    "a, protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: "
	    "s}]}}]}\n");
	b.there = &there;
	model_warn_beside(&set, 0, find_beside, note_beside, &b);
	assert_string_equal(str_ptr(&b.out),
	    "t:5:84: spec.rules[0].backendRefs[0]: Service web has no port 81\n"
	    "t:5:107: spec.rules[0].backendRefs[1]: there is no Service gone\n");
	str_fini(&b.out);
	model_set_fini(&set);
	model_set_fini(&there);
}

#define MESH_CONFIG(spec)	"apiVersion: mesh/v1\nkind: MeshConfig\n"	\
	"metadata: {name: default}\nspec: {" spec "}\n"

TEST(what_leaves_the_mesh_open_is_said)
{
	static const struct { const char *before, *now, *out; } configs[] = {
		{ "defaultInboundPolicy: deny", "http: {}",
		    "t:4:7: spec.defaultInboundPolicy: it is deny now, and "
		    "without this field becomes all-authenticated\n" },
		{ "defaultInboundPolicy: deny", "defaultInboundPolicy: "
		    "all-authenticated", NULL },
		{ "defaultInboundPolicy: all-authenticated", "http: {}", NULL },
	};

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		struct beside b = { 0 };
		struct model_set there, set;
		struct str before = { 0 }, now = { 0 };

		str_addf(&before, MESH_CONFIG("%s"), configs[i].before);
		str_addf(&now, MESH_CONFIG("%s"), configs[i].now);
		read_set(&there, str_ptr(&before));
		read_set(&set, str_ptr(&now));
		b.there = &there;
		model_warn_beside(&set, 0, find_beside, note_beside, &b);
		assert_string_equal(b.out.len > 0 ? str_ptr(&b.out) : "",
		    configs[i].out != NULL ? configs[i].out : "");
		str_fini(&b.out);
		str_fini(&before);
		str_fini(&now);
		model_set_fini(&set);
		model_set_fini(&there);
	}
}

TEST(warnings_have_a_place_and_a_reason)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_set set;
		struct str out = { 0 };

		read_set(&set, cases[i].in);
		model_warn(&set, cases[i].flags, note, &out);
		assert_string_equal(str_ptr(&out), cases[i].out);
		str_fini(&out);
		model_set_fini(&set);
	}
}
