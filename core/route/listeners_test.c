#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "route/listeners.h"
#include "route/set_test.h"

#define SET(ns, name, created, port)					\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\n"	\
	"metadata: {name: " name ", namespace: " ns ", creationTimestamp: "	\
	"\"2026-01-0" created "T00:00:00Z\"}\nspec:\n"			\
	"  parentRef: {name: gw, namespace: infra}\n"			\
	"  listeners: [{name: " name ", protocol: HTTP, port: " port "}]\n"

static const char documents[] =
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
    "metadata: {name: gw, namespace: infra}\nspec:\n  gatewayClassName: mesh\n"
    "  allowedListeners: {namespaces: {from: Selector, selector: {matchLabels:"
    " {team: edge}}}}\n"
    "  listeners:\n  - {name: own, port: 80, protocol: HTTP}\n"
    "  - {name: odd, port: 90, protocol: example.com/odd}\n"
    SET("edge", "young", "3", "81") SET("edge", "old", "2", "81")
    SET("edge", "apart", "2", "82") SET("edge", "taken", "1", "80")
    SET("far", "shut", "1", "83");

/* Only the namespace "edge" has the label. */
static struct conf_pairs
labels_of(void *arg, const char *namespace)
{
	struct conf_pair *team = arg;

	return (struct conf_pairs){ team, strcmp(namespace, "edge") == 0 };
}

TEST(listeners_of_older_sets_go_first_behind_the_gateways_own)
{
	struct conf_pair team = { "team", "edge" };
	const struct route_labels labels = { labels_of, &team };
	struct gateway_plan plan;
	struct str said = { 0 };
	struct model_set set;
	struct arena a;
	size_t n;

	arena_init(&a);
	test_set_read(&set, MODEL_KNOWN, documents);
	struct gateway_listener *v = listeners_of(&a, set.objects[0],
	    (const struct model_object *const *)set.objects, set.len, &labels,
	    &n);

	gateway_plan(&a, v, n, &plan);
	for (size_t i = 0; i < n; i++)
		str_addf(&said, "%.*s%s ", SLICE_ARG(v[i].name),
		    v[i].conflict == GATEWAY_DISTINCT ? "" : "!");
	assert_string_equal(str_ptr(&said), "own taken! apart old young! ");
	assert_true(listeners_name(set.objects[5], set.objects[0]));
	assert_false(listeners_allow(set.objects[0], set.objects[5], &labels));
	str_fini(&said);
	model_set_fini(&set);
	arena_fini(&a);
}
