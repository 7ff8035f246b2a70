#include "base/unit.h"
#include "http/cache_control.h"

TEST(cache_control_in_doubt_keeps_less)
{
	static const struct {
		const char *value;
		int64_t max_age;
		bool no_store, is_private;
	} v[] = {
		{ "max-age=5", 5, false, false },
		{ "MAX-AGE=\"5\"", 5, false, false },
		{ "max-age=5, max-age=3", 3, false, false },
		{ "max-age=-5", 0, false, false },
		{ "max-age=5x", 0, false, false },
		{ "max-age", 0, false, false },
		{ "max-age=99999999999999999999", CACHE_CONTROL_MAX, false, false },
		{ "private=\"a, no-store\", max-age=1", 1, false, true },
		{ "ext=\"no-store\"", -1, false, false },
		{ "ext=\"\\\", no-store\"", -1, false, false },
		{ "ext=\", max-age=9", -1, true, false },
		{ "no-storehouse", -1, false, false },
		{ ",, no-store ,", -1, true, false },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct cache_control c;
		struct http_fields f;
		struct arena a;

		arena_init(&a);
		http_fields_init(&f, &a);
		http_fields_add(&f, SLICE("cache-control"),
		    slice_str(v[i].value));
		cache_control_read(&c, &f);
		if (c.max_age != v[i].max_age || c.no_store != v[i].no_store ||
		    c.is_private != v[i].is_private)
			fail_msg("%s: %lld %d %d", v[i].value,
			    (long long)c.max_age, c.no_store, c.is_private);
		arena_fini(&a);
	}
}
