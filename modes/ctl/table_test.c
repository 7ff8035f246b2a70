#include <string.h>

#include "base/unit.h"
#include "modes/ctl/table.h"
#include "modes/ctl/term.h"

static void
fill(struct table *t)
{
	table_init(t);
	table_column(t, "NAME");
	table_column_right(t, "RPS");
	table_column(t, "STATE");
	table_add_text(t, "web");
	table_addf(t, "%d", 12345);
	table_add_text(t, "Online");
	table_add_text(t, "\u00fcber");
	table_add_text(t, NULL);
	table_add_text(t, "");
}

TEST(table_columns_are_aligned)
{
	struct table t;
	struct str out = { 0 };

	fill(&t);
	assert_int_equal(table_rows(&t), 2);
	table_print(&out, &t, true, false);
	assert_string_equal(str_ptr(&out),
	    "NAME    RPS  STATE\n"
	    "web   12345  Online\n"
	    "\u00fcber      -  -\n");
	str_clear(&out);
	table_print(&out, &t, false, false);
	assert_string_equal(str_ptr(&out),
	    "web   12345  Online\n"
	    "\u00fcber      -  -\n");
	str_fini(&out);
	table_fini(&t);
}

TEST(table_colours_state_words_alone)
{
	struct table t;
	struct str out = { 0 };

	fill(&t);
	table_print(&out, &t, false, true);
	assert_non_null(strstr(str_ptr(&out), "  \033[32mOnline\033[0m\n"));
	assert_null(strstr(str_ptr(&out), "\033[32mweb"));
	str_fini(&out);
	table_fini(&t);
}

TEST(table_lets_no_stranger_steer_the_terminal)
{
	struct table t;
	struct str out = { 0 };

	table_init(&t);
	table_column(&t, "NAME");
	table_add_text(&t, "a\033[2Jb\nc");
	table_print(&out, &t, false, false);
	assert_null(strchr(str_ptr(&out), '\033'));
	assert_ptr_equal(strchr(str_ptr(&out), '\n'), out.ptr + out.len - 1);
	str_fini(&out);
	table_fini(&t);
}

TEST(table_without_rows_has_its_headers)
{
	struct table t;
	struct str out = { 0 };

	table_init(&t);
	table_column(&t, "NAME");
	table_column(&t, "AGE");
	table_print(&out, &t, true, false);
	assert_string_equal(str_ptr(&out), "NAME  AGE\n");
	str_fini(&out);
	table_fini(&t);
}

TEST(ages_are_short)
{
	static const struct { int64_t age; const char *text; } cases[] = {
		{ 0, "0s" }, { 119, "119s" }, { 120, "2m" }, { 7199, "119m" },
		{ 7200, "2h" }, { 47 * 3600, "47h" }, { 48 * 3600, "2d" },
		{ 729 * 86400ll, "729d" }, { 800 * 86400ll, "2y" }, { -30, "0s" },
		{ -100, "-" },
	};
	char text[TABLE_AGE_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		table_age(text, 1790000000, 1790000000 + cases[i].age);
		assert_string_equal(text, cases[i].text);
	}
	table_age(text, 0, 1790000000);
	assert_string_equal(text, "-");
	table_due(text, 1790000000 + 300, 1790000000);
	assert_string_equal(text, "in 5m");
	table_due(text, 1790000000 - 300, 1790000000);
	assert_string_equal(text, "5m ago");
}

TEST(colour_is_for_terminals_that_want_it)
{
	static const struct {
		bool        flag, tty;
		const char *no_color, *force, *term;
		bool        expected;
	} cases[] = {
		{ false, true, NULL, NULL, "xterm", true },
		{ false, true, "", NULL, "xterm", true },
		{ false, true, "1", NULL, "xterm", false },
		{ true, true, NULL, NULL, "xterm", false },
		{ false, true, NULL, NULL, "dumb", false },
		{ false, true, NULL, NULL, NULL, false },
		{ false, false, NULL, NULL, "xterm", false },
		{ false, false, NULL, "1", NULL, true },
		{ false, true, NULL, "0", "xterm", false },
		{ false, false, "1", "1", NULL, false },
		{ true, false, NULL, "1", NULL, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(term_wants_colour(cases[i].flag, cases[i].tty,
		    cases[i].no_color, cases[i].force, cases[i].term),
		    cases[i].expected);
}
