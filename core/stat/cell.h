#ifndef STAT_CELL_H
#define STAT_CELL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * cell: the numbers of all workers.  A slot is the same place in each worker:
 * slot s lies in chunk s / 1024, which the worker makes when it first writes
 * there: the numbers of one worker lie side by side, those of two workers lie
 * apart, and what a worker never counts costs it nothing.
 *
 * Only its worker writes a cell, with a relaxed load and store; readers load
 * relaxed, so a sum may miss additions under way, never more.
 */
#define CELL_CHUNK	1024u
#define CELL_CHUNKS	1024u	/* a million slots */
#define CELL_NONE	UINT32_MAX

typedef _Atomic uint64_t stat_cell;

struct stat_worker {
	struct stat_worker *next;	/* in the set, newest first */
	_Atomic(stat_cell *) chunks[CELL_CHUNKS];
};

/* Slots and workers of one registry. */
struct cell_set {
	_Atomic(struct stat_worker *) workers;
	uint32_t  next;		/* first slot never used */
	struct cell_free {
		uint32_t *slots;
		size_t    len, cap;
	}         free[64];	/* by how many slots lie together */
};

struct stat_worker *cell_worker_new(struct cell_set *);
void cell_set_fini(struct cell_set *);
/* n (1..63) slots in a row, all zero, or CELL_NONE.  Calls are serialised. */
uint32_t cell_alloc(struct cell_set *, uint32_t n);
/* Zeroes them; nobody may be writing. */
void cell_free(struct cell_set *, uint32_t slot, uint32_t n);

void cell_add(struct stat_worker *, uint32_t slot, uint64_t n);
uint64_t cell_sum(struct cell_set *, uint32_t slot);

#endif
