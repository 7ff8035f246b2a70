#include "base/unit.h"
#include "modes/control/rotation.h"

#define DAY	INT64_C(86400)

/* now is 0; an age is so many days and ends in so many. */
static struct rotation_age
age(int64_t life, int64_t left)
{
	return (struct rotation_age){ (left - life) * DAY, left * DAY };
}

/* Control looks every minute. */
TEST(what_others_have_to_do_is_said_once_a_day)
{
	int64_t said = 0, start = 1000 * DAY;
	size_t lines = 0;

	for (int64_t now = start; now < start + 3 * DAY; now += 60)
		lines += rotation_say(&said, now);
	assert_int_equal(lines, 3);
	assert_true(rotation_say(&said, start - DAY));
	assert_false(rotation_say(&said, start - DAY + 60));
}

TEST(rotation_follows_the_age)
{
	static const struct {
		int64_t root_life, root_left, life, left;
		int     prepared;	/* -1: nothing */
		enum rotation_step want;
	} cases[] = {
		{ 3650, 3000, 365, 31, -1, ROTATION_NOTHING },
		{ 3650, 3000, 365, 30, -1, ROTATION_NOTHING },
		{ 3650, 3000, 365, 29, -1, ROTATION_PREPARE_INTERMEDIATE },
		{ 3650, 3000, 365, 8, CA_INTERMEDIATE, ROTATION_NOTHING },
		{ 3650, 3000, 365, 6, CA_INTERMEDIATE, ROTATION_ACTIVATE },
		{ 3650, 3000, 365, -1, CA_INTERMEDIATE, ROTATION_ACTIVATE },
		/* A short life counts by its parts. */
		{ 3650, 3000, 12, 7, -1, ROTATION_NOTHING },
		{ 3650, 3000, 12, 5, -1, ROTATION_PREPARE_INTERMEDIATE },
		{ 3650, 3000, 12, 3, CA_INTERMEDIATE, ROTATION_NOTHING },
		{ 3650, 3000, 12, 1, CA_INTERMEDIATE, ROTATION_ACTIVATE },
		/* A root brings its intermediate. */
		{ 3650, 29, 365, 300, -1, ROTATION_PREPARE_ROOT },
		{ 3650, 29, 365, 20, -1, ROTATION_PREPARE_ROOT },
		{ 3650, 8, 365, 300, CA_ROOT, ROTATION_NOTHING },
		{ 3650, 6, 365, 300, CA_ROOT, ROTATION_ACTIVATE },
		{ 3650, 3000, 365, 5, CA_ROOT, ROTATION_ACTIVATE },
		/* The new one is not old enough for anything. */
		{ 3650, 3650, 365, 365, -1, ROTATION_NOTHING },
		/* What is prepared under an old root goes first. */
		{ 3650, 6, 365, 300, CA_INTERMEDIATE, ROTATION_NOTHING },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rotation_facts f = {
			.root = age(cases[i].root_life, cases[i].root_left),
			.intermediate = age(cases[i].life, cases[i].left),
			.is_prepared = cases[i].prepared >= 0,
			.prepared = cases[i].prepared == CA_ROOT ? CA_ROOT :
			    CA_INTERMEDIATE,
		};

		if (rotation_due(&f, 0) != cases[i].want)
			fail_msg("case %zu", i);
	}
}
