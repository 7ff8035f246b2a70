#ifndef CTL_HELP_H
#define CTL_HELP_H

#include "base/str.h"
#include "modes/ctl/command.h"

/* help: what --help says, from the tables; examples come first. */
#define HELP_WIDTH	80

/* Of `mesh ctl`. */
void help_overview(struct str *out);
/* Of a command, or of a group; group is that of command, or NULL. */
void help_command(struct str *out, const struct ctl_command *group,
    const struct ctl_command *);
/* "mesh ctl token create [OPTION...]" */
void help_usage(struct str *out, const struct ctl_command *group,
    const struct ctl_command *);
/* "-s, --server HOST:PORT" */
void help_flag(struct str *out, const struct ctl_option *);
/*
 * Breaks text into lines that end before HELP_WIDTH; the first begins where
 * out stands, at column at, the others at column indent.
 */
void help_wrap(struct str *out, size_t at, size_t indent, const char *text);

#endif
