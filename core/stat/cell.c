#include "base/check.h"
#include "base/mem.h"
#include "stat/cell.h"

struct stat_worker *
cell_worker_new(struct cell_set *set)
{
	struct stat_worker *w = mem_zalloc(sizeof(*w));

	w->next = atomic_load_explicit(&set->workers, memory_order_acquire);
	while (!atomic_compare_exchange_weak_explicit(&set->workers, &w->next, w,
	    memory_order_acq_rel, memory_order_acquire))
		;
	return w;
}

void
cell_set_fini(struct cell_set *set)
{
	struct stat_worker *w = atomic_load(&set->workers), *next;

	for (; w != NULL; w = next) {
		next = w->next;
		for (size_t i = 0; i < CELL_CHUNKS; i++)
			mem_free(atomic_load(&w->chunks[i]));
		mem_free(w);
	}
	for (size_t i = 0; i < sizeof(set->free) / sizeof(set->free[0]); i++)
		mem_free(set->free[i].slots);
}

uint32_t
cell_alloc(struct cell_set *set, uint32_t n)
{
	struct cell_free *free = &set->free[n];

	check(n > 0 && n < sizeof(set->free) / sizeof(set->free[0]));
	if (free->len > 0)
		return free->slots[--free->len];
	/* A row never crosses from one chunk into the next. */
	if (set->next % CELL_CHUNK + n > CELL_CHUNK)
		set->next += CELL_CHUNK - set->next % CELL_CHUNK;
	if (set->next + n > CELL_CHUNK * CELL_CHUNKS)
		return CELL_NONE;
	uint32_t slot = set->next;

	set->next += n;
	return slot;
}

static stat_cell *
find(struct stat_worker *w, uint32_t slot)
{
	stat_cell *chunk = atomic_load_explicit(&w->chunks[slot / CELL_CHUNK],
	    memory_order_acquire);

	return chunk == NULL ? NULL : &chunk[slot % CELL_CHUNK];
}

void
cell_free(struct cell_set *set, uint32_t slot, uint32_t n)
{
	struct cell_free *free = &set->free[n];
	struct stat_worker *w = atomic_load_explicit(&set->workers,
	    memory_order_acquire);

	for (; w != NULL; w = w->next) {
		stat_cell *cell = find(w, slot);

		for (uint32_t i = 0; cell != NULL && i < n; i++)
			atomic_store_explicit(&cell[i], 0, memory_order_relaxed);
	}
	if (free->len == free->cap) {
		free->cap = free->cap == 0 ? 16 : free->cap * 2;
		free->slots = mem_realloc(free->slots,
		    free->cap * sizeof(*free->slots));
	}
	free->slots[free->len++] = slot;
}

static stat_cell *
make_chunk(struct stat_worker *w, uint32_t slot)
{
	stat_cell *chunk = mem_zalloc_array(CELL_CHUNK, sizeof(*chunk));

	atomic_store_explicit(&w->chunks[slot / CELL_CHUNK], chunk,
	    memory_order_release);
	return &chunk[slot % CELL_CHUNK];
}

void
cell_add(struct stat_worker *w, uint32_t slot, uint64_t n)
{
	stat_cell *cell = find(w, slot);

	if (cell == NULL)
		cell = make_chunk(w, slot);
	atomic_store_explicit(cell,
	    atomic_load_explicit(cell, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

uint64_t
cell_sum(struct cell_set *set, uint32_t slot)
{
	struct stat_worker *w = atomic_load_explicit(&set->workers,
	    memory_order_acquire);
	uint64_t sum = 0;

	for (; w != NULL; w = w->next) {
		stat_cell *cell = find(w, slot);

		if (cell != NULL)
			sum += atomic_load_explicit(cell, memory_order_relaxed);
	}
	return sum;
}
