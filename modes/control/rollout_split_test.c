#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "conf/yaml.h"
#include "modes/control/rollout_split.h"

static const struct model_rollout_spec spec = {
	.route = { "HTTPRoute", "web", NULL }, .stable = "v1", .candidate = "v2",
};

struct given {
	struct arena        arena;
	struct conf_node   *route;
	struct str          text;
	struct model_rollout_spec spec;
};

static void
give(struct given *g, const char *rules, const char *rule)
{
	struct err err = ERR_INIT;

	memset(g, 0, sizeof(*g));
	arena_init(&g->arena);
	g->spec = spec;
	g->spec.route.rule = rule;
	g->route = conf_yaml_read(&g->arena, slice_str(arena_printf(&g->arena,
	    "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, "
	    "metadata: {name: web, namespace: shop}, spec: {rules: %s}}",
	    rules)), "test", &err);
	assert_string_equal(err.text, "");
}

static void
take_back(struct given *g)
{
	arena_fini(&g->arena);
	str_fini(&g->text);
}

static const char *
weights(struct given *g)
{
	str_clear(&g->text);
	conf_json_write(&g->text, rollout_split_note(&g->arena, g->route,
	    &g->spec));
	return str_ptr(&g->text);
}

#define V1(w) "{name: v1, port: 80, weight: " #w "}"
#define V2(w) "{name: v2, port: 80, weight: " #w "}"
#define V3(w) "{name: v3, port: 80, weight: " #w "}"
#define RULE(...) "{backendRefs: [" __VA_ARGS__ "]}"

TEST(rollout_split_is_looked_at_and_written)
{
	static const struct {
		const char        *rules, *rule;
		enum rollout_split first;
		int64_t            percent;
		const char        *before, *after;
	} cases[] = {
		{ "[" RULE(V1(1) "," V2(0)) "]", NULL, ROLLOUT_SPLIT_SAME, 10,
		    "[[1,0]]", "[[90,10]]" },
		{ "[" RULE("{name: v1, port: 80}," V2(0)) "]", NULL,
		    ROLLOUT_SPLIT_SAME, 0, "[[1,0]]", "[[100,0]]" },
		{ "[" RULE(V1(50) "," V2(50) "," V3(0)) "]", NULL,
		    ROLLOUT_SPLIT_SAME, 100, "[[50,50]]", "[[0,100]]" },
		/* The third keeps its third. */
		{ "[" RULE(V1(1000) "," V2(0) "," V3(500)) "]", NULL,
		    ROLLOUT_SPLIT_SAME, 33, "[[1000,0]]", "[[670,330]]" },
		{ "[" RULE(V1(60) "," V2(39) "," V3(1)) "]", NULL,
		    ROLLOUT_SPLIT_NARROW, -1, NULL, NULL },
		{ "[" RULE(V1(1) "," V2(0)) "," RULE(V1(5)) ","
		    RULE(V2(7) "," V1(3)) "]", NULL, ROLLOUT_SPLIT_SAME, 1,
		    "[[1,0],[3,7]]", "[[99,1],[99,1]]" },
		{ "[{name: a, backendRefs: [" V1(1) "," V2(0) "]}, {name: b, "
		    "backendRefs: [" V1(1) "," V2(0) "]}]", "b",
		    ROLLOUT_SPLIT_SAME, 5, "[[1,0]]", "[[95,5]]" },
		{ "[" RULE(V1(1)) "]", NULL, ROLLOUT_SPLIT_NO_BACKENDS, -1, NULL,
		    NULL },
		{ "[" RULE(V1(1) "," V2(1)) "]", "b", ROLLOUT_SPLIT_NO_BACKENDS,
		    -1, NULL, NULL },
		{ "[" RULE(V1(1) "," V2(1) "," V1(1)) "]", NULL,
		    ROLLOUT_SPLIT_AMBIGUOUS, -1, NULL, NULL },
		{ "[" RULE(V1(1) ",{name: v2, kind: Other, group: x.y}") "]",
		    NULL, ROLLOUT_SPLIT_NO_BACKENDS, -1, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct given g;

		give(&g, cases[i].rules, cases[i].rule);
		assert_int_equal(rollout_split_look(g.route, &g.spec, -1),
		    cases[i].first);
		if (cases[i].percent >= 0) {
			assert_string_equal(weights(&g), cases[i].before);
			rollout_split_write(g.route, &g.spec, cases[i].percent);
			assert_string_equal(weights(&g), cases[i].after);
			assert_int_equal(rollout_split_look(g.route, &g.spec,
			    cases[i].percent), ROLLOUT_SPLIT_SAME);
			assert_int_equal(rollout_split_look(g.route, &g.spec,
			    cases[i].percent ^ 1), ROLLOUT_SPLIT_OTHER);
		}
		take_back(&g);
	}
}

TEST(rollout_split_names_the_candidate)
{
	struct given g;
	struct err err = ERR_INIT;
	struct model_object *o;

	give(&g, "[" RULE(V1(1) ",{name: v2, namespace: other, port: 80}") "]",
	    NULL);
	o = model_object_read(g.route, MODEL_STRICT, NULL, &err);
	assert_non_null(o);
	assert_string_equal(rollout_split_candidate(&g.arena, o, &g.spec).ptr,
	    "other/v2");
	g.spec.candidate = "v3";
	assert_null(rollout_split_candidate(&g.arena, o, &g.spec).ptr);
	model_object_unref(o);
	take_back(&g);
}
