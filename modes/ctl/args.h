#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include "base/err.h"
#include "modes/ctl/command.h"

/*
 * args: a command line, taken apart by the tables.
 * Life: args_read -> args_has, args_value ... -> args_fini, failed or not.
 *
 *	--name VALUE  --name=VALUE  -n VALUE  -nVALUE  -qv  --switch
 *
 * Options may stand anywhere; "--" ends them, "-" is an argument.  Of an
 * option that does not repeat the last one counts.  Words are borrowed from
 * argv and from the environment.
 */
struct args_option {
	const struct ctl_option *option;
	const char              *value;	/* NULL: a switch */
};

struct args {
	const struct ctl_command *group;	/* of command, or NULL */
	const struct ctl_command *command;	/* NULL: none was named */
	const char              **words;	/* the arguments */
	size_t                    len;
	struct args_option       *options;	/* in their order */
	size_t                    options_len;
};

/*
 * argv without the mode's name.  -1: kind ERR_USAGE, and the command is set if
 * it is known.  The count of arguments is not looked at when help is asked for.
 */
int args_read(struct args *, char *const *argv, struct err *);
void args_fini(struct args *);

/* Names that are in no table of the command are bugs. */
bool args_has(const struct args *, const char *name);
/* As typed, else from the environment, else the fallback, else NULL. */
const char *args_value(const struct args *, const char *name);
/* As typed, or NULL: whatever environment and table say. */
const char *args_typed(const struct args *, const char *name);
/* The i-th value of one that repeats, or NULL. */
const char *args_nth(const struct args *, const char *name, size_t i);

#endif
