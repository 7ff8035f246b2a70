#include <string.h>

#include "base/code.h"
#include "base/unit.h"

static const char constant[3 * 4096] = "kept";
static char       written[3 * 4096] = "kept as well";
static const char *const relocated[] = { constant, written };

/* Pages come back as they are in the file; what was written stays. */
TEST(code_is_there_again_when_it_is_needed)
{
	written[5000] = 'x';
	code_release();
	assert_string_equal(constant, "kept");
	assert_string_equal(written, "kept as well");
	assert_int_equal(written[5000], 'x');
	assert_ptr_equal(relocated[0], constant);
	assert_ptr_equal(relocated[1], written);
	code_release();
	assert_int_equal(strlen(relocated[0]), 4);
}
