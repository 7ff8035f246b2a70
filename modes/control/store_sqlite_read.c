#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/control/store_sql.h"

/* Room for one more; the caller fills it. */
static struct store_item *
new_item(struct store_result *r, size_t *cap)
{
	if (r->n_items == *cap) {
		size_t n = *cap == 0 ? 1 : *cap * 2;
		struct store_item *grown = arena_alloc(&r->arena,
		    n * sizeof(*grown));

		if (r->n_items > 0)
			memcpy(grown, r->items, r->n_items * sizeof(*grown));
		r->items = grown;
		*cap = n;
	}
	return &r->items[r->n_items++];
}

static void
add_item(struct store_result *r, size_t *cap, sqlite3_stmt *q)
{
	*new_item(r, cap) = (struct store_item){
		.key = store_sql_get_bytes(q, 0, &r->arena),
		.value = store_sql_get_bytes(q, 1, &r->arena),
		.created = store_sql_get_number(q, 2),
		.modified = store_sql_get_number(q, 3),
	};
}

static void
read_items(struct store_sqlite *s, sqlite3_stmt *q, struct slice prefix,
    struct store_result *r)
{
	size_t cap = 0;
	int rc;

	r->revision = s->tip.revision;
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct slice key = slice_of(sqlite3_column_blob(q, 0),
		    (size_t)sqlite3_column_bytes(q, 0));

		if (!slice_has_prefix(key, prefix))
			break;
		add_item(r, &cap, q);
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		store_sqlite_fail(s, &r->err);
	store_sql_done(q);
}

void
store_sqlite_get(struct store_sqlite *s, struct slice key,
    struct store_result *r)
{
	store_sql_bytes(s->sql[SQL_GET], 1, key);
	read_items(s, s->sql[SQL_GET], key, r);
}

void
store_sqlite_list(struct store_sqlite *s, const struct store_query *query,
    struct store_result *r)
{
	sqlite3_stmt *q = s->sql[SQL_LIST];

	/* A key is never empty, so "> ''" leaves nothing out. */
	store_sql_bytes(q, 1, query->prefix.ptr == NULL ? SLICE("") :
	    query->prefix);
	store_sql_bytes(q, 2, query->after.ptr == NULL ? SLICE("") : query->after);
	check(sqlite3_bind_int64(q, 3, query->limit == 0 ? -1 :
	    (sqlite3_int64)query->limit) == SQLITE_OK);
	read_items(s, q, query->prefix, r);
}

void
store_sqlite_log(struct store_sqlite *s, uint64_t after, size_t limit,
    struct store_result *r)
{
	sqlite3_stmt *q = s->sql[SQL_LOG];
	int rc;

	r->revision = s->tip.revision;
	if (after >= s->tip.log_seq)
		return;
	uint64_t left = s->tip.log_seq - after;

	if (limit == 0 || limit > left)
		limit = (size_t)left;
	r->entries = arena_zalloc(&r->arena,
	    limit * sizeof(*r->entries));
	store_sql_number(q, 1, after);
	store_sql_number(q, 2, limit);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_entry *e = &r->entries[r->n_entries++];
		struct slice hash;

		e->seq = store_sql_get_number(q, 0);
		e->content = store_sql_get_bytes(q, 1, &r->arena);
		hash = store_sql_get_bytes(q, 2, &r->arena);
		if (hash.len == sizeof(e->hash))
			memcpy(e->hash, hash.ptr, sizeof(e->hash));
	}
	if (rc != SQLITE_DONE)
		store_sqlite_fail(s, &r->err);
	store_sql_done(q);
}

/* The changes of one revision, while they are read. */
struct gather {
	struct arena         arena;
	struct store_change *changes;
	size_t               cap;
	struct store_batch   batch;
};

static void
gather_row(struct gather *g, sqlite3_stmt *q)
{
	if (g->batch.n_changes == g->cap) {
		g->cap = g->cap == 0 ? 8 : g->cap * 2;
		g->changes = mem_realloc(g->changes,
		    g->cap * sizeof(*g->changes));
	}
	g->batch.revision = store_sql_get_number(q, 0);
	g->changes[g->batch.n_changes++] = (struct store_change){
		.key = store_sql_get_bytes(q, 1, &g->arena),
		.value = store_sql_get_bytes(q, 2, &g->arena),
		.created = store_sql_get_number(q, 3),
	};
}

static bool
gather_flush(struct gather *g, store_sqlite_each *each, void *ctx)
{
	bool go_on = true;

	g->batch.changes = g->changes;
	if (g->batch.n_changes > 0)
		go_on = each(ctx, &g->batch);
	g->batch.n_changes = 0;
	arena_reset(&g->arena);
	return go_on;
}

int
store_sqlite_changes(struct store_sqlite *s, uint64_t since,
    store_sqlite_each *each, void *ctx, struct err *err)
{
	sqlite3_stmt *q = s->sql[SQL_CHANGES];
	struct gather g = { .changes = NULL };
	bool go_on = true;
	int rc;

	if (since < s->tip.compacted || since > s->tip.revision)
		return 1;
	arena_init(&g.arena);
	store_sql_number(q, 1, since);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		if (store_sql_get_number(q, 0) != g.batch.revision)
			go_on = gather_flush(&g, each, ctx);
		if (!go_on)
			break;
		gather_row(&g, q);
	}
	if (rc == SQLITE_DONE)
		gather_flush(&g, each, ctx);
	rc = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 :
	    store_sqlite_fail(s, err);
	store_sql_done(q);
	arena_fini(&g.arena);
	mem_free(g.changes);
	return rc;
}

/* Turns batches into the items of a result. */
struct history {
	struct store_result *result;
	struct slice         prefix;
	size_t               cap;
};

static bool
keep_batch(void *ctx, const struct store_batch *b)
{
	struct history *h = ctx;
	struct arena *a = &h->result->arena;

	for (size_t i = 0; i < b->n_changes; i++) {
		const struct store_change *c = &b->changes[i];

		if (!slice_has_prefix(c->key, h->prefix))
			continue;
		*new_item(h->result, &h->cap) = (struct store_item){
			.key = arena_dup(a, c->key),
			.value = c->value.ptr == NULL ? SLICE_NONE :
			    arena_dup(a, c->value),
			.created = c->created,
			.modified = b->revision,
		};
	}
	return true;
}

void
store_sqlite_history(struct store_sqlite *s, struct slice prefix,
    struct store_result *r)
{
	struct history h = { .result = r, .prefix = prefix };

	r->revision = s->tip.revision;
	r->kept = s->tip.compacted;
	store_sqlite_changes(s, r->kept, keep_batch, &h, &r->err);
}
