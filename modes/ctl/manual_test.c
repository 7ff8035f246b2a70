#include <string.h>

#include "base/manual_test.h"
#include "modes/ctl/command.h"

/* The tables of commands and options are held against mesh-ctl(1). */

#define ASKS	"Asks first; where nobody can be asked, --yes is required."

struct page {
	struct manual manual;
	struct slice  commands;
};

/* "cert show" of ".It Cm cert show Ar FILE"; absent for another line. */
static struct slice
command_of(struct slice line)
{
	struct slice words, rest, word;
	size_t len = 0;

	if (!manual_item(line, "Cm", &words))
		return SLICE_NONE;
	for (rest = words; slice_cut(&rest, ' ', &word);) {
		if (slice_is(word, "Ar"))
			break;
		len = (size_t)(word.ptr + word.len - words.ptr);
	}
	return slice_of(words.ptr, len);
}

static struct str
full_name(const struct ctl_command *group, const struct ctl_command *c)
{
	struct str name = { 0 };

	if (group != NULL)
		str_addf(&name, "%s ", group->name);
	str_add(&name, c->name);
	return name;
}

/* What stands below the item of a command, up to the next command. */
static struct slice
item_of(struct slice commands, struct slice name)
{
	struct slice line;
	const char *from = NULL;

	while (slice_cut(&commands, '\n', &line)) {
		struct slice found = command_of(line);

		if (from != NULL && found.ptr != NULL)
			return slice_of(from, (size_t)(line.ptr - from));
		if (from == NULL && found.ptr != NULL && slice_eq(found, name))
			from = commands.ptr;
	}
	return from == NULL ? SLICE_NONE :
	    slice_of(from, (size_t)(line.ptr + line.len - from));
}

static void
expect_options(const char *name, struct slice item,
    const struct ctl_option *options)
{
	char flag[64];

	for (const struct ctl_option *o = options; o && o->name; o++) {
		snprintf(flag, sizeof(flag), "-%s", o->name);
		if (!manual_has(item, "Fl", flag))
			fail_msg("mesh-ctl.1 has no -%s of %s", flag, name);
		snprintf(flag, sizeof(flag), "%c", o->letter);
		if (o->letter != '\0' && !manual_has(item, "Fl", flag))
			fail_msg("mesh-ctl.1 has no -%s of %s", flag, name);
	}
}

static bool
is_option(const void *arg, struct slice word)
{
	const struct ctl_option *options = arg;

	if (word.len > 1 && word.ptr[0] == '-')
		return ctl_option_find(options, word.ptr + 1, word.len - 1) != NULL;
	return word.len == 1 && ctl_option_letter(options, word.ptr[0]) != NULL;
}

static void
check_command(void *arg, const struct ctl_command *group,
    const struct ctl_command *c)
{
	const struct page *p = arg;
	struct str name = full_name(group, c);
	struct slice item = item_of(p->commands, str_slice(&name));

	if (item.ptr == NULL)
		fail_msg("mesh-ctl.1 has no command %s", str_ptr(&name));
	expect_options(str_ptr(&name), item, c->options);
	manual_check_items(&p->manual, item, "Fl", is_option, c->options);
	if (c->asks != (memmem(item.ptr, item.len, ASKS, strlen(ASKS)) != NULL))
		fail_msg("mesh-ctl.1: whether %s asks", str_ptr(&name));
	str_fini(&name);
}

struct sought {
	struct slice name;
	bool         found;
};

static void
compare(void *arg, const struct ctl_command *group, const struct ctl_command *c)
{
	struct sought *s = arg;
	struct str name = full_name(group, c);

	s->found = s->found || slice_eq(s->name, str_slice(&name));
	str_fini(&name);
}

TEST(manual_has_every_command_and_option)
{
	struct page p;

	manual_open(&p.manual, "mesh-ctl.1");
	p.commands = manual_section(&p.manual, ".Sh COMMANDS");
	ctl_command_each(check_command, &p);

	struct slice globals = manual_section(&p.manual, ".Sh OPTIONS");

	expect_options("every command", globals, ctl_globals);
	manual_check_items(&p.manual, globals, "Fl", is_option, ctl_globals);
	manual_close(&p.manual);
}

TEST(manual_has_no_other_command)
{
	struct manual m;

	manual_open(&m, "mesh-ctl.1");
	struct slice rest = manual_section(&m, ".Sh COMMANDS"), line;

	while (slice_cut(&rest, '\n', &line)) {
		struct sought s = { command_of(line), false };

		if (s.name.ptr == NULL)
			continue;
		ctl_command_each(compare, &s);
		if (!s.found)
			fail_msg("mesh-ctl.1 has \"%.*s\", which does not exist",
			    SLICE_ARG(s.name));
	}
	manual_close(&m);
}
