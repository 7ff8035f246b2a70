#ifndef CONF_WALLS_TEST_H
#define CONF_WALLS_TEST_H

#include <string.h>

#include "base/unit.h"
#include "base/walls.h"
#include "conf/pattern.h"
#include "conf/schema.h"

/*
 * walls_test: a new setting that is a path has to say what walls do about it:
 * each such field of the schema has its row in the table.
 */
static inline void
walls_check_rows(const struct conf_schema *settings,
    const struct walls_path *rows)
{
	const struct conf_field *f = settings->fields;

	for (; f->name != NULL; f++) {
		const struct walls_path *r = rows;

		if (f->type != CONF_STRING_T || f->pattern != CONF_PATH)
			continue;
		while (r->field != NULL && strcmp(r->field, f->name) != 0)
			r++;
		if (r->field == NULL || r->offset != f->offset)
			fail_msg("%s has no row", f->name);
	}
}

#endif
