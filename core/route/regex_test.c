#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "route/regex_program.h"

static const struct regex_budget walked = { .states_max = 0 };

static struct regex *
compiled(const char *pattern, enum regex_mode mode)
{
	struct err err = ERR_INIT;
	struct regex *re = regex_compile(slice_str(pattern), mode, &err);

	if (re == NULL)
		fail_msg("%s: %s", pattern, err.text);
	return re;
}

/* By table and by steps. */
static void
assert_match(const char *pattern, enum regex_mode mode, const char *text,
    bool expected)
{
	struct err err = ERR_INIT;
	struct regex *by_table = compiled(pattern, mode);
	struct regex *by_steps = regex_compile_within(slice_str(pattern), mode,
	    &walked, &err);
	uint64_t visits = 0;

	if (regex_match(by_table, slice_str(text)) != expected ||
	    regex_match_counted(by_steps, slice_str(text), &visits) != expected)
		fail_msg("%s %s \"%s\"", pattern, expected ? "refuses" : "takes",
		    text);
	regex_free(by_table);
	regex_free(by_steps);
}

/* The tables of GEP-4359. */
static const struct {
	const char *pattern;
	enum regex_mode mode;
	const char *yes[12], *no[8];
} dialect[] = {
	{ "^(https?://)?www\\.example\\.(com|org)$", REGEX_ANYWHERE,
	    { "www.example.com", "www.example.org", "http://www.example.com",
	      "https://www.example.com", "http://www.example.org",
	      "https://www.example.org" },
	    { "example.com", "www.example.net", "www.example.(com|org)",
	      "www.example.corg", "www.example.comorg", "ahttp://www.example.org",
	      "http://www.example.orga" } },
	{ "a*", REGEX_ANYWHERE, { "", "a", "aaaaa", "b" }, { NULL } },
	{ "a+", REGEX_ANYWHERE, { "a", "baaaaab" }, { "", "b" } },
	{ "^colo(u|)r$", REGEX_ANYWHERE, { "color", "colour" },
	    { "colouur", "colo(u)r" } },
	{ "^colou?r$", REGEX_ANYWHERE, { "color", "colour" },
	    { "colouur", "colo(u)r" } },
	{ "^colo(u)?r$", REGEX_ANYWHERE, { "color", "colour" },
	    { "colouur", "colo(u)r" } },
	{ "^colou{0,1}r$", REGEX_ANYWHERE, { "color", "colour" },
	    { "colouur", "colo(u)r" } },
	{ "\\*+", REGEX_WHOLE, { "*", "****" }, { "", "a" } },
	{ "[a-zA-Z0-9.]", REGEX_WHOLE, { "a", "Z", "5", "." }, { "-", " " } },
	{ "[^a-zA-Z]", REGEX_WHOLE, { "-", " ", "9" }, { "a", "Z", "k" } },
	{ "^[^^]$", REGEX_ANYWHERE, { "a", "$" }, { "", "^", "ab" } },
	{ "^[-a]$", REGEX_ANYWHERE, { "-", "a" }, { "", "b", "-a" } },
	{ "^[a-]$", REGEX_ANYWHERE, { "-", "a" }, { "", "b", "-a" } },
	{ "^[-.*(){}|^$\\\\]$", REGEX_ANYWHERE,
	    { "-", ".", "*", "(", ")", "{", "}", "|", "^", "$", "\\" },
	    { "", "a", "/" } },
	{ "^[\\-\\.\\*\\(\\)\\{\\}\\|\\^\\$\\\\]$", REGEX_ANYWHERE,
	    { "-", ".", "*", "(", ")", "{", "}", "|", "^", "$", "\\" },
	    { "", "a", "/" } },
	{ "^[\\-Z]$", REGEX_ANYWHERE, { "-", "Z" }, { "", "\\", "Y" } },
	/* Ours, where the dialect leaves it open. */
	{ "/users/\\d+", REGEX_WHOLE, { "/users/1", "/users/42" },
	    { "/users/", "/users/1/", "x/users/1" } },
	{ "[\\w-]+", REGEX_WHOLE, { "a_b-9" }, { "", "a b", "a.b" } },
	{ "\\W\\D\\S", REGEX_WHOLE, { "-aa" }, { "aaa", "-1a", "-a " } },
	{ "[\\]\\[]", REGEX_WHOLE, { "]", "[" }, { "\\" } },
	{ "[]a]", REGEX_WHOLE, { "]", "a" }, { "[" } },
	{ "[[:alpha:][:digit:]]", REGEX_WHOLE, { "a", "1" }, { ":", "[" } },
	{ "(?:ab)+", REGEX_WHOLE, { "ab", "abab" }, { "aba" } },
	{ "a{2,3}", REGEX_WHOLE, { "aa", "aaa" }, { "a", "aaaa" } },
	{ "a{2,}", REGEX_WHOLE, { "aa", "aaaaa" }, { "a", "" } },
	{ "(ab){2}", REGEX_WHOLE, { "abab" }, { "ab", "ababab" } },
	{ "a{0}b", REGEX_WHOLE, { "b" }, { "ab" } },
	{ "(a|b|)c", REGEX_WHOLE, { "ac", "bc", "c" }, { "abc" } },
	{ "a|b|c", REGEX_WHOLE, { "a", "b", "c" }, { "ab", "" } },
	{ "x^a", REGEX_WHOLE, { NULL }, { "xa", "x^a", "a" } },
	{ "$^", REGEX_WHOLE, { "" }, { "a" } },
	{ "(a*)*", REGEX_WHOLE, { "", "aaa" }, { "b" } },
	{ "((a?)+)+", REGEX_WHOLE, { "", "aaa" }, { "b" } },
	{ "a]b}", REGEX_WHOLE, { "a]b}" }, { "ab" } },
	{ ".", REGEX_WHOLE, { "a", "\x80", "\t" }, { "\n", "", "ab" } },
	{ "", REGEX_WHOLE, { "" }, { "a" } },
};

