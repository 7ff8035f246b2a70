#ifndef CTL_NAMES_H
#define CTL_NAMES_H

#include "modes/ctl/ctl_run.h"

/*
 * names: what people type, and what a fault calls it.
 */

/*
 * Takes NAME, NAMESPACE/NAME or NAME.NAMESPACE.mesh apart; without a namespace it is
 * that of -n.
 * what: "--service", "SERVICE".  CTL_OK, or CTL_USAGE, reported.
 */
int names_read(struct ctl *, const char *what, const char *word,
    const char **namespace, const char **name);

/*
 * What was looked for, as a sentence that begins with "no" goes on: "services
 * in namespace shop that match app=web".  In the arena.
 */
const char *names_sought(struct ctl *, const char *plural, bool is_namespaced);

/* A field of a document or request, and what was typed to fill it. */
struct names_field {
	const char *field;	/* "spec.address"; NULL ends a table */
	const char *typed;	/* "--address" */
};

/*
 * Reports a fault.  One about a field of the table is misuse of what was
 * typed; any other is ctl_fail_call's.
 */
int names_fail(const struct ctl *, const struct names_field *,
    const struct err *);

#endif
