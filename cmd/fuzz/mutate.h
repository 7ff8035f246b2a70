#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "base/slice.h"
#include "base/str.h"

/*
 * mutate: inputs made of seeds, broken in a few places.  Plain and
 * deterministic: a seed number gives the same inputs on every machine.
 * Life: seeds_read ... -> mutate ... -> seeds_fini.
 */
struct seeds {
	struct str *v;
	size_t      len;
};

/*
 * Adds a file, or every file of a folder in the order of their names.  -1 and
 * errno.
 */
int seeds_read(struct seeds *, const char *path);
void seeds_fini(struct seeds *);

/* out becomes one of the seeds with up to eight changes.  Advances *state. */
void mutate(struct str *out, const struct seeds *, uint64_t *state);

#endif
