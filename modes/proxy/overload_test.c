#include "base/arena.h"
#include "base/unit.h"
#include "modes/proxy/overload.h"

static const struct overload_settings bounds = { { 500000, 1000, 200 } };

TEST(overload_levels_come_and_go)
{
	static const struct {
		uint64_t            used[OVERLOAD_RESOURCES];
		enum overload_level level;
	} steps[] = {
		{ { 0, 0, 0 }, OVERLOAD_NONE },
		{ { 399999, 799, 159 }, OVERLOAD_NONE },
		{ { 0, 800, 0 }, OVERLOAD_HIGH },
		{ { 0, 730, 0 }, OVERLOAD_HIGH },	/* not left yet */
		{ { 0, 710, 0 }, OVERLOAD_NONE },
		{ { 500000, 0, 0 }, OVERLOAD_FULL },
		{ { 460000, 0, 0 }, OVERLOAD_FULL },
		{ { 440000, 0, 0 }, OVERLOAD_HIGH },
		{ { 0, 0, 2000 }, OVERLOAD_FULL },
		{ { 0, 0, 0 }, OVERLOAD_NONE },
	};
	struct overload o;

	overload_init(&o, &bounds, NULL);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(overload_judge(&o, steps[i].used),
		    steps[i].level);
		assert_int_equal(overload_level(&o), steps[i].level);
	}
	overload_fini(&o);
}

TEST(overload_without_a_bound_is_none)
{
	static const struct overload_settings none;
	static const uint64_t used[] = { UINT64_MAX / 200, UINT64_MAX / 200, 9 };
	struct overload o;

	overload_init(&o, &none, NULL);
	assert_int_equal(overload_judge(&o, used), OVERLOAD_NONE);
	overload_fini(&o);
}

/* One long turn is an accident. */
TEST(overload_by_lag_takes_two_looks)
{
	static const struct overload_settings lag = { { 1000, 0, 0 } };
	struct overload o;

	overload_init(&o, &lag, NULL);
	overload_note_turn(&o, 5000);
	overload_note_turn(&o, 20);
	overload_look(&o);
	assert_int_equal(overload_level(&o), OVERLOAD_NONE);
	overload_look(&o);
	assert_int_equal(overload_level(&o), OVERLOAD_NONE);
	overload_note_turn(&o, 5000);
	overload_look(&o);
	overload_note_turn(&o, 1200);
	overload_look(&o);
	assert_int_equal(overload_level(&o), OVERLOAD_FULL);
	overload_look(&o);
	assert_int_equal(overload_level(&o), OVERLOAD_NONE);
	overload_fini(&o);
}

static void
count(void *arg)
{
	++*(int *)arg;
}

TEST(overload_sleeps_while_nothing_begins)
{
	struct overload o;
	int woken = 0;

	overload_init(&o, &bounds, NULL);
	o.set.bounds[OVERLOAD_MEMORY] = UINT64_MAX / 200;
	overload_on_wake(&o, count, &woken);
	assert_true(overload_look(&o));	/* it just began */
	assert_false(overload_look(&o));
	assert_int_equal(woken, 0);
	overload_note_work(&o);
	overload_note_turn(&o, 5);
	assert_int_equal(woken, 1);
	assert_true(overload_look(&o));
	overload_note_turn(&o, 5);
	assert_true(overload_look(&o));
	assert_false(overload_look(&o));
	assert_int_equal(woken, 1);
	overload_note_turn(&o, 5);
	assert_int_equal(woken, 2);
	assert_true(overload_look(&o));
	assert_false(overload_look(&o));
	/* What is found to be too much is looked at until it is over. */
	o.set.bounds[OVERLOAD_MEMORY] = 1;
	assert_true(overload_look(&o));
	assert_true(overload_look(&o));
	o.set.bounds[OVERLOAD_MEMORY] = UINT64_MAX / 200;
	assert_false(overload_look(&o));
	assert_int_equal(woken, 2);
	overload_fini(&o);
}

/* This process uses some memory and has some descriptors. */
TEST(overload_looks_at_the_process)
{
	static const struct overload_settings tight[] = {
		{ { 0, 1, 0 } }, { { 0, 0, 1 } },
	};

	for (size_t i = 0; i < 2; i++) {
		struct overload o;

		overload_init(&o, &tight[i], NULL);
		overload_look(&o);
		assert_int_equal(overload_level(&o), OVERLOAD_FULL);
		overload_fini(&o);
	}
}

TEST(overload_refuses_what_can_wait_first)
{
	static const struct {
		const char *priority;
		bool        refused;
	} cases[] = {
		{ "", false }, { "u=3", false }, { "u=4, i", false },
		{ "u=5", true }, { "i, u=7", true }, { "u=9", false },
		{ "u=", false }, { "urgent", false },
	};
	static const uint64_t high[] = { 400000, 0, 0 }, full[] = { 500000, 0, 0 };
	struct overload o;

	overload_init(&o, &bounds, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_head head;
		struct arena a;

		arena_init(&a);
		http_head_init(&head, &a);
		http_fields_set(&head.fields, SLICE("priority"),
		    slice_str(cases[i].priority));
		overload_judge(&o, (const uint64_t[OVERLOAD_RESOURCES]){ 0 });
		assert_false(overload_refuses(&o, &head));
		overload_judge(&o, high);
		assert_int_equal(overload_refuses(&o, &head), cases[i].refused);
		overload_judge(&o, full);
		assert_true(overload_refuses(&o, &head));
		arena_fini(&a);
	}
	overload_fini(&o);
}
