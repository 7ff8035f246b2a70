#include "model/warn_set_test.h"

#define POLICY(action, rules)						\
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {name: p}\nspec: {action: " action ", "		\
	"targetRefs: [{group: '', kind: Service, name: web}], rules: ["	\
	rules "]}\n"
#define SOURCE(fields)	POLICY("DENY", "{from: [{source: {" fields "}}]}")
#define OPERATION(fields) POLICY("DENY", "{to: [{operation: {" fields "}}]}")
#define WHEN(conditions) POLICY("DENY", "{when: [" conditions "]}")
#define SERVICE(ports)							\
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"	\
	"spec: {ports: [" ports "]}\n"
#define WEB	SERVICE("{name: http, port: 80, targetPort: 8080}")
#define BOTH	SERVICE("{name: a, port: 80, appProtocol: http}, "	\
	"{name: b, port: 82, appProtocol: tcp}")
#define BYTES	SERVICE("{name: a, port: 80, appProtocol: tcp}, "	\
	"{name: b, port: 53, protocol: UDP}")

#define SAID	"spec.rules[0]."
#define OF_SOURCE	SAID "from[0].source."
#define OF_OPERATION	SAID "to[0].operation."

/* in, and what is said behind the place: NULL for nothing. */
static const struct {
	unsigned    flags;
	const char *in, *out;
} cases[] = {
	/* Values that nothing has. */
	{ 0, SOURCE("principals: [web]"), OF_SOURCE "principals[0]: matches "
	    "nothing: identities are written TRUSTDOMAIN/ns/NAMESPACE/sa/NAME; "
	    "serviceAccounts takes NAMESPACE/NAME" },
	{ 0, SOURCE("principals: [Mesh.Internal/ns/a/sa/b]"), OF_SOURCE
	    "principals[0]: matches nothing: trust domains have no capitals" },
	{ 0, SOURCE("principals: ['*', 'spiffe://td/ns/a/sa/b', '*/sa/b', 'td*']"),
	    NULL },
	{ 0, SOURCE("namespaces: [shop/web]"), OF_SOURCE "namespaces[0]: matches "
	    "nothing: no namespace is called so" },
	{ 0, SOURCE("namespaces: [shop, 'shop-*']"), NULL },
	{ 0, OPERATION("methods: [GET, get]"), OF_OPERATION "methods[1]: matches "
	    "nothing: methods are compared letter by letter, and GET is not get" },
	{ 0, OPERATION("methods: [GET, 'P*', M-SEARCH]"), NULL },
	{ 0, OPERATION("paths: [admin]"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, paths begin with /" },
	{ 0, OPERATION("paths: ['/a?b=c']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, the query is no part of a path" },
	{ 0, OPERATION("paths: [/a//b]"), OF_OPERATION "paths[0]: matches nothing: "
	    "no request has it, paths are compared without //, /./ and /../" },
	{ 0, OPERATION("paths: [/a, '/a/*', '*.js', '/{*}/x', '*']"), NULL },
	{ 0, OPERATION("hosts: ['https://a.example']"), OF_OPERATION "hosts[0]: "
	    "matches nothing: hosts have no scheme and no path" },
	{ 0, OPERATION("hosts: [a.example, 'a.example:80', '*.example']"), NULL },
	{ 0, POLICY("ALLOW", "{from: [{source: {principals: [web]}}]}"), OF_SOURCE
	    "principals[0]: matches nothing: identities are written TRUSTDOMAIN/"
	    "ns/NAMESPACE/sa/NAME; serviceAccounts takes NAMESPACE/NAME" },
	/* Patterns that are none. */
	{ 0, SOURCE("principals: ['td/ns/*/sa/web']"), OF_SOURCE "principals[0]: "
	    "matches nothing: a * counts only first or last, elsewhere it is a "
	    "letter" },
	{ 0, SOURCE("namespaces: ['sh*p']"), OF_SOURCE "namespaces[0]: matches "
	    "nothing: a * counts only first or last, elsewhere it is a letter" },
	{ 0, OPERATION("hosts: ['*mm*']"), OF_OPERATION "hosts[0]: matches nothing: "
	    "a * counts first or last, not both, and elsewhere it is a letter" },
	{ 0, OPERATION("paths: ['/b/*/c']"), OF_OPERATION "paths[0]: matches "
	    "nothing: a * counts only first or last, elsewhere it is a letter; "
	    "{*} stands for a segment" },
	{ 0, OPERATION("paths: ['/s/**']"), OF_OPERATION "paths[0]: matches nothing: "
	    "it means what begins with \"/s/*\", as one * is enough" },
	{ 0, OPERATION("paths: ['/b/{id}']"), OF_OPERATION "paths[0]: matches "
	    "nothing: it is no template, {*} stands for a segment and {**} for any "
	    "number of them" },
	{ 0, OPERATION("paths: ['/{*}/{**}', '/b/{*}/c']"), NULL },
	/* Paths as requests never have them. */
	{ 0, OPERATION("paths: ['/dec/%41']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, this is compared as it comes, and it "
	    "comes as \"/dec/A\"" },
	{ 0, OPERATION("paths: ['/%c3%a4*']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, this is compared as it comes, and it "
	    "comes as \"/%C3%A4*\"" },
	{ 0, OPERATION("paths: ['/uml/\xc3\xa4']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, this is compared as it comes, and it "
	    "comes as \"/uml/%C3%A4\"" },
	{ 0, OPERATION("paths: ['/{*}/%7e']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, this is compared as it comes, and it "
	    "comes as \"/{*}/~\"" },
	{ 0, OPERATION("notPaths: ['/a b']"), OF_OPERATION "notPaths[0]: takes "
	    "nothing away: no request has it, this is compared as it comes, and it "
	    "comes as \"/a%20b\"" },
	{ 0, OPERATION("paths: [/a/..]"), OF_OPERATION "paths[0]: matches nothing: "
	    "no request has it, paths are compared without /. and /.. behind" },
	{ 0, OPERATION("paths: ['/a%2Fb']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, such a path is answered 400" },
	{ 0, OPERATION("paths: ['/%C3%A4', /a;x, '/a.b', '/a%20b*', '/..b', "
	    "'/a/.*', '/100%*', '/a%2*', '/%41%*']"), OF_OPERATION "paths[8]: "
	    "matches nothing: no request has it, this is compared as it comes, and "
	    "it comes as \"/A%*\"" },
	{ 0, OPERATION("paths: ['/100%']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, such a path is answered 400" },
	{ 0, OPERATION("paths: ['/a%zz*']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, such a path is answered 400" },
	{ 0, OPERATION("paths: ['/a/%2e%2E/b']"), OF_OPERATION "paths[0]: matches "
	    "nothing: no request has it, paths are compared without //, /./ and "
	    "/../" },
	/* Fields that no request has. */
	{ 0, WHEN("{key: 'request.headers[x_a]', values: [b]}"), SAID "when[0].key: "
	    "values match nothing, and notValues take nothing away: fields with _ "
	    "in their names are taken out of requests, as some take it for -" },
	{ 0, WHEN("{key: 'request.headers[X-Mesh-Caller]', values: [b]}"), SAID
	    "when[0].key: values match nothing, and notValues take nothing away: "
	    "fields of that name are the mesh's own, and are taken out of "
	    "requests; who calls is told by from.source" },
	{ 0, WHEN("{key: 'request.headers[x-a]', values: ['a*b', '*a*']}, {key: "
	    "'request.auth.claims[a]', values: ['a*b']}"), NULL },
	/* Values that others take away. */
	{ 0, OPERATION("methods: [GET], notMethods: [GET, PUT]"), OF_OPERATION
	    "methods: matches nothing, as notMethods takes all of it away" },
	{ 0, OPERATION("methods: [GET, PUT], notMethods: [GET]"), NULL },
	{ 0, OPERATION("paths: [/a/b, '/a/c/*'], notPaths: ['/a/*']"), OF_OPERATION
	    "paths: matches nothing, as notPaths takes all of it away" },
	{ 0, OPERATION("paths: ['/a*'], notPaths: ['/a/*']"), NULL },
	{ 0, OPERATION("hosts: ['a.example'], notHosts: ['*.example']"),
	    OF_OPERATION "hosts: matches nothing, as notHosts takes all of it "
	    "away" },
	{ 0, OPERATION("ports: ['80'], notPorts: ['80']"), OF_OPERATION "ports: "
	    "matches nothing, as notPorts takes all of it away" },
	{ 0, OPERATION("paths: ['/{*}'], notPaths: ['/a*']"), NULL },
	/* Fields that exclude each other. */
	{ 0, SOURCE("principals: [td/ns/shop/sa/web], namespaces: [infra]"),
	    OF_SOURCE "namespaces: matches nobody, as none of the principals is "
	    "of these" },
	{ 0, SOURCE("principals: [td/ns/shop/sa/web], namespaces: ['sh*']"), NULL },
	{ 0, SOURCE("principals: ['*/sa/web'], namespaces: [infra]"), NULL },
	{ 0, WHEN("{key: source.namespace, values: [a]}, "
	    "{key: source.namespace, values: [b]}"), SAID "when[1].values: never "
	    "holds together with when[0], which is about the same" },
	{ 0, WHEN("{key: source.namespace, values: [a, b]}, "
	    "{key: source.namespace, values: [b]}"), NULL },
	{ 0, WHEN("{key: 'request.headers[x]', values: [a], notValues: ['*']}"),
	    SAID "when[0].values: matches nothing, as notValues takes all of it "
	    "away" },
	{ 0, WHEN("{key: source.ip, values: [10.0.0.0/8]}, "
	    "{key: source.ip, values: [10.1.0.0/16]}"), NULL },
	{ 0, POLICY("DENY", "{}"), NULL },
	{ 0, POLICY("ALLOW", ""), NULL },
	/* What the service it is about has. */
	{ MODEL_WARN_REFERENCES, "apiVersion: security.istio.io/v1\n"
	    "kind: AuthorizationPolicy\nmetadata: {name: p}\nspec: {targetRef: "
	    "{name: web}}\n", "spec.targetRef: there is no Service web" },
	{ MODEL_WARN_REFERENCES, POLICY("DENY", "{}"),
	    "spec.targetRefs[0]: there is no Service web" },
	{ MODEL_WARN_REFERENCES, OPERATION("ports: ['81']") WEB, OF_OPERATION
	    "ports: matches nothing, as no Service of targetRefs has port 81" },
	{ MODEL_WARN_REFERENCES, OPERATION("ports: ['81', '82', '83']") WEB,
	    OF_OPERATION "ports: matches nothing, as no Service of targetRefs has "
	    "port 81, 82 or 83" },
	{ MODEL_WARN_REFERENCES, OPERATION("ports: ['80', '81']") WEB, NULL },
	{ MODEL_WARN_REFERENCES, OPERATION("ports: ['8080'], methods: [GET]") WEB,
	    NULL },
	{ MODEL_WARN_REFERENCES, OPERATION("ports: ['8080']") SERVICE("{port: 80, "
	    "targetPort: web}"), NULL },
	{ MODEL_WARN_REFERENCES, POLICY("ALLOW", "{to: [{operation: {methods: "
	    "[GET]}}]}") BYTES, OF_OPERATION "methods: allows nothing, as these "
	    "ports carry bytes and not requests" },
	{ MODEL_WARN_REFERENCES, OPERATION("notPaths: [/a]") BYTES, OF_OPERATION
	    "notPaths: is not known of bytes, which is what these ports carry: "
	    "every connection is refused" },
	{ MODEL_WARN_REFERENCES, OPERATION("ports: ['53']") BYTES, NULL },
	/* With requests beside bytes the rule is about both. */
	{ MODEL_WARN_REFERENCES, OPERATION("paths: [/a]") BOTH, OF_OPERATION
	    "paths: is not known of bytes, which port 82 carries: every connection "
	    "there is refused; ports, as [\"80\"], leaves it alone" },
	{ MODEL_WARN_REFERENCES, OPERATION("paths: [/a], ports: ['80']") BOTH,
	    NULL },
	{ MODEL_WARN_REFERENCES, OPERATION("ports: ['82']") BOTH, NULL },
	{ MODEL_WARN_REFERENCES, POLICY("ALLOW", "{to: [{operation: {methods: "
	    "[GET]}}]}") BOTH, NULL },
	{ MODEL_WARN_REFERENCES, OPERATION("methods: [GET]")
	    SERVICE("{port: 9000}"), NULL },
};

TEST(rules_that_match_nothing_are_told)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		warn_set_says(cases[i].in, cases[i].flags, warn_set_note,
		    cases[i].out);
}
