#ifndef CONF_SOURCE_H
#define CONF_SOURCE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * source: a text on its way into nodes; shared by the readers of this folder.
 * The limits are what a document, however hostile, can make us hold.  Nodes
 * are counted over the whole file, aliases with everything that they copy.
 * Columns count characters, not bytes.
 */
#define CONF_MAX_BYTES	(4u << 20)
#define CONF_MAX_NODES	100000u
#define CONF_MAX_DEPTH	64u

struct conf_source {
	const char  *file;
	struct slice text;
	unsigned     line;	/* of the first byte, from 1 */
	size_t       nodes;	/* made so far */
};

/*
 * Refuses what is too large, is not UTF-8, or holds NUL or other control
 * characters than tab, line feed and carriage return.
 */
int conf_source_check(const struct conf_source *, struct err *);
/* Line and column of a byte of the text. */
void conf_source_place(const struct conf_source *, size_t offset,
    unsigned *line, unsigned *column);
int conf_source_error(const struct conf_source *, unsigned line, unsigned column,
    struct err *, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/*
 * Fills err with kind ERR_DATA.  Keys and values of a hostile document may
 * stand in the text, and people read it on a terminal: control characters
 * (C0, C1, DEL) become question marks.
 */
void conf_source_err(struct err *, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));
/* Counts nodes; -1 when that makes too many, and from then on. */
int conf_source_count(struct conf_source *, size_t nodes, unsigned line,
    unsigned column, struct err *);
int conf_source_deep(const struct conf_source *, unsigned line,
    unsigned column, struct err *);
/* What follows a byte order mark, or the text as it is. */
struct slice conf_source_skip_bom(struct slice);

#endif
