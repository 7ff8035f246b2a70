#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/*
 * command: what can be typed behind `mesh ctl`, as const tables.
 *
 * A command is a file, cmd_NAME.c, with its entry on top; the entry stands in
 * the list of command.c and nowhere else.  Parsing, help, completion and the
 * test of the manual page read these tables, so a flag that is in no table
 * does not exist.
 *
 * A group ("token") has commands below it and no function of its own.  An
 * option has the same meaning of name, letter and value in every command that
 * has it; a unit test sees to that, because it lets flags stand anywhere, in
 * front of the command too.
 */
struct ctl;

/* What a word can be, for completion. */
enum ctl_word {
	CTL_WORD_ANY,
	CTL_WORD_FILE,
	CTL_WORD_DIR,
	CTL_WORD_KIND,
	CTL_WORD_SHELL,
};

struct ctl_option {
	const char        *name;	/* "dry-run"; NULL ends a table */
	char               letter;	/* or '\0' */
	const char        *value;	/* "FILE"; NULL: a switch */
	bool               repeats;
	const char        *env;		/* "MESH_NAMESPACE", or NULL */
	const char        *fallback;	/* value when nobody says one, or NULL */
	const char *const *words;	/* the only values; NULL ends, or NULL */
	enum ctl_word      word;	/* of the value */
	const char        *text;	/* one line */
};

struct ctl_example {
	const char *line;	/* behind "mesh ctl "; NULL ends a table */
	const char *text;
};

struct ctl_command {
	const char               *name;		/* one word */
	const char               *alias;	/* or NULL */
	const char               *arguments;	/* "KIND [NAME...]", or "" */
	const char               *needs;	/* options that it does not run
						   without, as usage has them */
	const char               *summary;	/* one line, no full stop */
	const char               *text;		/* paragraphs, or NULL */
	int                       min, max;	/* arguments; max -1: any */
	bool                      asks;		/* before it takes something away */
	enum ctl_word             word;		/* of the first argument */
	const struct ctl_option  *options;	/* besides ctl_globals; or NULL */
	const struct ctl_example *examples;
	int                     (*run)(struct ctl *);	/* the exit code */
	const struct ctl_command *const *below;	/* of a group; NULL ends */
};

extern const struct ctl_command *const ctl_commands[];	/* NULL ends */
extern const struct ctl_option ctl_globals[];

/* By name or alias. */
const struct ctl_command *ctl_command_find(
    const struct ctl_command *const *list, const char *word);
/* What is meant by a word that is none of the list, or NULL. */
const char *ctl_command_nearest(const struct ctl_command *const *list,
    const char *word);

/* An option of one table (NULL: of an empty one). */
const struct ctl_option *ctl_option_find(const struct ctl_option *table,
    const char *name, size_t len);
const struct ctl_option *ctl_option_letter(const struct ctl_option *table,
    char letter);

/* Calls back for every command that runs, groups being entered. */
typedef void ctl_each_fn(void *arg, const struct ctl_command *group,
    const struct ctl_command *);
void ctl_command_each(ctl_each_fn *, void *arg);

#endif
