#include <string.h>

#include "base/unit.h"
#include "modes/ctl/allow_caller.h"

static const char documents[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: orders}\n"
    "spec: {ports: [{port: 80}]}\n---\n"
    "apiVersion: v1\nkind: Service\nmetadata: {name: batch, namespace: infra}\n"
    "spec: {ports: [{port: 80}]}\n---\n"
    "apiVersion: mesh/v1\nkind: Workload\nmetadata: {name: web-1}\n"
    "spec: {address: 10.0.0.2, serviceAccount: checkout}\n---\n"
    "apiVersion: mesh/v1\nkind: Workload\nmetadata: {name: db-1}\n"
    "spec: {address: 10.0.0.1, sidecar: false}\n---\n"
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
    "metadata: {name: edge}\nspec: {gatewayClassName: mesh, listeners: "
    "[{name: http, port: 80, protocol: HTTP}]}\n";

static const char *const identities[] = {
	"spiffe://mesh.internal/ns/shop/sa/crawler",
	"spiffe://mesh.internal/ns/edge/sa/gw--side",
	"spiffe://mesh.internal/control", "",
};

static const struct {
	const char *namespace, *caller;
	bool        is_known;
	const char *near;
} cases[] = {
	{ "shop", "orders", true, "shop/orders" },
	{ "shop", "checkout", true, "shop/checkout" },
	{ "shop", "gw--edge", true, "shop/gw--edge" },
	{ "shop", "*", true, NULL },
	{ "infra", "batch", true, "infra/batch" },
	/* Who only calls has a proxy in session, and no document. */
	{ "shop", "crawler", true, "shop/crawler" },
	{ "shop", "crawlr", false, "shop/crawler" },
	{ "edge", "*", true, NULL },
	/* A workload is no account, whatever it is called. */
	{ "shop", "web-1", false, NULL },
	{ "shop", "db-1", false, NULL },
	{ "shop", "order", false, "shop/orders" },
	{ "shop", "chekcout", false, "shop/checkout" },
	/* The same name elsewhere was meant rather than another one here. */
	{ "shop", "batch", false, "infra/batch" },
	{ "shop", "nobody", false, NULL },
	{ "shops", "*", false, NULL },
};

TEST(an_order_about_nobody_is_known_and_who_was_meant)
{
	struct allow_accounts all;
	struct conf_node *proxies;
	struct arena a = { 0 };
	struct model_set set;

	model_set_init(&set, MODEL_STRICT, "shop");
	model_set_read_text(&set, slice_str(documents), "test", CONF_YAML);
	if (set.faults_len > 0)
		fail_msg("%s", set.faults[0].err.text);
	proxies = conf_list_new(&a);
	for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]); i++)
		conf_set_string(conf_add_map(proxies), "identity",
		    identities[i]);
	all = allow_accounts(&a, &set, proxies);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *near = allow_near(&a, &all, cases[i].namespace,
		    cases[i].caller);

		assert_int_equal(allow_is_known(&all, cases[i].namespace,
		    cases[i].caller), cases[i].is_known);
		if ((near == NULL) != (cases[i].near == NULL) || (near != NULL &&
		    strcmp(near, cases[i].near) != 0))
			fail_msg("%s/%s: %s", cases[i].namespace,
			    cases[i].caller, near);
	}
	arena_fini(&a);
	model_set_fini(&set);
}
