#include "base/suggest.h"
#include "base/unit.h"

static const char *
nearest(const char *word)
{
	static const char *const words[] = { "proxy", "control", "ctl", "help",
		"version", "a" };
	struct suggest s = suggest_start(word);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		suggest_offer(&s, words[i]);
	return s.best;
}

TEST(suggest_finds_the_word_that_was_meant)
{
	static const struct {
		const char *word;
		const char *meant;
	} cases[] = {
		{ "proxy", "proxy" },	{ "prxoy", "proxy" },
		{ "poxy", "proxy" },	{ "proxyy", "proxy" },
		{ "pr0xi", "proxy" },	{ "ctrl", "ctl" },
		{ "contrl", "control" }, { "controller", "control" },
		{ "verison", "version" },
		{ "", NULL },		{ "b", NULL },
		{ "status", NULL },	{ "xxxxx", NULL },
		{ "proxyproxyproxyproxyproxyproxyproxyproxyproxyproxyproxyproxyproxy",
		    NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *found = nearest(cases[i].word);

		if (cases[i].meant == NULL) {
			assert_null(found);
		} else {
			assert_non_null(found);
			assert_string_equal(found, cases[i].meant);
		}
	}
}

TEST(suggest_prefers_the_first_of_equals)
{
	struct suggest s = suggest_start("bat");

	suggest_offer(&s, "cat");
	suggest_offer(&s, "hat");
	assert_string_equal(s.best, "cat");
}
