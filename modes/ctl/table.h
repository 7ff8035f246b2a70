#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * table: aligned columns for people and for awk.
 * Life: table_init -> table_column ... -> per row, a cell for each column
 *       -> table_print -> table_fini.
 *
 * Columns are two spaces apart, the last one is not padded.  A cell that is
 * absent or empty shows as "-".  Whatever a cell holds is made printable.
 */
#define TABLE_COLUMNS_MAX	24

struct table {
	const char *titles[TABLE_COLUMNS_MAX];	/* borrowed */
	bool        right[TABLE_COLUMNS_MAX];
	size_t      columns;
	char      **cells;	/* row after row */
	size_t      len, cap;
};

void table_init(struct table *);
void table_fini(struct table *);
/* All columns come before the first cell. */
void table_column(struct table *, const char *title);
void table_column_right(struct table *, const char *title);	/* numbers */
void table_columns(struct table *, const char *const *titles);	/* NULL ends */

void table_add(struct table *, struct slice);
void table_add_text(struct table *, const char *);	/* or NULL */
void table_addf(struct table *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
size_t table_rows(const struct table *);

/* colour: state words get theirs. */
void table_print(struct str *, const struct table *, bool headers, bool colour);

/*
 * An age for people: "45s", "5m", "3h", "2d", "2y"; "-" before 1970 or in
 * the future by more than a minute.
 */
#define TABLE_AGE_TEXT	24
void table_age(char out[TABLE_AGE_TEXT], int64_t since_s, int64_t now_s);
/* A time to come: "in 5m", or "5m ago". */
void table_due(char out[TABLE_AGE_TEXT], int64_t at_s, int64_t now_s);

#endif
