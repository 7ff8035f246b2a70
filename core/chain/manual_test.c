#include "base/manual_test.h"
#include "chain/response_flag.h"

/* The table of response flags is held against mesh-metrics(7). */

static bool
is_row(const void *arg, struct slice name)
{
	(void)arg;
	for (int i = 1; i < RESPONSE_FLAGS; i++)
		if (slice_is(name, response_flag_name((enum response_flag)i)))
			return true;
	return false;
}

TEST(manual_has_every_response_flag)
{
	struct manual m;

	manual_open(&m, "mesh-metrics.7");
	struct slice section = manual_section(&m, ".Sh RESPONSE FLAGS");

	for (int i = 1; i < RESPONSE_FLAGS; i++)
		if (!manual_has(section, "Li", response_flag_name((enum response_flag)i)))
			fail_msg("mesh-metrics.7 has no %s",
			    response_flag_name((enum response_flag)i));
	manual_check_items(&m, section, "Li", is_row, NULL);
	manual_close(&m);
}
