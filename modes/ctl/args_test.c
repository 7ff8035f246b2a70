#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "modes/ctl/args.h"

#define WORDS	12

static const struct {
	const char *line[WORDS];
	const char *command;	/* "cert show", NULL: none */
	const char *words;	/* joined by "|" */
	const char *options;	/* "name=value|switch" */
} good[] = {
	{ { "version" }, "version", "", "" },
	{ { "cert", "show", "x" }, "cert show", "x", "" },
	{ { "-o", "json", "version" }, "version", "", "output=json" },
	{ { "version", "-ojson" }, "version", "", "output=json" },
	{ { "version", "--output=json" }, "version", "", "output=json" },
	{ { "version", "--output", "json" }, "version", "", "output=json" },
	{ { "-qv", "version" }, "version", "", "quiet|verbose" },
	{ { "-qojson", "version" }, "version", "", "quiet|output=json" },
	{ { "-qo", "json", "version" }, "version", "", "quiet|output=json" },
	{ { "cert", "-n", "show", "show", "x" }, "cert show", "x",
	    "namespace=show" },
	/* An option of the command in front of it. */
	{ { "--bundle", "b", "cert", "verify", "x" }, "cert verify", "x",
	    "bundle=b" },
	{ { "-f", "a", "validate", "-f", "b", "-R" }, "validate", "",
	    "filename=a|filename=b|recursive" },
	{ { "validate", "-f", "-" }, "validate", "", "filename=-" },
	{ { "cert", "show", "-" }, "cert show", "-", "" },
	{ { "cert", "show", "--", "-x" }, "cert show", "-x", "" },
	{ { "--help" }, NULL, "", "help" },
	{ { "cert", "-h" }, NULL, "", "help" },
	{ { "cert", "show", "-h" }, "cert show", "", "help" },
	{ { NULL }, NULL, "", "" },
};

static void
join_options(struct str *out, const struct args *a)
{
	for (size_t i = 0; i < a->options_len; i++) {
		str_addf(out, "%s%s", i > 0 ? "|" : "", a->options[i].option->name);
		if (a->options[i].value != NULL)
			str_addf(out, "=%s", a->options[i].value);
	}
}

static void
join_command(struct str *out, const struct args *a)
{
	if (a->command != NULL && a->group != NULL)
		str_addf(out, "%s ", a->group->name);
	if (a->command != NULL)
		str_add(out, a->command->name);
}

static int
read_line(struct args *a, const char *const *line, struct err *err)
{
	static char text[WORDS][64];
	char *argv[WORDS + 1] = { NULL };

	for (size_t i = 0; i < WORDS && line[i] != NULL; i++) {
		snprintf(text[i], sizeof(text[i]), "%s", line[i]);
		argv[i] = text[i];
	}
	return args_read(a, argv, err);
}

TEST(args_may_stand_in_any_order)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct args a;
		struct err err = ERR_INIT;
		struct str command = { 0 }, words = { 0 }, options = { 0 };

		if (read_line(&a, good[i].line, &err) < 0)
			fail_msg("case %zu: %s", i, err.text);
		join_command(&command, &a);
		for (size_t k = 0; k < a.len; k++)
			str_addf(&words, "%s%s", k > 0 ? "|" : "", a.words[k]);
		join_options(&options, &a);
		assert_string_equal(str_ptr(&command),
		    good[i].command == NULL ? "" : good[i].command);
		assert_string_equal(str_ptr(&words), good[i].words);
		assert_string_equal(str_ptr(&options), good[i].options);
		str_fini(&command);
		str_fini(&words);
		str_fini(&options);
		args_fini(&a);
	}
}

static const struct {
	const char *line[WORDS];
	const char *text;
} bad[] = {
	{ { "vresion" }, "unknown command \"vresion\"; did you mean \"version\"?" },
	{ { "xyzzy" }, "unknown command \"xyzzy\"" },
	{ { "cert", "sohw" },
	    "unknown command \"cert sohw\"; did you mean \"cert show\"?" },
	{ { "version", "--ouptut", "json" },
	    "unknown option \"--ouptut\"; did you mean \"--output\"?" },
	{ { "version", "--quite=1" },
	    "unknown option \"--quite=1\"; did you mean \"--quiet\"?" },
	{ { "version", "-X" }, "unknown option \"-X\"" },
	{ { "version", "--output" }, "--output: its FORMAT is missing" },
	{ { "version", "--output=" }, "--output: its FORMAT is missing" },
	{ { "version", "-n", "" }, "--namespace: its NAME is missing" },
	{ { "version", "-o", "jsno" },
	    "--output: unknown FORMAT \"jsno\"; did you mean \"json\"?" },
	{ { "version", "--quiet=yes" }, "--quiet takes no value" },
	{ { "version", "now" }, "unexpected argument \"now\"" },
	{ { "cert", "show" }, "an argument is missing, expected FILE" },
	/* Known, but not to this command. */
	{ { "version", "-f", "x" }, "unknown option \"-f\"" },
};

TEST(args_that_are_wrong_say_why)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct args a;
		struct err err = ERR_INIT;

		assert_int_equal(read_line(&a, bad[i].line, &err), -1);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_string_equal(err.text, bad[i].text);
		args_fini(&a);
	}
}

TEST(args_come_from_line_then_environment_then_table)
{
	static const char *const plain[] = { "version", NULL };
	static const char *const typed[] = { "version", "-n", "shop", "-n", "bar",
		NULL };
	struct args a;
	struct err err;

	setenv("MESH_NAMESPACE", "from-env", 1);
	assert_int_equal(read_line(&a, typed, &err), 0);
	assert_string_equal(args_value(&a, "namespace"), "bar");
	assert_string_equal(args_nth(&a, "namespace", 0), "shop");
	assert_null(args_nth(&a, "namespace", 2));
	args_fini(&a);
	assert_int_equal(read_line(&a, plain, &err), 0);
	assert_string_equal(args_value(&a, "namespace"), "from-env");
	assert_null(args_typed(&a, "namespace"));
	setenv("MESH_NAMESPACE", "", 1);
	assert_string_equal(args_value(&a, "namespace"), "default");
	unsetenv("MESH_NAMESPACE");
	assert_string_equal(args_value(&a, "namespace"), "default");
	assert_null(args_value(&a, "server"));
	args_fini(&a);
}
