#include <string.h>

#include "base/unit.h"
#include "conf/nearest.h"
#include "conf/units.h"

/* The vectors of GEP-2257, and ours. */
TEST(duration_reads_and_writes)
{
	static const struct {
		const char *in, *canonical;	/* NULL: no duration */
		int64_t     ms;
	} cases[] = {
		{ "0h", "0s", 0 },
		{ "0s", "0s", 0 },
		{ "0h0m0s", "0s", 0 },
		{ "1h", "1h", 3600000 },
		{ "30m", "30m", 1800000 },
		{ "10s", "10s", 10000 },
		{ "500ms", "500ms", 500 },
		{ "2h30m", "2h30m", 9000000 },
		{ "150m", "2h30m", 9000000 },
		{ "7320s", "2h2m", 7320000 },
		{ "1h30m10s", "1h30m10s", 5410000 },
		{ "10s30m1h", "1h30m10s", 5410000 },
		{ "100ms200ms300ms", "600ms", 600 },
		{ "99999ms", "1m39s999ms", 99999 },
		{ "99999h99999h99999h99999h", "399996h", INT64_C(1439985600000) },
		{ "1", NULL, 0 },
		{ "0", NULL, 0 },
		{ "", NULL, 0 },
		{ "1m1", NULL, 0 },
		{ "1h30m10s20ms50h", NULL, 0 },
		{ "999999h", NULL, 0 },
		{ "1.5h", NULL, 0 },
		{ "-15m", NULL, 0 },
		{ "1d", NULL, 0 },
		{ "1 s", NULL, 0 },
		{ "s", NULL, 0 },
		{ "1us", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CONF_DURATION_TEXT];
		int64_t ms = -1;
		bool good = conf_duration_read(slice_str(cases[i].in), &ms);

		assert_int_equal(good, cases[i].canonical != NULL);
		if (!good)
			continue;
		assert_int_equal(ms, cases[i].ms);
		conf_duration_text(text, ms);
		assert_string_equal(text, cases[i].canonical);
	}
}

TEST(bytes_read)
{
	static const struct {
		const char *in;
		int64_t     bytes;	/* -1: refused */
	} cases[] = {
		{ "0", 0 }, { "1500", 1500 }, { "64Ki", 65536 },
		{ "10Mi", 10485760 }, { "1Gi", 1073741824 }, { "10k", 10000 },
		{ "5M", 5000000 }, { "2G", 2000000000 }, { "", -1 },
		{ "Ki", -1 }, { "1KB", -1 }, { "1.5Gi", -1 }, { "-1", -1 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", -1 }, { "9007199254740992Ki", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t bytes = -1;

		conf_bytes_read(slice_str(cases[i].in), &bytes);
		assert_int_equal(bytes, cases[i].bytes);
	}
}

TEST(time_read)
{
	static const struct {
		const char *in;
		int64_t     seconds;	/* -1: refused */
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-21T01:12:41Z", 1795223561 },
		{ "2024-02-29T23:59:59Z", 1709251199 },
		{ "2026-13-01T00:00:00Z", -1 }, { "2026-02-30T00:00:00Z", -1 },
		{ "2026-11-21T24:00:00Z", -1 }, { "2026-11-21 01:12:41Z", -1 },
		{ "2026-11-21T01:12:41", -1 }, { "", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t seconds = -1;

		conf_time_read(slice_str(cases[i].in), &seconds);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

TEST(nearest_name)
{
	static const char *const names[] = { "name", "port", "targetPort",
	    "protocol", "appProtocol" };
	static const struct {
		const char *word, *near;
	} cases[] = {
		{ "prot", "port" }, { "Port", "port" }, { "nmae", "name" },
		{ "targetport", "targetPort" }, { "target-port", "targetPort" },
		{ "protocl", "protocol" }, { "aprotocol", "protocol" },
		{ "zzz", NULL }, { "", NULL }, { "x", NULL },
		{ "selector", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *near = conf_nearest(slice_str(cases[i].word), names, 5);

		if (cases[i].near == NULL)
			assert_null(near);
		else
			assert_string_equal(near, cases[i].near);
	}
}
