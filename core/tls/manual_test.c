#include "base/manual_test.h"
#include "tls/tls.h"

/* The table of handshake failures is held against mesh-metrics(7). */

static bool
is_row(const void *arg, struct slice name)
{
	(void)arg;
	for (int i = 1; i < TLS_FAILURES; i++)
		if (slice_is(name, tls_failure_name((enum tls_failure)i)))
			return true;
	return false;
}

TEST(manual_has_every_handshake_failure)
{
	struct manual m;

	manual_open(&m, "mesh-metrics.7");
	struct slice section = manual_section(&m, ".Sh TLS FAILURES");

	for (int i = 1; i < TLS_FAILURES; i++)
		if (!manual_has(section, "Li", tls_failure_name((enum tls_failure)i)))
			fail_msg("mesh-metrics.7 has no %s",
			    tls_failure_name((enum tls_failure)i));
	manual_check_items(&m, section, "Li", is_row, NULL);
	manual_close(&m);
}
