#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "route/document.h"
#include "route/set_test.h"
#include "route/table_test.h"

static const void *
numbered(void *arg __attribute__((unused)), const struct model_object *route
    __attribute__((unused)), size_t rule)
{
	return (const void *)(uintptr_t)(rule + 1);
}

/* A GRPCRoute whose rules are these, with one match each, in a table. */
static struct route_table *
table_of(const char *rules, struct route_built *built)
{
	const struct route_parent parent = { .is_service = true,
		.payload = numbered };
	struct route_table *t = route_table_new();
	struct slice rest = slice_str(rules), match;
	struct str text = { 0 };
	struct model_set set;

	str_add(&text, "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: GRPCRoute\nmetadata: {name: a}\n"
	    "spec:\n  hostnames: [ignored.example]\n  rules:\n");
	while (slice_cut(&rest, '\n', &match))
		str_addf(&text, "  - matches: [{%.*s}]\n", SLICE_ARG(match));
	test_set_read(&set, MODEL_STRICT, str_ptr(&text));
	route_add(t, set.objects[0], &parent, built);
	route_table_seal(t);
	str_fini(&text);
	model_set_fini(&set);
	return t;
}

#define SERVICE(text)	"method: {service: " text "}"
#define METHOD(text)	"method: {method: " text "}"
#define BOTH(s, m)	"method: {service: " s ", method: " m "}"
#define REGEX(s, m)	"method: {type: RegularExpression, service: '" s	\
	"', method: '" m "'}"
#define HEADER(n, v)	"headers: [{name: " n ", value: " v "}]"

static const struct {
	const char *rules, *request;
	int         winner;	/* -1: none */
} cases[] = {
	{ BOTH("s.S", "M"), "/s.S/M", 0 },
	{ BOTH("s.S", "M"), "/s.S/m", -1 },
	{ BOTH("s.S", "M"), "/s.s/M", -1 },
	{ BOTH("s.S", "M"), "/s.S/M/", -1 },
	{ BOTH(".s.S", "M"), "/.s.S/M", 0 },
	{ SERVICE("s.S"), "/s.S/Any", 0 },
	{ SERVICE("s.S"), "/s.SS/Any", -1 },
	{ "method: {service: s.S, method: ''}", "/s.S/Any", 0 },
	{ METHOD("M"), "/any.S/M", 0 },
	{ METHOD("M"), "/any.S/Mm", -1 },
	{ "method: {service: '', method: M}", "/any.S/M", 0 },
	{ REGEX("s[.](A|B)", "M.*"), "/s.B/Mx", 0 },
	{ REGEX("s[.](A|B)", "M.*"), "/s.C/Mx", -1 },
	{ REGEX("s[.](A|B)", "M.*"), "/s.B/xM", -1 },
	{ "method: {type: RegularExpression, service: s.*}", "/s.B/X", 0 },
	{ "method: {type: RegularExpression, method: M.*}", "/s.B/Mx", 0 },
	{ "", "/s.S/M", 0 },
	{ HEADER("Env", "canary"), "/s.S/M env:canary", 0 },
	{ HEADER("Env", "canary"), "/s.S/M env:Canary", -1 },
	{ HEADER("Env", "canary"), "/s.S/M", -1 },
	{ BOTH("s.S", "M") ", " HEADER("e", "x"), "/s.S/M", -1 },
	/* the longer service, then the longer method, then more headers */
	{ HEADER("e", "x") "\n" METHOD("M") "\n" SERVICE("s.S") "\n"
	    BOTH("s.S", "M"), "/s.S/M e:x", 3 },
	{ HEADER("e", "x") "\n" METHOD("M") "\n" SERVICE("s.S") "\n"
	    BOTH("s.S", "M"), "/s.S/X e:x", 2 },
	{ HEADER("e", "x") "\n" METHOD("M") "\n" SERVICE("s.S"),
	    "/s.T/M e:x", 1 },
	{ HEADER("e", "x") "\n" METHOD("M") "\n" SERVICE("s.S"),
	    "/s.T/X e:x", 0 },
	{ "\n" HEADER("e", "x"), "/s.T/X e:x", 1 },
	{ "\n" HEADER("e", "x"), "/s.T/X", 0 },
	{ SERVICE("s.S") "\n" SERVICE("s.S") ", " HEADER("e", "x"),
	    "/s.S/X e:x", 1 },
	{ SERVICE("s.S") "\n" SERVICE("s.S"), "/s.S/X", 0 },
	{ REGEX("s.*", "M") "\n" SERVICE("s.S"), "/s.S/M", 1 },
	{ METHOD("Method") "\n" REGEX("s.*", "M.*"), "/s.S/Method", 1 },
	{ REGEX(".*", "M.*") "\n" REGEX(".*S", "."), "/s.S/M", 1 },
};

TEST(match_of_a_grpc_route_is_for_calls)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route_built built;
		struct route_table *t = table_of(cases[i].rules, &built);
		int winner = test_find(t, cases[i].request);

		assert_int_equal(built.dropped, 0);
		if (winner != cases[i].winner)
			fail_msg("\"%s\", \"%s\": %d", cases[i].rules,
			    cases[i].request, winner);
		route_table_unref(t);
	}
}

TEST(match_says_which_part_of_a_call_does_not_compile)
{
	struct route_built built;
	struct route_table *t = table_of(SERVICE("s.S") "\n"
	    REGEX("s", "M("), &built);

	assert_int_equal(built.dropped, 1);
	assert_int_equal(built.taken, 1);
	if (strstr(built.err.text, "rules[1].matches[0]: method: column") ==
	    NULL)
		fail_msg("%s", built.err.text);
	assert_int_equal(test_find(t, "/s.S/M"), 0);
	route_table_unref(t);
}
