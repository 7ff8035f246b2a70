#include <math.h>
#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "conf/yaml.h"
#include "modes/control/rollout_record.h"

static const struct rollout_record full = {
	.state = { .phase = ROLLOUT_PAUSED, .reason = ROLLOUT_PAUSED_BY_FAILURE,
	    .hold = ROLLOUT_HELD_BY_FAILURE, .generation = 3, .step = 1,
	    .percent = 50, .since_ms = 1795000000123, .has_seen = true,
	    .seen = { 80, 68, 230.25 } },
	.uid = "u", .target = "HTTPRoute/web/ v1 v2", .before = "[[1,0]]",
};

static void
expect_same(const struct rollout_record *want)
{
	struct rollout_record got;
	struct err err = ERR_INIT;
	struct str json = { 0 };
	struct arena a;

	arena_init(&a);
	rollout_record_write(&json, want);
	assert_int_equal(rollout_record_read(&got, &a, str_slice(&json), &err),
	    0);
	assert_int_equal(got.state.phase, want->state.phase);
	assert_int_equal(got.state.reason, want->state.reason);
	assert_int_equal(got.state.hold, want->state.hold);
	assert_int_equal(got.state.generation, want->state.generation);
	assert_int_equal(got.state.step, want->state.step);
	assert_int_equal(got.state.percent, want->state.percent);
	assert_int_equal(got.state.since_ms, want->state.since_ms);
	assert_int_equal(got.state.has_seen, want->state.has_seen);
	assert_int_equal(got.state.seen.requests, want->state.seen.requests);
	assert_int_equal(got.state.seen.success, want->state.seen.success);
	assert_true(isnan(got.state.seen.p99_ms) ||
	    got.state.seen.p99_ms == want->state.seen.p99_ms);
	/* What was being counted is not kept. */
	assert_false(got.state.is_counting);
	assert_int_equal(got.state.failures, 0);
	assert_string_equal(got.uid, want->uid);
	assert_string_equal(got.target, want->target);
	assert_int_equal(got.before == NULL, want->before == NULL);
	arena_fini(&a);
	str_fini(&json);
}

TEST(rollout_record_is_read_as_it_was_written)
{
	struct rollout_record r = full;

	expect_same(&r);
	r.state.seen.p99_ms = NAN;
	expect_same(&r);
	r = (struct rollout_record){ .state = ROLLOUT_NONE, .uid = "u",
		.target = "t" };
	expect_same(&r);
}

TEST(rollout_record_that_is_damaged_is_refused)
{
	static const char *const cases[] = {
		"", "{}", "[]",
		"{\"uid\":\"u\",\"target\":\"t\",\"phase\":\"Nowhere\","
		    "\"reason\":\"Begins\",\"hold\":\"free\"}",
		"{\"uid\":\"u\",\"target\":\"t\",\"phase\":\"Pending\","
		    "\"reason\":\"Why\",\"hold\":\"free\"}",
		"{\"uid\":\"u\",\"target\":\"t\",\"phase\":\"Pending\","
		    "\"reason\":\"Begins\",\"hold\":\"firm\"}",
		"{\"uid\":\"u\",\"target\":\"t\",\"phase\":\"Pending\","
		    "\"reason\":\"Begins\",\"hold\":\"free\",\"percent\":101}",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rollout_record r;
		struct err err = ERR_INIT;
		struct arena a;

		arena_init(&a);
		assert_int_equal(rollout_record_read(&r, &a, slice_str(cases[i]),
		    &err), -1);
		assert_true(err.text[0] != '\0');
		arena_fini(&a);
	}
}

static struct model_object *
rollout_of(struct arena *a, const char *kind)
{
	struct err err = ERR_INIT;
	struct model_object *o = model_object_read(conf_yaml_read(a,
	    slice_str(arena_printf(a, "{apiVersion: mesh/v1, kind: Rollout, "
	    "metadata: {name: web}, spec: {route: {name: web, kind: %s}, "
	    "stable: v1, candidate: v2, steps: [{percent: 10}, {percent: 50}], "
	    "check: {p99: 200ms}}}", kind)), "test", &err), MODEL_STRICT, "shop",
	    &err);

	assert_string_equal(err.text, "");
	return o;
}

static void
expect_status(const char *kind, const struct rollout_state *s,
    const char *message, const char *conditions)
{
	struct str json = { 0 }, types = { 0 };
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a);
	struct model_object *o = rollout_of(&a, kind);

	rollout_status_write(&json, o, s);
	const struct conf_node *map = conf_json_read(&a, str_slice(&json), "test",
	    &err);

	assert_string_equal(conf_get_string(map, "message"), message);
	CONF_FOREACH(e, conf_get(map, "conditions")) {
		const char *status = conf_get_string(e->node, "status");

		assert_non_null(conf_get_string(e->node, "lastTransitionTime"));
		if (strcmp(status, "True") == 0)
			str_addf(&types, "%s ", conf_get_string(e->node, "type"));
	}
	assert_string_equal(str_ptr(&types), conditions);
	model_object_unref(o);
	str_fini(&json);
	str_fini(&types);
	arena_fini(&a);
}

TEST(rollout_status_says_why)
{
	struct rollout_state s = full.state;

	expect_status("HTTPRoute", &s, "the candidate did not do well; resume or "
	    "abort it: 80 requests, 85 % good (at least 99 %), p99 230.2 ms (at "
	    "most 200 ms)", "Accepted ");
	s.seen.p99_ms = NAN;
	s.phase = ROLLOUT_ROLLED_BACK;
	s.reason = ROLLOUT_FAILED;
	expect_status("HTTPRoute", &s, "the candidate did not do well: 80 "
	    "requests, 85 % good (at least 99 %), p99 unknown (at most 200 ms)",
	    "Accepted RolledBack ");
	s.phase = ROLLOUT_PROGRESSING;
	s.reason = ROLLOUT_TOO_FEW;
	s.so_far = 7;
	expect_status("GRPCRoute", &s, "too few requests were seen for a "
	    "judgement: 7, at least 50",
	    "Accepted Progressing ");
	s.phase = ROLLOUT_PENDING;
	s.reason = ROLLOUT_CONFLICTED;
	expect_status("HTTPRoute", &s, "another Rollout moves these weights",
	    "Conflicted ");
	s.phase = ROLLOUT_SUCCEEDED;
	s.reason = ROLLOUT_PROMOTED;
	expect_status("HTTPRoute", &s, "somebody promoted it to the end",
	    "Accepted Succeeded ");
}
