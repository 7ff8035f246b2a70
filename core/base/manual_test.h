#ifndef BASE_MANUAL_TEST_H
#define BASE_MANUAL_TEST_H

#include <stdio.h>

#include "base/slice.h"
#include "base/str.h"
#include "base/unit.h"

/*
 * manual: the pages of man/, as tests of tables read them.
 *
 * A table is held against the items of a section, both ways: each row has its
 * ".It MACRO WORD", and each such item is a row.  An item may name several
 * words, parted by " , ", and what stands behind "Ar" is a value.  Paths are
 * those of the source tree, in which tests run.
 *
 * Life: manual_open -> manual_section, manual_has ... -> manual_close.
 */
struct manual {
	const char *page;
	struct str  text;
};

static inline void
manual_open(struct manual *m, const char *page)
{
	char path[128], chunk[4096];
	size_t n;

	*m = (struct manual){ .page = page };
	snprintf(path, sizeof(path), "man/%s", page);
	FILE *f = fopen(path, "r");

	if (f == NULL)
		fail_msg("%s cannot be read", path);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		str_add_slice(&m->text, slice_of(chunk, n));
	fclose(f);
}

static inline void
manual_close(struct manual *m)
{
	str_fini(&m->text);
}

/* What stands behind a line such as ".Ss Service", up to the next of its kind. */
static inline struct slice
manual_section(const struct manual *m, const char *heading)
{
	struct slice rest = str_slice(&m->text), line;
	const char *from = NULL;

	while (slice_cut(&rest, '\n', &line)) {
		bool is_section = slice_has_prefix(line, SLICE(".Sh "));

		if (from != NULL && (is_section || (heading[2] == 's' &&
		    slice_has_prefix(line, SLICE(".Ss ")))))
			return slice_of(from, (size_t)(line.ptr - from));
		if (from == NULL && slice_is(line, heading))
			from = rest.ptr;
	}
	if (from == NULL)
		fail_msg("%s has no line \"%s\"", m->page, heading);
	return slice_of(from, (size_t)(str_slice(&m->text).ptr +
	    str_slice(&m->text).len - from));
}

/* Whether a line is an item with the macro; rest then holds its words. */
static inline bool
manual_item(struct slice line, const char *macro, struct slice *rest)
{
	struct slice word;

	*rest = line;
	return slice_cut(rest, ' ', &word) && slice_is(word, ".It") &&
	    slice_cut(rest, ' ', &word) && slice_is(word, macro);
}

static inline bool
manual_has(struct slice section, const char *macro, const char *name)
{
	struct slice line, words, word;

	while (slice_cut(&section, '\n', &line)) {
		if (!manual_item(line, macro, &words))
			continue;
		while (slice_cut(&words, ' ', &word))
			if (slice_is(word, name))
				return true;
	}
	return false;
}

/* Fails unless every item of the section is one that is_row knows. */
static inline void
manual_check_items(const struct manual *m, struct slice section,
    const char *macro, bool (*is_row)(const void *arg, struct slice name),
    const void *arg)
{
	struct slice line, words, word;

	while (slice_cut(&section, '\n', &line)) {
		bool is_value = false;

		if (!manual_item(line, macro, &words))
			continue;
		while (slice_cut(&words, ' ', &word)) {
			is_value = (is_value || slice_is(word, "Ar")) &&
			    !slice_is(word, ",");
			if (is_value || slice_is(word, ",") ||
			    slice_is(word, macro))
				continue;
			if (!is_row(arg, word))
				fail_msg("%s has \"%.*s\", which does not exist",
				    m->page, SLICE_ARG(word));
		}
	}
}

#endif
