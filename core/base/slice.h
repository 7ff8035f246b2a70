#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * slice: bytes that somebody else owns, with their length; no NUL behind.
 * Passed by value.  A slice with ptr == NULL is "absent"; one with len 0 and
 * a pointer is "empty".
 */
struct slice {
	const char *ptr;
	size_t      len;
};

#define SLICE(lit)	((struct slice){ "" lit, sizeof(lit) - 1 })
#define SLICE_NONE	((struct slice){ NULL, 0 })
/* For printf: printf("%.*s", SLICE_ARG(s)) */
#define SLICE_ARG(s)	(int)(s).len, (s).ptr

static inline struct slice
slice_of(const void *p, size_t len)
{
	return (struct slice){ p, len };
}

/* NULL gives SLICE_NONE. */
static inline struct slice
slice_str(const char *s)
{
	return s == NULL ? SLICE_NONE : slice_of(s, strlen(s));
}

/* For libraries that ask for bytes to write and only read them. */
static inline unsigned char *
slice_writable(struct slice s)
{
	return (unsigned char *)(uintptr_t)s.ptr;
}

/* Inline: of a constant the compiler knows the length. */
static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool
slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

/* ASCII letters compare without case. */
bool slice_ieq(struct slice a, struct slice b);
bool slice_has_prefix(struct slice s, struct slice prefix);
bool slice_has_suffix(struct slice s, struct slice suffix);
struct slice slice_from(struct slice s, size_t off);	/* off <= len */
struct slice slice_trim(struct slice s);	/* spaces and tabs, both ends */
/* Index of the first c, or -1. */
ptrdiff_t slice_find(struct slice s, char c);
/*
 * Cuts the part before the next sep off *rest into *part.
 * Returns false when nothing is left.  "a,,b" yields a, empty, b.
 */
bool slice_cut(struct slice *rest, char sep, struct slice *part);
int slice_cmp(struct slice a, struct slice b);
/* Bytes of the well-formed UTF-8 character (RFC 3629) that s begins with, or 0. */
size_t slice_utf8(struct slice s);
/* Decimal digits only, no sign, no overflow; false otherwise. */
bool slice_u64(struct slice s, uint64_t *out);
uint64_t slice_hash(struct slice s);	/* seeded at process start */
uint64_t slice_hash_fixed(struct slice s);	/* FNV-1a, the same everywhere */

#endif
