#include <time.h>

#include "base/clock.h"
#include "base/unit.h"

TEST(clock_monotonic_never_goes_back)
{
	uint64_t last = clock_mono_ns();

	for (int i = 0; i < 10000; i++) {
		uint64_t now = clock_mono_ns();

		assert_true(now >= last);
		last = now;
	}
	assert_true(clock_mono_ms() >= last / 1000000);
}

TEST(clock_formats_utc)
{
	static const struct {
		int64_t     wall_s;
		int         ms;
		const char *text;
	} cases[] = {
		{ 0, -1, "1970-01-01T00:00:00Z" },
		{ 0, 7, "1970-01-01T00:00:00.007Z" },
		{ 951782400, -1, "2000-02-29T00:00:00Z" },
		{ 4102444799, 999, "2099-12-31T23:59:59.999Z" },
		{ 253402300799, -1, "9999-12-31T23:59:59Z" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CLOCK_TEXT_MAX];

		clock_format(text, cases[i].wall_s, cases[i].ms);
		assert_string_equal(text, cases[i].text);
	}
}

TEST(clock_from_utc_is_the_inverse_of_gmtime)
{
	/* A prime step visits every month, leap day and century. */
	for (int64_t t = 0; t < INT64_C(253402300800); t += 7654321) {
		time_t at = (time_t)t;
		struct tm tm;

		assert_non_null(gmtime_r(&at, &tm));
		assert_int_equal(clock_from_utc(tm.tm_year + 1900, tm.tm_mon + 1,
		    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec), t);
	}
	assert_int_equal(clock_from_utc(1970, 1, 1, 0, 0, 0), 0);
	assert_int_equal(clock_from_utc(2000, 2, 29, 0, 0, 0), 951782400);
}
