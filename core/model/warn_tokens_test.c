#include "model/warn_set_test.h"

#define POLICY_OF(meta, about, action, rule)				\
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {" meta "}\nspec: {action: " action ", " about	\
	"rules: [" rule "]}\n"
#define POLICY(action, rule)	POLICY_OF("name: p", "", action, rule)
#define NONE	"{from: [{source: {notRequestPrincipals: ['*']}}]}"
#define SOME	"{from: [{source: {requestPrincipals: ['*']}}]}"
#define ADMIN	"{when: [{key: 'request.auth.claims[groups]', values: [admin]}]}"
#define OTHERS	"{when: [{key: 'request.auth.claims[groups]', "		\
	"notValues: [admin]}]}"
#define SERVICE(name)							\
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: " name "}\n" \
	"spec: {selector: {app: " name "}, ports: [{port: 80}]}\n"
#define TOKENS(about, rules)						\
	"---\napiVersion: security.istio.io/v1\nkind: "			\
	"RequestAuthentication\nmetadata: {name: t}\nspec: {" about	\
	"jwtRules: [" rules "]}\n"
#define IDP	"{issuer: 'https://idp.example'}"
#define ABOUT_WEB "selector: {matchLabels: {app: web}}, "
#define GATEWAY								\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n" \
	"metadata: {name: edge}\nspec: {gatewayClassName: mesh, listeners: " \
	"[{name: http, port: 80, protocol: HTTP}]}\n"
#define AT_EDGE	"targetRefs: [{group: gateway.networking.k8s.io, "	\
	"kind: Gateway, name: edge}], "
#define LOGIN	LOGIN_AT(AT_EDGE)
#define AT_ROUTE "targetRefs: [{group: gateway.networking.k8s.io, "	\
	"kind: HTTPRoute, name: r}], "
#define ROUTE								\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n" \
	"metadata: {name: r}\nspec: {parentRefs: [{name: edge}]}\n"
#define LOGIN_AT(where)							\
	"---\napiVersion: mesh/v1\nkind: OIDCLogin\nmetadata: {name: l}\n" \
	"spec: {" where "provider: {issuer: 'https://idp.example'}, "	\
	"clientID: shop, clientSecret: {name: s}}\n"			\
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"	\
	"data: {client-secret: c2VjcmV0}\n"

#define SAID(path, outcome, place)					\
	"spec.rules[0]." path ": " outcome " at " place ": no "		\
	"RequestAuthentication is about it, so no request there has a token"

/* in, and what is said behind the place: NULL for nothing. */
static const struct {
	const char *in, *out;
} cases[] = {
	{ POLICY("DENY", NONE) SERVICE("web"), SAID("from[0].source."
	    "notRequestPrincipals", "denies everybody", "Service default/web") },
	{ POLICY("ALLOW", SOME) SERVICE("web"), SAID("from[0].source."
	    "requestPrincipals", "allows nobody", "Service default/web") },
	{ POLICY("ALLOW", ADMIN) SERVICE("web"), SAID("when[0].values",
	    "allows nobody", "Service default/web") },
	{ POLICY("DENY", OTHERS) SERVICE("web"), SAID("when[0].notValues",
	    "denies everybody", "Service default/web") },
	{ POLICY("AUDIT", ADMIN) SERVICE("web"), SAID("when[0].values",
	    "notes nobody", "Service default/web") },
	/* Where somebody looks at tokens, all is well. */
	{ POLICY("DENY", NONE) SERVICE("web") TOKENS("", IDP), NULL },
	{ POLICY("DENY", NONE) SERVICE("web") TOKENS(ABOUT_WEB, IDP), NULL },
	{ POLICY_OF("name: p", ABOUT_WEB, "DENY", NONE) SERVICE("web")
	    SERVICE("batch") TOKENS(ABOUT_WEB, IDP), NULL },
	/* And where nobody does beside it. */
	{ POLICY("DENY", NONE) SERVICE("web") SERVICE("batch")
	    TOKENS(ABOUT_WEB, IDP), SAID("from[0].source.notRequestPrincipals",
	    "denies everybody", "Service default/batch") },
	{ POLICY("DENY", NONE) SERVICE("web") TOKENS("", ""), SAID(
	    "from[0].source.notRequestPrincipals", "denies everybody",
	    "Service default/web") },
	/* Logins give tokens, too, at their Gateway. */
	{ POLICY_OF("name: p", AT_EDGE, "ALLOW", ADMIN) GATEWAY, SAID(
	    "when[0].values", "allows nobody", "Gateway default/edge") },
	{ POLICY_OF("name: p", AT_EDGE, "ALLOW", ADMIN) GATEWAY LOGIN, NULL },
	{ POLICY_OF("name: p", AT_EDGE, "ALLOW", ADMIN) GATEWAY
	    LOGIN_AT(AT_ROUTE) ROUTE, NULL },
	/* Of what the files do not have nothing is known but that. */
	{ POLICY("DENY", NONE), SAID("from[0].source.notRequestPrincipals",
	    "denies everybody", "what it is about") },
	{ POLICY("DENY", NONE) TOKENS(ABOUT_WEB, IDP), NULL },
	{ POLICY("DENY", "{from: [{source: {principals: ['*']}}]}")
	    SERVICE("web"), NULL },
};

TEST(rules_that_ask_for_tokens_where_nobody_looks_at_any_are_told)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		warn_set_says(cases[i].in, MODEL_WARN_REFERENCES, warn_set_note,
		    cases[i].out);
		/* Others may have what a set that is only a part lacks. */
		warn_set_says(cases[i].in, 0, warn_set_note, NULL);
	}
}
