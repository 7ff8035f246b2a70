#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "modes/ctl/items.h"

/* Elements joined by "|"; "!" where the list cannot be found or is cut short. */
static void
collect(struct slice text, struct str *out)
{
	struct slice rest, item;
	int more;

	str_clear(out);
	if (!items_find(text, "items", &rest)) {
		str_add_char(out, '!');
		return;
	}
	while ((more = items_next(&rest, &item)) > 0) {
		str_add_slice(out, item);
		str_add_char(out, '|');
	}
	if (more < 0)
		str_add_char(out, '!');
}

TEST(items_are_cut_where_they_end)
{
	static const struct { const char *text, *expected; } cases[] = {
		{ "[]", "" },
		{ " [ ] ", "" },
		{ "[1,2]", "1|2|" },
		{ "{\"items\":[]}", "" },
		{ "{\"a\":{\"items\":[9]},\"items\":[{\"b\":[1,2]}]}",
		    "{\"b\":[1,2]}|" },
		{ "{ \"revision\" : 7 , \"items\" : [ {} , [] ] , \"z\":1 }",
		    "{} |[] |" },
		{ "[\"a,]\\\"}\",\"\\\\\"]", "\"a,]\\\"}\"|\"\\\\\"|" },
		{ "{\"a\":\"items\",\"items\":[1]}", "1|" },
		{ "", "!" },
		{ "7", "!" },
		{ "{}", "!" },
		{ "{\"items\":{}}", "!" },
		{ "{\"items\":[1", "!" },
		{ "{\"items\":[1,", "1|!" },
		{ "[\"a", "!" },
		{ "[{\"a\":1]", "!" },
		{ "[,]", "!" },
		{ "{\"a\"", "!" },
		{ "{a:1}", "!" },
	};
	struct str out = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		collect(slice_str(cases[i].text), &out);
		assert_string_equal(str_ptr(&out), cases[i].expected);
	}
	str_fini(&out);
}

/* Whatever is cut off, it is noticed, and nothing behind the end is read. */
TEST(items_that_are_cut_short_are_noticed)
{
	static const char text[] =
	    "{\"revision\":7,\"items\":[{\"a\":\"x\\\"]\"},[1,[2]],\"s\"]}";
	struct str out = { 0 };

	for (size_t n = 0; n < strlen(text) - 2; n++) {
		char *copy = strndup(text, n);

		collect(slice_of(copy, n), &out);
		assert_non_null(strchr(str_ptr(&out), '!'));
		free(copy);
	}
	str_fini(&out);
}
