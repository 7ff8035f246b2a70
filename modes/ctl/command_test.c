#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "modes/ctl/command.h"
#include "modes/ctl/help.h"

/* Every option of every command, to be held against each other. */
static struct {
	const struct ctl_option  *option;
	const struct ctl_command *command;	/* NULL: global */
} all[1024];
static size_t all_len;

static void
collect_table(const struct ctl_option *o, const struct ctl_command *c)
{
	for (; o != NULL && o->name != NULL; o++) {
		assert_true(all_len < sizeof(all) / sizeof(all[0]));
		all[all_len].option = o;
		all[all_len++].command = c;
	}
}

static void
collect_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	(void)arg;
	(void)group;
	collect_table(c->options, c);
}

static void
collect(void)
{
	all_len = 0;
	collect_table(ctl_globals, NULL);
	ctl_command_each(collect_command, NULL);
}

TEST(option_means_the_same_in_every_command)
{
	collect();
	for (size_t i = 0; i < all_len; i++)
		for (size_t j = 0; j < i; j++) {
			const struct ctl_option *a = all[i].option, *b = all[j].option;
			bool same_name = strcmp(a->name, b->name) == 0;
			bool same_letter = a->letter != '\0' &&
			    a->letter == b->letter;

			if (same_name) {
				assert_int_equal(a->letter, b->letter);
				assert_true((a->value == NULL) == (b->value == NULL));
				/* Not twice in what one command takes. */
				assert_ptr_not_equal(all[i].command, all[j].command);
				assert_non_null(all[j].command);
			}
			if (same_letter)
				assert_string_equal(a->name, b->name);
		}
}

TEST(options_are_complete)
{
	collect();
	for (size_t i = 0; i < all_len; i++) {
		const struct ctl_option *o = all[i].option;

		assert_true(strspn(o->name, "abcdefghijklmnopqrstuvwxyz-") ==
		    strlen(o->name));
		assert_non_null(o->text);
		assert_null(strchr(o->text, '\n'));
		assert_true(o->value != NULL || (!o->repeats &&
		    o->fallback == NULL && o->words == NULL && o->env == NULL));
		assert_true(o->env == NULL || strncmp(o->env, "MESH_", 5) == 0);
		for (size_t k = 0; o->words != NULL && o->fallback != NULL; k++) {
			assert_non_null(o->words[k]);
			if (strcmp(o->words[k], o->fallback) == 0)
				break;
		}
	}
}

/* Each "--WORD" of what it needs is one of its options. */
static void
check_needs(const struct ctl_command *c)
{
	struct slice rest = slice_str(c->needs), word;

	while (slice_cut(&rest, ' ', &word)) {
		ptrdiff_t at = word.len > 2 ? slice_find(word, '-') : -1;

		if (at < 0 || word.ptr[at + 1] != '-')
			continue;
		word = slice_from(word, (size_t)at + 2);
		assert_non_null(ctl_option_find(c->options, word.ptr,
		    word.len));
	}
}

static void
check_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	size_t *n = arg;
	struct str begin = { 0 };

	(*n)++;
	assert_non_null(c->run);
	assert_non_null(c->arguments);
	assert_non_null(c->examples);
	assert_true(c->max < 0 || c->min <= c->max);
	assert_true((*c->arguments == '\0') == (c->max == 0));
	check_needs(c);
	assert_null(strchr(c->summary, '\n'));
	assert_true(c->summary[strlen(c->summary) - 1] != '.');
	if (group != NULL)
		str_addf(&begin, "%s ", group->name);
	str_add(&begin, c->name);
	for (const struct ctl_example *e = c->examples; e->line != NULL; e++)
		assert_int_equal(strncmp(e->line, str_ptr(&begin), begin.len), 0);
	str_fini(&begin);
}

TEST(commands_are_complete_and_examples_are_of_their_command)
{
	size_t n = 0;

	ctl_command_each(check_command, &n);
	assert_true(n >= 6);
}

static void
check_names(const struct ctl_command *const *list)
{
	for (size_t i = 0; list[i] != NULL; i++) {
		assert_ptr_equal(ctl_command_find(list, list[i]->name), list[i]);
		if (list[i]->alias != NULL)
			assert_ptr_equal(ctl_command_find(list, list[i]->alias),
			    list[i]);
		if (list[i]->below != NULL) {
			assert_null(list[i]->run);
			check_names(list[i]->below);
		}
	}
}

