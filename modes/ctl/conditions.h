#ifndef CTL_CONDITIONS_H
#define CTL_CONDITIONS_H

#include "base/str.h"
#include "conf/node.h"
#include "modes/ctl/ctl_run.h"

/*
 * conditions: what a document's status says of it, as Gateway API has it:
 * status.conditions, or those of each parent or ancestor.
 */
struct conditions_wish {
	struct slice type, status;	/* "Programmed", "True" */
};

/* "condition=TYPE[=STATUS]"; false for what is none. */
bool conditions_wish_read(struct conditions_wish *, struct slice text);
/*
 * Whether every group of conditions that the document has says so, about its
 * present generation.  If not, why (in the arena) is what stands against it.
 */
bool conditions_met(struct ctl *, const struct conf_node *doc,
    const struct conditions_wish *, const char **why);
/*
 * For a column: "True", or the reasons why not; "" where no group has such a
 * condition.
 */
void conditions_cell(struct str *out, const struct conf_node *doc,
    const char *type);
/* Takes them out of a status, whose other parts are shown otherwise. */
void conditions_drop(struct conf_node *status);
/* Adds them as a table, for people; nothing where there are none. */
void conditions_print(struct ctl *, const struct conf_node *doc);

#endif
