#include <stdbool.h>

#include "base/mem.h"
#include "stat/memo.h"

#define CAP_MIN	8

/* An open-addressed table; a free place has no series. */
struct stat_memo_entry {
	uint64_t            key;
	struct stat_series *series;
	bool                is_used;	/* since the last sweep */
};

/* Where key is or would be; there is always a free place. */
static struct stat_memo_entry *
place(const struct stat_memo *m, uint64_t key)
{
	/* Keys differ in any of their bits: all of them reach the low ones. */
	uint64_t at = (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (;; at++) {
		struct stat_memo_entry *e = &m->entries[at & (m->cap - 1)];

		if (e->series == NULL || e->key == key)
			return e;
	}
}

struct stat_series *
stat_memo_find(struct stat_memo *m, uint64_t key)
{
	if (m->len == 0)
		return NULL;
	struct stat_memo_entry *e = place(m, key);

	if (e->series != NULL)
		e->is_used = true;
	return e->series;
}

/* Moves the entries into a table of cap places, without those not used. */
static void
rebuild(struct stat_memo *m, size_t cap, bool only_used)
{
	struct stat_memo old = *m;

	m->entries = mem_zalloc_array(cap, sizeof(m->entries[0]));
	m->cap = cap;
	m->len = 0;
	for (size_t i = 0; i < old.cap; i++) {
		struct stat_memo_entry *e = &old.entries[i];

		if (e->series == NULL)
			continue;
		if (only_used && !e->is_used) {
			stat_series_unref(e->series);
			continue;
		}
		if (only_used)
			e->is_used = false;
		*place(m, e->key) = *e;
		m->len++;
	}
	mem_free(old.entries);
}

struct stat_series *
stat_memo_put(struct stat_memo *m, uint64_t key, struct stat_series *s)
{
	if (m->len * 2 >= m->cap)
		rebuild(m, m->cap == 0 ? CAP_MIN : m->cap * 2, false);
	struct stat_memo_entry *e = place(m, key);

	if (e->series == NULL)
		m->len++;
	stat_series_unref(e->series);
	*e = (struct stat_memo_entry){ key, s, true };
	return s;
}

void
stat_memo_sweep(struct stat_memo *m)
{
	size_t used = 0, cap = CAP_MIN;

	if (m->len == 0)
		return;
	for (size_t i = 0; i < m->cap; i++)
		used += m->entries[i].series != NULL && m->entries[i].is_used;
	while (cap < used * 2 + 2)
		cap *= 2;
	rebuild(m, cap, true);
}

void
stat_memo_fini(struct stat_memo *m)
{
	for (size_t i = 0; i < m->cap; i++)
		stat_series_unref(m->entries[i].series);
	mem_free(m->entries);
	*m = (struct stat_memo){ 0 };
}
