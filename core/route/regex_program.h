#ifndef ROUTE_REGEX_PROGRAM_H
#define ROUTE_REGEX_PROGRAM_H

#include "route/regex.h"

/*
 * regex_program: a pattern as steps of a nondeterministic automaton, and what
 * is made of it.  For regex*.c and their tests alone.
 *
 * Targets are relative to their step, so that a run of steps may be moved and
 * copied.  A run is entered at its first step and left behind its last.
 */
enum regex_op {
	REGEX_SET,	/* one byte out of sets[x], then on */
	REGEX_SPLIT,	/* both at x and at y */
	REGEX_JUMP,	/* at x */
	REGEX_BEGIN,	/* on, at the beginning of the text */
	REGEX_END,	/* on, at its end */
	REGEX_MATCH,
};

struct regex_step {
	uint8_t op;
	int16_t x, y;
};

struct regex_set {
	uint64_t bits[4];
};

struct regex_program {
	struct regex_step *steps;
	size_t             len, cap;
	struct regex_set  *sets;	/* each but once */
	size_t             sets_len, sets_cap;
};

/* -1: err is filled; the program needs regex_program_fini in any case. */
int regex_parse(struct regex_program *, struct slice pattern, enum regex_mode,
    struct err *);
void regex_program_fini(struct regex_program *);

/*
 * What working out states may cost; beyond, the steps are walked instead.
 * A test sets states_max to 0 to have them walked.
 */
struct regex_budget {
	size_t states_max;	/* at most 256 */
	size_t table_max;	/* bytes */
	size_t visits_max;	/* of steps, in all */
};

struct regex *regex_compile_within(struct slice pattern, enum regex_mode,
    const struct regex_budget *, struct err *);
/* Adds to *visits what it did: looks into the table or visits to steps. */
bool regex_match_counted(const struct regex *, struct slice text,
    uint64_t *visits);

static inline bool
regex_set_has(const struct regex_set *s, uint8_t byte)
{
	return s->bits[byte >> 6] >> (byte & 63) & 1;
}

static inline void
regex_set_put(struct regex_set *s, uint8_t byte)
{
	s->bits[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

#endif
