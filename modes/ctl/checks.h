#ifndef CTL_CHECKS_H
#define CTL_CHECKS_H

#include "modes/ctl/ctl_run.h"

/*
 * checks: what `mesh ctl check` looks at.
 * Life: all zeros -> checks_run -> lines are read; they live in the arena.
 *
 * Later checks lean on earlier ones: what cannot be asked because control is
 * away is not reported as a fault of its own.
 */
enum check_result { CHECK_SUCCESS, CHECK_WARNING, CHECK_ERROR };

struct check_line {
	const char       *category;	/* "control" */
	const char       *text;		/* what should be so */
	enum check_result result;
	const char       *why;		/* it is not, or NULL */
	const char       *hint;		/* what to do, or NULL */
};

#define CHECKS_MAX	512

struct checks {
	struct check_line lines[CHECKS_MAX];
	size_t            len;
};

void checks_run(struct ctl *, struct checks *);
enum check_result checks_result(const struct checks *);	/* the worst */

#endif
