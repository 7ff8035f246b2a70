#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"

TEST(str_grows_and_always_ends_with_a_nul)
{
	struct str s = { 0 };

	assert_string_equal(str_ptr(&s), "");
	for (size_t i = 0; i < 5000; i++) {
		str_add_char(&s, (char)('a' + i % 26));
		assert_int_equal(s.len, i + 1);
		assert_int_equal(s.ptr[s.len], '\0');
	}
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(s.ptr[i], 'a' + (int)(i % 26));
	str_clear(&s);
	assert_string_equal(str_ptr(&s), "");
	str_add(&s, "one");
	str_addf(&s, " %d %s", 2, "three");
	str_add_slice(&s, SLICE_NONE);
	assert_string_equal(str_ptr(&s), "one 2 three");
	str_fini(&s);
}

TEST(str_give_leaves_an_empty_one)
{
	struct str s = { 0 };
	char *given = str_give(&s);

	assert_string_equal(given, "");
	mem_free(given);
	str_add(&s, "text");
	given = str_give(&s);
	assert_string_equal(given, "text");
	assert_int_equal(s.len, 0);
	assert_null(s.ptr);
	mem_free(given);
}

TEST(str_hex_is_lower_case)
{
	struct str s = { 0 };

	str_add_hex(&s, "\x00\x7f\xff\xa5", 4);
	assert_string_equal(str_ptr(&s), "007fffa5");
	str_fini(&s);
}

/* One text in the two ways of escaping it. */
static const struct {
	const char *text;
	size_t      len;
	const char *json;
	const char *printable;
} escapes[] = {
#define CASE(text, json, printable) { text, sizeof(text) - 1, json, printable }
	CASE("", "\"\"", ""),
	CASE("plain", "\"plain\"", "plain"),
	CASE("a\"b\\c", "\"a\\\"b\\\\c\"", "a\"b\\c"),
	CASE("\n\t\r", "\"\\n\\u0009\\u000d\"", "\\n\\t\\x0d"),
	CASE("\0\x1f\x7f", "\"\\u0000\\u001f\\u007f\"", "\\x00\\x1f\\x7f"),
	/* Two, three and four bytes, the first and last of each. */
	CASE("\xc2\xa0\xdf\xbf", "\"\xc2\xa0\xdf\xbf\"", "\xc2\xa0\xdf\xbf"),
	CASE("\xe0\xa0\x80\xef\xbf\xbf", "\"\xe0\xa0\x80\xef\xbf\xbf\"",
	    "\xe0\xa0\x80\xef\xbf\xbf"),
	CASE("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
	    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
	    "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
	/* No UTF-8: alone, cut short, too long for its value, a surrogate. */
	CASE("\x80", "\"\\ufffd\"", "\\x80"),
	CASE("\xff", "\"\\ufffd\"", "\\xff"),
	CASE("\xc3", "\"\\ufffd\"", "\\xc3"),
	CASE("\xe2\x82", "\"\\ufffd\\ufffd\"", "\\xe2\\x82"),
	CASE("\xe2\x82" "a", "\"\\ufffd\\ufffda\"", "\\xe2\\x82a"),
	CASE("\xc0\xaf", "\"\\ufffd\\ufffd\"", "\\xc0\\xaf"),
	CASE("\xe0\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\"", "\\xe0\\x9f\\xbf"),
	CASE("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "\\xed\\xa0\\x80"),
	CASE("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"",
	    "\\xf4\\x90\\x80\\x80"),
	/* What would steer a terminal though it is UTF-8. */
	CASE("\xc2\x80\xc2\x9f", "\"\xc2\x80\xc2\x9f\"", "\\u0080\\u009f"),
	CASE("\xe2\x80\x8e\xe2\x80\xa8\xe2\x80\xae",
	    "\"\xe2\x80\x8e\xe2\x80\xa8\xe2\x80\xae\"", "\\u200e\\u2028\\u202e"),
	CASE("\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
	    "\"\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa\"",
	    "\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa"),
#undef CASE
};

TEST(str_escapes_for_json_and_for_people)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		struct str s = { 0 };
		struct slice text = slice_of(escapes[i].text, escapes[i].len);

		str_add_json(&s, text);
		assert_string_equal(str_ptr(&s), escapes[i].json);
		str_clear(&s);
		str_add_printable(&s, text);
		assert_string_equal(str_ptr(&s), escapes[i].printable);
		str_fini(&s);
	}
}