TEST(regex_matches_what_the_dialect_says)
{
	for (size_t i = 0; i < sizeof(dialect) / sizeof(dialect[0]); i++) {
		for (size_t k = 0; k < 12 && dialect[i].yes[k] != NULL; k++)
			assert_match(dialect[i].pattern, dialect[i].mode,
			    dialect[i].yes[k], true);
		for (size_t k = 0; k < 8 && dialect[i].no[k] != NULL; k++)
			assert_match(dialect[i].pattern, dialect[i].mode,
			    dialect[i].no[k], false);
	}
}

static const struct {
	const char *pattern;
	size_t      column;
	const char *what;
} refused[] = {
	{ "a**", 3, "quantifier" },
	{ "a+?", 3, "quantifier" },
	{ "ab{1,2}+", 8, "quantifier" },
	{ "*a", 1, "nothing stands before" },
	{ "(|+)", 3, "nothing stands before" },
	{ "/a/{id}", 5, "a number is missing" },
	{ "/a/x{id}", 6, "a number is missing" },
	{ "a{,2}", 3, "a number is missing" },
	{ "a{2", 2, "not closed" },
	{ "a{2,1}", 2, "ends before it begins" },
	{ "a{1001}", 3, "more repetitions" },
	{ "(abc", 1, "not closed" },
	{ "abc)", 4, "closes nothing" },
	{ "a[bc", 2, "not closed" },
	{ "[z-a]", 2, "ends before it begins" },
	{ "[\\d-z]", 2, "to a class" },
	{ "[[:word:]]", 2, "no such class" },
	{ "[[.a.]]", 2, "collating" },
	{ "(a)\\1", 4, "backreference" },
	{ "a\\b", 2, "an escape" },
	{ "ab\\", 3, "backslash" },
	{ "(?i)a", 1, "flags" },
	{ "(?=a)", 1, "look-around" },
	{ "^*", 2, "anchor" },
	{ "a\x01", 2, "printable" },
	{ "\xc3\xa9", 1, "printable" },
	{ "((((a{10}){10}){10}){10}){10}", 25, "too large" },
	{ "(a{900}){900}", 14, "too large" },
};

TEST(regex_refuses_with_the_column)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err err = ERR_INIT;
		char column[32];

		snprintf(column, sizeof(column), "column %zu: ",
		    refused[i].column);
		if (regex_compile(slice_str(refused[i].pattern), REGEX_WHOLE,
		    &err) != NULL)
			fail_msg("%s was taken", refused[i].pattern);
		if (strncmp(err.text, column, strlen(column)) != 0 ||
		    strstr(err.text, refused[i].what) == NULL)
			fail_msg("%s: %s", refused[i].pattern, err.text);
		assert_int_equal(err.kind, ERR_DATA);
	}
}

TEST(regex_groups_may_lie_only_so_deep)
{
	char pattern[2 * (REGEX_DEPTH_MAX + 1) + 1];

	for (size_t depth = REGEX_DEPTH_MAX; depth <= REGEX_DEPTH_MAX + 1; depth++) {
		struct err err = ERR_INIT;

		memset(pattern, '(', depth);
		memset(pattern + depth, ')', depth);
		struct regex *re = regex_compile(slice_of(pattern, 2 * depth),
		    REGEX_WHOLE, &err);

		assert_int_equal(re != NULL, depth == REGEX_DEPTH_MAX);
		regex_free(re);
	}
}

/* Patterns that make others take exponential time, or memory. */
static const char *const hard[] = {
	"(a*)*b", "(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*)*b", "((a*)*)*b",
	"(a?){30}a{30}b", ".*.*.*.*.*.*.*.*b", "(x+x+)+y", "(a|b|ab)*c",
	"[ab]*a[ab]{14}", "([ab]*a){20}b", "(a{0,20}){0,20}b",
	"((((a+)+)+)+)+b",
};

TEST(regex_takes_a_bounded_number_of_steps)
{
	static char text[4096];

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
		struct err err = ERR_INIT;
		struct regex *by_steps = regex_compile_within(slice_str(hard[i]),
		    REGEX_WHOLE, &walked, &err);
		struct regex *re = compiled(hard[i], REGEX_WHOLE);
		uint64_t visits = 0;

		assert_non_null(by_steps);
		for (size_t len = 1; len <= sizeof(text); len *= 8) {
			visits = 0;
			(void)regex_match_counted(by_steps, slice_of(text, len),
			    &visits);
			assert_in_range(visits, 1,
			    2 * (len + 2) * REGEX_PROGRAM_MAX);
			visits = 0;
			(void)regex_match_counted(re, slice_of(text, len), &visits);
			assert_in_range(visits, 1,
			    2 * (len + 2) * REGEX_PROGRAM_MAX);
		}
		assert_in_range(regex_bytes(re), 1, 64 * 1024);
		assert_in_range(regex_bytes(by_steps), 1, 64 * 1024);
		regex_free(re);
		regex_free(by_steps);
	}
}

TEST(regex_of_few_states_looks_once_at_a_byte)
{
	static const char *const plain[] = { "/users/[0-9]+/orders(/.*)?",
		"(a*)*b", "v[12]\\.[0-9]{1,3}", "(GET|POST) /.*" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		struct regex *re = compiled(plain[i], REGEX_ANYWHERE);
		uint64_t visits = 0;

		(void)regex_match_counted(re, SLICE("aaaaaaaaaaaaaaaaaaaa"),
		    &visits);
		assert_int_equal(visits, 20);
		regex_free(re);
	}
}