TEST(no_name_stands_for_two_commands)
{
	check_names(ctl_commands);
}

TEST(typo_finds_the_command)
{
	static const struct { const char *word, *expected; } cases[] = {
		{ "vlaidate", "validate" }, { "EXPLAIN", "explain" },
		{ "verison", "version" }, { "frobnicate", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *near = ctl_command_nearest(ctl_commands,
		    cases[i].word);

		if (cases[i].expected == NULL)
			assert_null(near);
		else
			assert_string_equal(near, cases[i].expected);
	}
}

static void
check_help(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	struct str out = { 0 };
	struct slice rest, line;

	(void)arg;
	help_command(&out, group, c);
	rest = str_slice(&out);
	while (slice_cut(&rest, '\n', &line)) {
		if (line.len > HELP_WIDTH && strstr(line.ptr, "mesh ctl") == NULL)
			fail_msg("%s: \"%.*s\"", c->name, SLICE_ARG(line));
	}
	const char *examples = strstr(str_ptr(&out), "\nexamples:\n");
	const char *options = strstr(str_ptr(&out), "\noptions:\n");

	assert_non_null(examples);
	assert_true(options == NULL || examples < options);
	for (const struct ctl_option *o = c->options; o != NULL && o->name != NULL;
	    o++)
		assert_non_null(strstr(options, o->name));
	str_fini(&out);
}

TEST(help_of_every_command_fits_and_names_its_options)
{
	ctl_command_each(check_help, NULL);
}

TEST(help_overview_names_all)
{
	struct str out = { 0 };

	help_overview(&out);
	for (size_t i = 0; ctl_commands[i] != NULL; i++)
		assert_non_null(strstr(str_ptr(&out), ctl_commands[i]->summary));
	for (const struct ctl_option *o = ctl_globals; o->name != NULL; o++)
		assert_non_null(strstr(str_ptr(&out), o->name));
	str_fini(&out);
}

TEST(help_is_written_like_this)
{
	static const struct ctl_option options[] = {
		{ "file", 'f', "FILE", .repeats = true, .text = "what to read" },
		{ "a-very-long-name-for-a-flag", 0, "WORD", .env = "MESH_X",
		    .fallback = "y",
		    .text = "words that do not fit into what is left of one line" },
		{ 0 },
	};
	static const struct ctl_example examples[] = {
		{ "do it -f x", "it is done" },
		{ 0 },
	};
	static const struct ctl_command group = { .name = "do" };
	static const struct ctl_command command = { .name = "it", .alias = "that",
		.arguments = "[NAME]", .summary = "do something",
		.text = "One.\nTwo.", .options = options, .examples = examples };
	struct str out = { 0 };

	help_command(&out, &group, &command);
	assert_string_equal(str_ptr(&out),
	    "do something\n"
	    "\n"
	    "usage: mesh ctl do it [NAME] [OPTION...]\n"
	    "also: that\n"
	    "\n"
	    "examples:\n"
	    "  mesh ctl do it -f x\n"
	    "      it is done\n"
	    "\n"
	    "One.\n"
	    "\n"
	    "Two.\n"
	    "\n"
	    "options:\n"
	    "  -f, --file FILE             what to read; may be repeated\n"
	    "      --a-very-long-name-for-a-flag WORD\n"
	    "                              words that do not fit into what is left of one\n"
	    "                              line (default y) [MESH_X]\n"
	    "\n"
	    "mesh ctl --help lists the options that every command has.\n");
	str_fini(&out);
}

static void
add_asking(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	if (c->asks)
		str_addf(arg, "%s%s%s\n", group == NULL ? "" : group->name,
		    group == NULL ? "" : " ", c->name);
}

/* What takes away asks, and nothing else does. */
TEST(command_that_takes_away_asks)
{
	static const char *const asking[] = { "delete", "deregister", "revoke",
		"host remove", "token revoke", "operator revoke", "user delete",
		"logins", "ca activate", "ca discard", "ca revoke",
		"ca replace-token-key" };
	struct str found = { 0 }, wanted = { 0 };

	ctl_command_each(add_asking, &found);
	for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s\n", asking[i]);
		if (strstr(str_ptr(&found), line) == NULL)
			fail_msg("%s does not ask", asking[i]);
		str_add(&wanted, line);
	}
	assert_int_equal(found.len, wanted.len);
	str_fini(&found);
	str_fini(&wanted);
}
