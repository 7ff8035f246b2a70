#include "base/manual_test.h"
#include "pki/distrust.h"

/* The table of reasons to refuse a certificate is held against mesh-metrics(7). */

static bool
is_row(const void *arg, struct slice name)
{
	(void)arg;
	for (int i = 1; i < DISTRUST_COUNT; i++)
		if (slice_is(name, distrust_name((enum distrust)i)))
			return true;
	return false;
}

TEST(manual_has_every_reason_of_distrust)
{
	struct manual m;

	manual_open(&m, "mesh-metrics.7");
	struct slice section = manual_section(&m, ".Sh CERTIFICATES REFUSED");

	for (int i = 1; i < DISTRUST_COUNT; i++)
		if (!manual_has(section, "Li", distrust_name((enum distrust)i)))
			fail_msg("mesh-metrics.7 has no %s",
			    distrust_name((enum distrust)i));
	manual_check_items(&m, section, "Li", is_row, NULL);
	manual_close(&m);
}
