#include "base/unit.h"
#include "conf/yaml.h"
#include "modes/ctl/allow_meets.h"

#define HEAD								\
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"	\
	"metadata: {name: x, namespace: shop}\nspec:\n  rules: "

#define WEB	.verb = "allow", .namespace = "shop", .caller = "web",	\
		.to_namespace = "shop", .to = "orders"
#define FROM_WEB "from: [{source: {serviceAccounts: [shop/web]}}]"

static const struct allow_words web = { WEB }, web_80 = { WEB, .port = 80 },
    web_get = { WEB, .methods = "GET,HEAD" },
    web_paths = { WEB, .paths = "/a,/b/*" },
    all = { .verb = "allow", .caller = "*", .to_namespace = "shop",
	.to = "orders" },
    shop = { .verb = "allow", .namespace = "shop", .caller = "*",
	.to_namespace = "shop", .to = "orders" },
    foreign = { .verb = "allow", .caller = "*", .to_namespace = "shop",
	.to = "orders", .id = "spiffe://b.example/ns/shop/sa/web" },
    nobody = { .verb = "allow", .namespace = "shop", .caller = "no-identity",
	.to_namespace = "shop", .to = "orders", .ips = "10.0.0.0/8",
	.is_nobody = true };

static const struct {
	const char               *rules;
	const struct allow_words *words;
	enum allow_meets          meets;
} cases[] = {
	{ "[{}]", &web, ALLOW_MEETS_ALL },
	{ "[{}]", &nobody, ALLOW_MEETS_ALL },
	{ "[]", &web, ALLOW_MEETS_NONE },
	{ "[{" FROM_WEB "}]", &web, ALLOW_MEETS_ALL },
	{ "[{" FROM_WEB "}]", &web_get, ALLOW_MEETS_ALL },
	{ "[{" FROM_WEB "}]", &shop, ALLOW_MEETS_PART },
	{ "[{" FROM_WEB "}]", &all, ALLOW_MEETS_PART },
	{ "[{" FROM_WEB "}]", &foreign, ALLOW_MEETS_NONE },
	{ "[{" FROM_WEB "}]", &nobody, ALLOW_MEETS_NONE },
	{ "[{from: [{source: {serviceAccounts: [web]}}]}]", &web,
	    ALLOW_MEETS_ALL },
	{ "[{from: [{source: {serviceAccounts: [shop/batch]}}]}]", &web,
	    ALLOW_MEETS_NONE },
	{ "[{from: [{source: {namespaces: [shop]}}]}]", &web, ALLOW_MEETS_ALL },
	{ "[{from: [{source: {namespaces: [shop]}}]}]", &shop, ALLOW_MEETS_ALL },
	{ "[{from: [{source: {namespaces: [sh*]}}]}]", &web, ALLOW_MEETS_ALL },
	{ "[{from: [{source: {notNamespaces: [shop]}}]}]", &web,
	    ALLOW_MEETS_NONE },
	{ "[{from: [{source: {notNamespaces: [infra]}}]}]", &web,
	    ALLOW_MEETS_ALL },
	{ "[{from: [{source: {principals: ['*']}}]}]", &all, ALLOW_MEETS_ALL },
	{ "[{from: [{source: {principals: ['*']}}]}]", &nobody,
	    ALLOW_MEETS_NONE },
	{ "[{from: [{source: {notPrincipals: ['*']}}]}]", &nobody,
	    ALLOW_MEETS_ALL },
	{ "[{from: [{source: {notPrincipals: ['*']}}]}]", &all,
	    ALLOW_MEETS_NONE },
	{ "[{from: [{source: {principals: [mesh.internal/ns/shop/sa/web]}}]}]",
	    &web, ALLOW_MEETS_ALL },
	{ "[{from: [{source: {principals: [mesh.internal/ns/shop/*]}}]}]",
	    &web, ALLOW_MEETS_ALL },
	{ "[{from: [{source: {principals: ['*/sa/web']}}]}]", &web,
	    ALLOW_MEETS_ALL },
	{ "[{from: [{source: {principals: [mesh.internal/ns/a/sa/web]}}]}]",
	    &web, ALLOW_MEETS_NONE },
	{ "[{from: [{source: {principals: [b.example/ns/shop/sa/web]}}]}]",
	    &foreign, ALLOW_MEETS_ALL },
	{ "[{from: [{source: {principals: [c.example/ns/shop/sa/web]}}]}]",
	    &foreign, ALLOW_MEETS_NONE },
	{ "[{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]", &web,
	    ALLOW_MEETS_PART },
	{ "[{to: [{operation: {ports: ['80']}}]}]", &web, ALLOW_MEETS_PART },
	{ "[{to: [{operation: {ports: ['80']}}]}]", &web_80, ALLOW_MEETS_ALL },
	{ "[{to: [{operation: {ports: ['81']}}]}]", &web_80, ALLOW_MEETS_NONE },
	{ "[{to: [{operation: {methods: [GET]}}]}]", &web, ALLOW_MEETS_PART },
	{ "[{to: [{operation: {methods: [GET]}}]}]", &web_get,
	    ALLOW_MEETS_PART },
	{ "[{to: [{operation: {methods: [HEAD, GET]}}]}]", &web_get,
	    ALLOW_MEETS_ALL },
	{ "[{to: [{operation: {methods: [PUT]}}]}]", &web_get,
	    ALLOW_MEETS_NONE },
	{ "[{to: [{operation: {methods: [PUT]}}, {operation: {methods: ['*']}}]}]",
	    &web_get, ALLOW_MEETS_ALL },
	{ "[{to: [{operation: {paths: ['/*']}}]}]", &web_paths,
	    ALLOW_MEETS_ALL },
	{ "[{to: [{operation: {paths: [/b/c]}}]}]", &web_paths,
	    ALLOW_MEETS_PART },
	{ "[{to: [{operation: {paths: ['/{*}']}}]}]", &web_paths,
	    ALLOW_MEETS_PART },
	{ "[{to: [{operation: {paths: [/c]}}]}]", &web_paths,
	    ALLOW_MEETS_NONE },
	{ "[{to: [{operation: {hosts: [a.example]}}]}]", &web,
	    ALLOW_MEETS_PART },
	{ "[{" FROM_WEB ", when: [{key: 'request.headers[x]', values: ['1']}]}]",
	    &web, ALLOW_MEETS_PART },
};

TEST(allow_meets_what_others_wrote)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		struct str text = { 0 };
		struct conf_node *doc;
		struct model_object *o;

		str_addf(&text, HEAD "%s\n", cases[i].rules);
		doc = conf_yaml_read(&a, str_slice(&text), "x.yaml", &err);
		o = doc == NULL ? NULL : model_object_read(doc, MODEL_KNOWN, NULL,
		    &err);
		if (o == NULL)
			fail_msg("%s: %s", cases[i].rules, err.text);
		if (allow_meets(o, cases[i].words) != cases[i].meets)
			fail_msg("case %zu, %s: found %d", i, cases[i].rules,
			    (int)allow_meets(o, cases[i].words));
		model_object_unref(o);
		str_fini(&text);
		arena_fini(&a);
	}
}
