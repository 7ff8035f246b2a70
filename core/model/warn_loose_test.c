#include "model/warn_set_test.h"

#define POLICY(action, about, rules)					\
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {name: p}\nspec: {action: " action ", " about	\
	"rules: [" rules "]}\n"
#define WEB	"targetRefs: [{name: web}], "
#define ALLOW(rule)	POLICY("ALLOW", WEB, rule)
#define DENY(fields)							\
	POLICY("DENY", WEB, "{to: [{operation: {" fields "}}]}")
#define SOURCE	"spec.rules[0].from[0].source."
#define TOO	", too, as they have none that it could be; say beside it who may"
#define NAMES	"is what the caller wrote, and whoever writes another of the "	\
	"service's names is not denied; leave hosts out"

static const struct {
	const char *in, *out;	/* NULL: nothing is said */
} cases[] = {
	{ ALLOW("{from: [{source: {notNamespaces: [infra]}}]}"), SOURCE
	    "notNamespaces: lets in callers in plain text or of other trust "
	    "domains" TOO },
	{ ALLOW("{from: [{source: {notPrincipals: ['td/ns/a/sa/b']}}]}"), SOURCE
	    "notPrincipals: lets in callers in plain text" TOO },
	{ ALLOW("{from: [{source: {notRequestPrincipals: ['a/b']}}]}"), SOURCE
	    "notRequestPrincipals: lets in requests without a token" TOO },
	{ ALLOW("{from: [{source: {notNamespaces: [infra], principals: ['*']}}]}"),
	    NULL },
	{ ALLOW("{from: [{source: {notIpBlocks: [10.0.0.0/8]}}]}"), NULL },
	{ ALLOW("{from: [{source: {notNamespaces: [infra]}}], when: [{key: "
	    "source.principal, values: ['*']}]}"), NULL },
	{ ALLOW("{when: [{key: 'request.auth.claims[a]', notValues: [b]}]}"),
	    "spec.rules[0].when[0].notValues: lets in requests without that claim"
	    TOO },
	{ ALLOW("{from: [{source: {namespaces: [a]}}], when: [{key: "
	    "source.principal, notValues: ['td/ns/a/sa/b']}]}"), NULL },
	{ ALLOW("{when: [{key: 'request.headers[x-a]', notValues: [b]}]}"), NULL },
	{ POLICY("DENY", WEB, "{from: [{source: {notNamespaces: [a]}}]}"), NULL },
	{ DENY("hosts: [web]"), "spec.rules[0].to[0].operation.hosts[0]: " NAMES },
	{ DENY("hosts: [b.example, 'web.default.mesh:80']"),
	    "spec.rules[0].to[0].operation.hosts[1]: " NAMES },
	{ POLICY("DENY", "", "{to: [{operation: {hosts: ['*.svc.cluster.local']}"
	    "}]}"), "spec.rules[0].to[0].operation.hosts[0]: " NAMES },
	{ DENY("hosts: [web.default]"),
	    "spec.rules[0].to[0].operation.hosts[0]: " NAMES },
	{ DENY("hosts: [web.example.com, shop.example.com]"), NULL },
	{ DENY("hosts: [web], paths: [/admin]"), NULL },
	{ POLICY("ALLOW", WEB, "{to: [{operation: {hosts: [web]}}]}"), NULL },
};

TEST(rules_that_let_in_more_than_they_seem_to_are_told)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		warn_set_says(cases[i].in, 0, warn_set_note, cases[i].out);
}
