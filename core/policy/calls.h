#ifndef POLICY_CALLS_H
#define POLICY_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * calls: who was let in and did what, in a table that does not grow: for people who
 * write policies.
 *
 * Life: calls_new -> calls_again or calls_note for each ... -> calls_each ->
 *       calls_free.
 * One thread; it is told the time.
 *
 * A row is a caller, a port of a service, a method and the shape of a path
 * (policy/shape.h); of what is no HTTP the port alone.  Where more than CALLS_ALIKE
 * rows differ in the same segment alone -- far more than an API has of its own --
 * that segment becomes {*} too: it names things, as /users/ann does.  Whatever a row
 * stands for, it tells how many paths that were, up to CALLS_PATHS_MAX or so, and
 * two of them where they were kept before; what looked like an id never is.
 *
 * When CALLS_MAX rows are full a path that has none is noted as any ("/{**}"), and
 * when CALLS_ANY_MAX such are there too, it is counted and left out.  To look for
 * rows that are alike takes a while, so that is done at most CALLS_LOOKS_MAX times a
 * second; a new path beyond that is left out likewise, and so is a method with a
 * "*", which would be all of them to a policy.
 */
#define CALLS_MAX	512
#define CALLS_ANY_MAX	64
#define CALLS_ALIKE	64
#define CALLS_LOOKS_MAX	100
#define CALLS_KEY_MAX	640	/* bytes of a row's text; a longer one is left out */
#define CALLS_PATHS_MAX	8
#define CALLS_EXAMPLES	2

/* Slices are borrowed; none of them has a space in it. */
struct call {
	struct slice service;	/* "ns/name" */
	struct slice caller;	/* "ns/account", or an ID of another domain without
				   "spiffe://", or "": nobody proven */
	uint16_t     port;	/* of the workload */
	bool         is_http, is_grpc;
	struct slice method, path;	/* of HTTP */
};

struct calls;
struct calls *calls_new(void);
void calls_free(struct calls *);	/* NULL allowed */
/* mark: a hash of all that the call is, for calls_again; 0: none. */
void calls_note(struct calls *, const struct call *, uint64_t mark,
    uint64_t now_ms);
/*
 * Counts once more what was noted under this mark, without a look at its names and
 * its path; false: it is not remembered, and is to be noted.
 */
bool calls_again(struct calls *, uint64_t mark, uint64_t now_ms);
/* Adds what another one has. */
void calls_merge(struct calls *, const struct calls *from);

struct calls_row {
	struct call  of;	/* path: a template, or "" */
	uint64_t     count, first_ms, last_ms;
	unsigned     paths;	/* different ones */
	bool         has_more;	/* or more than that */
	struct slice examples[CALLS_EXAMPLES];	/* templates; .ptr NULL: none */
};
/* In no order; borrowed during the call. */
void calls_each(const struct calls *, void (*fn)(void *arg,
    const struct calls_row *), void *arg);
uint64_t calls_left_out(const struct calls *);

#endif
