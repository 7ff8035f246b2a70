#ifndef CTL_ROWS_H
#define CTL_ROWS_H

#include "conf/node.h"
#include "modes/ctl/ctl_run.h"

/*
 * rows: a list of JSON objects as a table, by a table of columns.
 */
enum rows_how {
	ROWS_TEXT,	/* a scalar, or a list joined by commas */
	ROWS_NUMBER,	/* the same, to the right */
	ROWS_AGE,	/* of an RFC 3339 time: "5m" */
	ROWS_DUE,	/* a time to come: "in 5m" */
	ROWS_MS,	/* milliseconds: "12ms" */
	ROWS_YES,	/* a boolean: √ or "-" */
};

struct rows_column {
	const char   *title;	/* NULL ends */
	const char   *field;	/* "name", "a.b" */
	enum rows_how how;
	bool          wide;	/* with -o wide alone */
};

/*
 * Adds the list in the format that -o says; -o name gives the first column.
 * Says on standard error, by the word ("tokens"), that there are none.
 */
void rows_print(struct ctl *, const struct conf_node *list,
    const struct rows_column *, const char *word);
/* A scalar as text, in the arena; NULL for what is none. */
const char *rows_text(struct ctl *, const struct conf_node *);

#endif
