#include <string.h>

#include "base/random.h"
#include "base/unit.h"

TEST(random_uuid_is_version_4_and_never_the_same)
{
	char last[RANDOM_UUID_LEN + 1] = "", uuid[RANDOM_UUID_LEN + 1];

	for (int i = 0; i < 100; i++) {
		random_uuid(uuid);
		assert_int_equal(strlen(uuid), RANDOM_UUID_LEN);
		for (int j = 0; j < RANDOM_UUID_LEN; j++) {
			if (j == 8 || j == 13 || j == 18 || j == 23)
				assert_int_equal(uuid[j], '-');
			else
				assert_non_null(strchr("0123456789abcdef", uuid[j]));
		}
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
		assert_string_not_equal(uuid, last);
		memcpy(last, uuid, sizeof(last));
	}
}

TEST(random_below_reaches_every_value_and_no_more)
{
	unsigned seen[7] = { 0 };

	for (int i = 0; i < 7000; i++) {
		uint64_t n = random_below(7);

		assert_true(n < 7);
		seen[n]++;
	}
	/* A thousand each; 700 is ten standard deviations away. */
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 700, 1300);
	assert_int_equal(random_below(1), 0);
}

TEST(random_unit_lies_in_its_interval)
{
	double sum = 0;

	for (int i = 0; i < 10000; i++) {
		double u = random_unit();

		assert_true(u >= 0 && u < 1);
		sum += u;
	}
	assert_true(sum > 4500 && sum < 5500);
}

TEST(random_seed_is_drawn_once)
{
	assert_int_equal(random_seed(), random_seed());
	assert_int_not_equal(random_u64(), random_u64());
}

TEST(random_bytes_fills_everything)
{
	unsigned char bytes[300], ever[300] = { 0 };

	for (int i = 0; i < 20; i++) {
		memset(bytes, 0, sizeof(bytes));
		random_bytes(bytes, sizeof(bytes));
		for (size_t j = 0; j < sizeof(bytes); j++)
			ever[j] |= bytes[j];
	}
	for (size_t j = 0; j < sizeof(ever); j++)
		assert_int_not_equal(ever[j], 0);
}
