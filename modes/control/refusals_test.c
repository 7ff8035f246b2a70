#include "base/unit.h"
#include "modes/control/refusals.h"

TEST(refusals_of_one_and_of_all_are_bounded)
{
	struct refusals r;
	uint64_t left_out = 9;
	char name[2] = "a";

	refusals_init(&r);
	for (int i = 0; i < REFUSALS_OF_ONE; i++) {
		assert_true(refusals_take(&r, SLICE("anna"), 5, &left_out));
		assert_int_equal(left_out, 0);
	}
	assert_false(refusals_take(&r, SLICE("anna"), 6, &left_out));
	assert_false(refusals_take(&r, SLICE("anna"), 59999, &left_out));
	/* Somebody else's is written, and says what is missing. */
	assert_true(refusals_take(&r, SLICE("bob"), 59999, &left_out));
	assert_int_equal(left_out, 2);
	for (int i = REFUSALS_OF_ONE + 1; i < REFUSALS_OF_ALL; i++, name[0]++)
		assert_true(refusals_take(&r, slice_str(name), 59999, &left_out));
	assert_false(refusals_take(&r, SLICE("eve"), 59999, &left_out));
	/* A new minute. */
	assert_true(refusals_take(&r, SLICE("anna"), 60000, &left_out));
	assert_int_equal(left_out, 1);
	refusals_fini(&r);
}
