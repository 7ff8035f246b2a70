#include "base/manual_test.h"
#include "net/close_reason.h"

/* The table of close reasons is held against mesh-metrics(7). */

static bool
is_row(const void *arg, struct slice name)
{
	(void)arg;
	for (int i = 1; i < CLOSE_REASONS; i++)
		if (slice_is(name, close_reason_name((enum close_reason)i)))
			return true;
	return false;
}

TEST(manual_has_every_close_reason)
{
	struct manual m;

	manual_open(&m, "mesh-metrics.7");
	struct slice section = manual_section(&m, ".Sh CLOSE REASONS");

	for (int i = 1; i < CLOSE_REASONS; i++)
		if (!manual_has(section, "Li", close_reason_name((enum close_reason)i)))
			fail_msg("mesh-metrics.7 has no %s",
			    close_reason_name((enum close_reason)i));
	manual_check_items(&m, section, "Li", is_row, NULL);
	manual_close(&m);
}
