#ifndef ROUTE_QUERY_H
#define ROUTE_QUERY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * query: parameters of a query, "a=1&b=2", as forms write them: %41 is A, a
 * '+' is a space, and a '%' without two digits behind it stands for itself.
 * A parameter without '=' has an empty value.
 */

/* The value as it came of the first parameter with this (decoded) name. */
bool query_find(struct slice query, struct slice name, struct slice *raw);
/* Likewise of each; query becomes what is behind it. */
bool query_next(struct slice *query, struct slice name, struct slice *raw);
/*
 * What is left without all parameters of this (decoded) name, in the arena;
 * absent: nothing.
 */
struct slice query_without(struct arena *, struct slice query,
    struct slice name);
bool query_is(struct slice raw, struct slice decoded);
bool query_is_plain(struct slice raw);	/* decoding changes nothing */
/* Adds it so that it is one name or value, whatever is in it. */
void query_encode(struct str *s, struct slice text);
/* Adds "name=value", both encoded, behind a '&' unless s is empty. */
void query_add(struct str *s, const char *name, struct slice value);
/* False: it does not fit. */
bool query_decode(struct slice raw, char *out, size_t cap, size_t *len);

#endif
