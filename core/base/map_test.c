#include <stdio.h>

#include "base/map.h"
#include "base/unit.h"

TEST(map_keeps_what_was_put)
{
	struct map m = { 0 };
	char key[32];
	static int values[1000];

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_null(map_put(&m, slice_str(key), &values[i]));
	}
	for (int i = 0; i < 1000; i += 2) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_ptr_equal(map_del(&m, slice_str(key)), &values[i]);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_ptr_equal(map_get(&m, slice_str(key)),
		    i % 2 ? &values[i] : NULL);
	}
	size_t it = 0, seen = 0;

	while (map_next(&m, &it, NULL, NULL))
		seen++;
	assert_int_equal(seen, 500);
	assert_int_equal(m.len, 500);
	map_fini(&m, NULL);
}

TEST(map_put_gives_the_old_value)
{
	struct map m = { 0 };
	int a, b;

	assert_null(map_put(&m, SLICE("k"), &a));
	assert_ptr_equal(map_put(&m, SLICE("k"), &b), &a);
	assert_ptr_equal(map_get(&m, SLICE("k")), &b);
	map_fini(&m, NULL);
}
