#ifndef ROUTE_REGEX_H
#define ROUTE_REGEX_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * regex: patterns of the Gateway API dialect, matched in linear time.
 * Life: regex_compile -> regex_match ... -> regex_free.
 *
 * The dialect (GEP-4359) is POSIX ERE in the C locale where a backslash
 * escapes inside brackets too.  What it leaves undefined is settled so:
 *   - taken, as RE2 and PCRE do: \d \D \w \W \s \S also within brackets, \t,
 *     (?:...), empty alternatives, [[:alpha:]] and its like, and a ']' that
 *     stands first in a bracket;
 *   - refused, with the column: backreferences, flags, look-around, lazy and
 *     possessive quantifiers, a quantifier after a quantifier or after an
 *     anchor, '{' that begins no interval, escapes of other letters, bytes
 *     that are not printable ASCII or a tab.
 * A '.' is any byte but a line feed.  '^' and '$' hold at the ends of the
 * text alone.
 *
 * A pattern becomes at most REGEX_PROGRAM_MAX steps (Thompson's automaton);
 * one that needs more is refused.  If its states are few, they are worked out
 * beforehand, and a byte costs one look into a table; if not, a byte costs at
 * most one visit to each step.  Either way neither pattern nor text can blow
 * up, nothing is allocated while matching, and a regex may be shared between
 * threads: it never changes.
 */
#define REGEX_PROGRAM_MAX	1000
#define REGEX_DEPTH_MAX		100	/* of groups within groups */

enum regex_mode {
	REGEX_WHOLE,	/* the whole text must match: paths, headers, queries */
	REGEX_ANYWHERE,	/* some part of it */
};

struct regex;

/* NULL: err says what is wrong at which column (the first is 1); ERR_DATA. */
struct regex *regex_compile(struct slice pattern, enum regex_mode, struct err *);
void regex_free(struct regex *);	/* NULL is allowed */
bool regex_match(const struct regex *, struct slice text);
size_t regex_bytes(const struct regex *);	/* memory that it takes */

#endif
