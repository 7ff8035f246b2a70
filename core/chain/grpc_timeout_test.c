#include "base/unit.h"
#include "chain/grpc_timeout.h"

TEST(timeouts_are_read_strictly)
{
	static const struct {
		const char *value;
		int64_t     us;
	} cases[] = {
		{ "1H", INT64_C(3600000000) },
		{ "2M", 120000000 },
		{ "3S", 3000000 },
		{ "4m", 4000 },
		{ "5u", 5 },
		{ "6000n", 6 },
		{ "999n", 0 },
		{ "0S", 0 },
		{ "007m", 7000 },
		{ "99999999H", INT64_C(359999996400000000) },
		{ "99999999n", 99999 },
		{ "", -1 },
		{ "1", -1 },
		{ "S", -1 },
		{ "1s", -1 },
		{ "1h", -1 },
		{ "1U", -1 },
		{ "1SS", -1 },
		{ "-1S", -1 },
		{ "+1S", -1 },
		{ "1.5S", -1 },
		{ "1 S", -1 },
		{ "1_S", -1 },
		{ "0x1S", -1 },
		{ "100000000S", -1 },
		{ "000000001S", -1 },
		{ "1S, 2S", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_fields f;
		struct arena a;

		arena_init(&a);
		http_fields_init(&f, &a);
		http_fields_add(&f, SLICE("grpc-timeout"),
		    slice_str(cases[i].value));
		if (grpc_timeout_us(&f) != cases[i].us)
			fail_msg("\"%s\": %lld", cases[i].value,
			    (long long)grpc_timeout_us(&f));
		arena_fini(&a);
	}
}

TEST(none_and_two_timeouts_are_no_timeout)
{
	struct http_fields f;
	struct arena a;

	arena_init(&a);
	http_fields_init(&f, &a);
	assert_int_equal(grpc_timeout_us(&f), -1);
	http_fields_add(&f, SLICE("grpc-timeout"), SLICE("1S"));
	assert_int_equal(grpc_timeout_us(&f), 1000000);
	http_fields_add(&f, SLICE("grpc-timeout"), SLICE("1S"));
	assert_int_equal(grpc_timeout_us(&f), -1);
	arena_fini(&a);
}

TEST(what_is_said_is_as_exact_as_it_can_be_and_never_more)
{
	static const struct {
		uint64_t    us;
		const char *value;
	} cases[] = {
		{ 0, "1u" },
		{ 1, "1u" },
		{ 1999, "1999u" },
		{ 99999999, "99999999u" },
		{ 100000000, "100000m" },
		{ 100000999, "100000m" },
		{ UINT64_C(99999999999), "99999999m" },
		{ UINT64_C(100000000000), "100000S" },
		{ UINT64_C(99999999999999), "99999999S" },
		{ UINT64_C(100000000000000), "1666666M" },
		{ UINT64_C(359999996400000000), "99999999H" },
		{ UINT64_MAX, "99999999H" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_fields f;
		struct arena a;

		arena_init(&a);
		http_fields_init(&f, &a);
		grpc_timeout_set(&f, cases[i].us);
		struct slice said = http_fields_find(&f,
		    SLICE("grpc-timeout"));

		if (!slice_is(said, cases[i].value))
			fail_msg("%llu: %.*s",
			    (unsigned long long)cases[i].us, SLICE_ARG(said));
		if (cases[i].us > 0)
			assert_true((uint64_t)grpc_timeout_us(&f) <=
			    cases[i].us);
		arena_fini(&a);
	}
}
