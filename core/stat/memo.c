#include <stdbool.h>

#include "base/mem.h"
#include "stat/memo.h"

struct stat_memo_entry {
	uint64_t            key;
	struct stat_series *series;
	bool                is_used;	/* since the last sweep */
};

struct stat_series *
stat_memo_find(struct stat_memo *m, uint64_t key)
{
	for (size_t i = 0; i < m->len; i++) {
		struct stat_memo_entry *e = &m->entries[i];

		if (e->key != key)
			continue;
		e->is_used = true;
		if (i > 0) {	/* what is frequent moves to the front */
			struct stat_memo_entry before = e[-1];

			e[-1] = *e;
			*e = before;
			e--;
		}
		return e->series;
	}
	return NULL;
}

struct stat_series *
stat_memo_put(struct stat_memo *m, uint64_t key, struct stat_series *s)
{
	if (m->len == m->cap) {
		m->cap = m->cap == 0 ? 4 : m->cap * 2;
		m->entries = mem_realloc(m->entries,
		    m->cap * sizeof(m->entries[0]));
	}
	m->entries[m->len++] = (struct stat_memo_entry){ key, s, true };
	return s;
}

void
stat_memo_sweep(struct stat_memo *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->len; i++) {
		struct stat_memo_entry *e = &m->entries[i];

		if (e->is_used) {
			e->is_used = false;
			m->entries[kept++] = *e;
		} else {
			stat_series_unref(e->series);
		}
	}
	m->len = kept;
}

void
stat_memo_fini(struct stat_memo *m)
{
	for (size_t i = 0; i < m->len; i++)
		stat_series_unref(m->entries[i].series);
	mem_free(m->entries);
	*m = (struct stat_memo){ 0 };
}
