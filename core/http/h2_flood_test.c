#include "base/unit.h"
#include "http/h2_flood.h"

/* How many go through before one is too many; at most limit. */
static int
pass(struct h2_flood *f, enum h2_flood_kind kind, uint64_t now_ms, int limit)
{
	int n = 0;

	while (n < limit && h2_flood_take(f, kind, now_ms))
		n++;
	return n;
}

TEST(each_kind_has_a_measure)
{
	static const struct {
		enum h2_flood_kind kind;
		int                at_once, a_minute_later;
	} v[] = {
		{ H2_FLOOD_EMPTY_DATA, 1, 0 },
		{ H2_FLOOD_PING, 1000, 1000 },
		{ H2_FLOOD_SETTINGS, 100, 59 },
		{ H2_FLOOD_PRIORITY, 100, 0 },
		{ H2_FLOOD_WINDOW, 5, 5 },
		{ H2_FLOOD_STRAY, 1000, 1000 },
		{ H2_FLOOD_RESET, 100, 99 },
		{ H2_FLOOD_FAULT, 100, 99 },
	};

	assert_int_equal(sizeof(v) / sizeof(v[0]), H2_FLOOD_KINDS);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct h2_flood f;

		h2_flood_init(&f, &http_limits_default.h2, false, 5000);
		assert_int_equal(pass(&f, v[i].kind, 5000, 100000),
		    v[i].at_once);
		assert_int_equal(pass(&f, v[i].kind, 65000, 100000),
		    v[i].a_minute_later);
		assert_string_not_equal(h2_flood_why(v[i].kind), "");
	}
}

TEST(a_measure_grows_and_shrinks_with_its_limit)
{
	struct h2_limits l = http_limits_default.h2;
	struct h2_flood f;

	l.pings = 10;
	l.priorities = 300;
	l.empty_data = 5;
	l.window_updates = 40;
	l.resets = 7;
	l.settings = 3;
	h2_flood_init(&f, &l, false, 0);
	assert_int_equal(pass(&f, H2_FLOOD_PING, 0, 10000), 10);
	assert_int_equal(pass(&f, H2_FLOOD_PING, 60000, 10000), 10);
	assert_int_equal(pass(&f, H2_FLOOD_PRIORITY, 0, 10000), 300);
	assert_int_equal(pass(&f, H2_FLOOD_EMPTY_DATA, 0, 10000), 5);
	assert_int_equal(pass(&f, H2_FLOOD_WINDOW, 0, 10000), 10);
	assert_int_equal(pass(&f, H2_FLOOD_RESET, 0, 10000), 7);
	assert_int_equal(pass(&f, H2_FLOOD_STRAY, 0, 10000), 70);
	assert_int_equal(pass(&f, H2_FLOOD_SETTINGS, 0, 10000), 3);
}

TEST(streams_and_data_earn_more)
{
	struct h2_flood f;

	h2_flood_init(&f, &http_limits_default.h2, false, 0);
	f.streams = 3;
	assert_int_equal(pass(&f, H2_FLOOD_PRIORITY, 0, 10000), 400);
	f.data_sent = 10;
	assert_int_equal(pass(&f, H2_FLOOD_WINDOW, 0, 10000), 5 + 6 + 200);
}

TEST(data_with_bytes_ends_a_row_of_empty_frames)
{
	struct h2_flood f;

	h2_flood_init(&f, &http_limits_default.h2, false, 0);
	for (int i = 0; i < 10; i++) {
		assert_true(h2_flood_take(&f, H2_FLOOD_EMPTY_DATA, 0));
		h2_flood_data(&f);
	}
	assert_int_equal(pass(&f, H2_FLOOD_EMPTY_DATA, 0, 10), 1);
}

TEST(a_stranger_is_judged_by_count)
{
	struct h2_flood f;
	int n = 0;

	h2_flood_init(&f, &http_limits_default.h2, false, 0);
	f.streams = 1000000;
	while (h2_flood_reset(&f, 5000, 0))
		n++;
	assert_int_equal(n, 100);
}

TEST(a_member_is_judged_by_share)
{
	struct h2_flood f;

	h2_flood_init(&f, &http_limits_default.h2, true, 0);
	for (int i = 0; i < 10000; i++) {
		f.streams += 2;	/* every other one is cancelled */
		assert_true(h2_flood_reset(&f, 10, 0));
	}
	h2_flood_init(&f, &http_limits_default.h2, true, 0);
	for (int i = 1; i < 500; i++) {
		f.streams++;
		assert_true(h2_flood_reset(&f, 10, 0));
	}
	f.streams++;
	assert_false(h2_flood_reset(&f, 10, 0));
	h2_flood_init(&f, &http_limits_default.h2, true, 0);
	for (int i = 1; i < 10000; i++) {
		f.streams++;
		assert_true(h2_flood_reset(&f, 1000, 0));
	}
}
