#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/slice.h"

/*
 * str: a string that grows.
 * Life: str_init (or all zeros) -> str_add ... -> str_fini or str_give.
 * Always has a NUL behind its bytes once something was added.
 */
struct str {
	char  *ptr;
	size_t len;
	size_t cap;
};

void str_init(struct str *);
void str_fini(struct str *);
void str_clear(struct str *);	/* keeps the memory */
void str_reserve(struct str *, size_t more);	/* bytes, beside the NUL */

/* Inline, because lines are made of many small pieces. */
static inline void
str_add_slice(struct str *s, struct slice part)
{
	if (s->cap - s->len <= part.len)
		str_reserve(s, part.len);
	if (part.len > 0)
		memcpy(s->ptr + s->len, part.ptr, part.len);
	s->len += part.len;
	s->ptr[s->len] = '\0';
}

static inline void
str_add(struct str *s, const char *text)
{
	str_add_slice(s, slice_of(text, strlen(text)));
}

static inline void
str_add_char(struct str *s, char c)
{
	if (s->cap - s->len <= 1)
		str_reserve(s, 1);
	s->ptr[s->len++] = c;
	s->ptr[s->len] = '\0';
}

void str_addf(struct str *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void str_vaddf(struct str *, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));
/* Adds a JSON string literal: quoted, escaped, bytes that are no UTF-8 replaced. */
void str_add_json(struct str *, struct slice);
void str_add_json_text(struct str *, struct slice);	/* without the quotes */
/*
 * Adds text as it may stand on one line of a log or a terminal: control
 * characters, line separators and marks that turn the direction of writing
 * become \n, \t, \x1b or \u202e, and so do bytes that are no UTF-8.
 */
void str_add_printable(struct str *, struct slice);
void str_add_hex(struct str *, const void *p, size_t len);	/* lower case */
/* Borrowed view; valid until the next change. */
struct slice str_slice(const struct str *);
const char *str_ptr(const struct str *);	/* never NULL */
/* Gives the heap string and leaves an empty str. */
char *str_give(struct str *);

#endif
