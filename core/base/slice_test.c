#include <string.h>

#include "base/slice.h"
#include "base/unit.h"

TEST(slice_absent_and_empty_differ_but_are_equal_bytes)
{
	assert_null(slice_str(NULL).ptr);
	assert_non_null(slice_str("").ptr);
	assert_true(slice_eq(SLICE_NONE, slice_str("")));
	assert_true(slice_is(SLICE_NONE, ""));
	assert_false(slice_is(SLICE("a"), ""));
}

TEST(slice_ieq_folds_ascii_letters_alone)
{
	static const struct {
		const char *a, *b;
		bool        equal;
	} cases[] = {
		{ "Host", "hOST", true },	{ "host", "hosts", false },
		{ "[", "{", false },		{ "@", "`", false },
		{ "\xc4", "\xe4", false },	{ "", "", true },
		{ "a-Z_9", "A-z_9", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(slice_ieq(slice_str(cases[i].a),
		    slice_str(cases[i].b)), cases[i].equal);
}

TEST(slice_ends)
{
	struct slice s = SLICE("mesh.internal");

	assert_true(slice_has_prefix(s, SLICE("mesh.")));
	assert_true(slice_has_prefix(s, SLICE_NONE));
	assert_false(slice_has_prefix(s, SLICE("mesh.internal.")));
	assert_true(slice_has_suffix(s, SLICE(".internal")));
	assert_false(slice_has_suffix(SLICE("l"), SLICE(".internal")));
	assert_true(slice_is(slice_from(s, 5), "internal"));
	assert_int_equal(slice_from(s, s.len).len, 0);
	assert_int_equal(slice_find(s, '.'), 4);
	assert_int_equal(slice_find(s, '/'), -1);
	assert_int_equal(slice_find(SLICE_NONE, '/'), -1);
	assert_true(slice_is(slice_trim(SLICE(" \t a b\t ")), "a b"));
	assert_int_equal(slice_trim(SLICE(" \t ")).len, 0);
	assert_int_equal(slice_trim(SLICE_NONE).len, 0);
}

TEST(slice_cut_yields_every_part_once)
{
	static const struct {
		const char *text;
		const char *parts[5];
	} cases[] = {
		{ "a,,b", { "a", "", "b" } },
		{ "", { "" } },
		{ ",", { "", "" } },
		{ "alone", { "alone" } },
		{ "a,", { "a", "" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rest = slice_str(cases[i].text), part;
		size_t n = 0;

		while (slice_cut(&rest, ',', &part)) {
			assert_non_null(cases[i].parts[n]);
			assert_true(slice_is(part, cases[i].parts[n]));
			n++;
		}
		assert_null(cases[i].parts[n]);
	}
	struct slice none = SLICE_NONE, part;

	assert_false(slice_cut(&none, ',', &part));
}

TEST(slice_u64_reads_digits_within_64_bits)
{
	static const struct {
		const char *text;
		bool        good;
		uint64_t    value;
	} cases[] = {
		{ "0", true, 0 },
		{ "007", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "+1", false, 0 },
		{ "-1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "0x1", false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(slice_u64(slice_str(cases[i].text), &value),
		    cases[i].good);
		assert_int_equal(value, cases[i].value);
	}
}

TEST(slice_cmp_orders_bytes)
{
	static const char *const sorted[] = { "", "A", "a", "aa", "ab", "b",
		"\x80" };
	size_t n = sizeof(sorted) / sizeof(sorted[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int c = slice_cmp(slice_str(sorted[i]),
			    slice_str(sorted[j]));

			assert_int_equal(c < 0, i < j);
			assert_int_equal(c > 0, i > j);
		}
}

TEST(slice_hash_fixed_is_the_same_everywhere)
{
	uint64_t h = slice_hash_fixed(SLICE("orders.default.mesh"));

	assert_int_equal(h, slice_hash_fixed(SLICE("orders.default.mesh")));
	assert_int_equal(slice_hash_fixed(SLICE("a")),
	    UINT64_C(0x82b19d9c4c2affc0));
	assert_int_not_equal(h, slice_hash_fixed(SLICE("orders.default.mesi")));
	assert_int_equal(slice_hash(SLICE("x")), slice_hash(SLICE("x")));
}
