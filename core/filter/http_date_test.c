#include "base/unit.h"
#include "filter/http_date.h"

TEST(http_dates_of_three_forms)
{
	static const struct {
		const char *text;
		int64_t want;
	} v[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "", -1 }, { "0", -1 }, { "-1", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "Sun, 06 Nov 1994 25:49:37 GMT", -1 },
		{ "Sun, 06 Foo 1994 08:49:37 GMT", -1 },
		{ "Sun, 36 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:-9:37 GMT", -1 },
	};
	struct arena a;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (http_date_read(slice_str(v[i].text)) != v[i].want)
			fail_msg("\"%s\"", v[i].text);
	arena_init(&a);
	assert_true(slice_is(http_date_text(&a, 784111777), v[0].text));
	arena_fini(&a);
}
