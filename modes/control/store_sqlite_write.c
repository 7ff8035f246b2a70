#include <string.h>

#include "base/check.h"
#include "modes/control/store_sql.h"

uint64_t
store_sqlite_revision(const struct store_sqlite *s)
{
	return s->tip.revision;
}

int
store_sqlite_begin(struct store_sqlite *s, struct err *err)
{
	s->committed = s->tip;
	return store_sql_run(s, s->sql[SQL_BEGIN], err);
}

void
store_sqlite_rollback(struct store_sqlite *s)
{
	struct err ignored = ERR_INIT;

	if (!sqlite3_get_autocommit(s->db))
		store_sql_run(s, s->sql[SQL_ROLLBACK], &ignored);
	s->tip = s->committed;
}

/* 0: all hold.  -1: result->err says why not; *lost: the storage failed. */
static int
judge(struct store_sqlite *s, const struct store_txn *t,
    struct store_result *r, bool *lost)
{
	for (size_t i = 0; i < t->n_compares; i++) {
		const struct store_compare *c = &t->compares[i];
		uint64_t is;

		store_sql_bytes(s->sql[SQL_MODIFIED], 1, c->key);
		if (store_sql_run_number(s, s->sql[SQL_MODIFIED], 0, &is, &r->err) < 0) {
			*lost = true;
			return -1;
		}
		if (is == c->modified)
			continue;
		r->failed = i;
		return err_set(&r->err, ERR_CONFLICT,
		    "%.*s: expected revision %llu, found %llu",
		    SLICE_ARG(c->key), (unsigned long long)c->modified,
		    (unsigned long long)is);
	}
	return 0;
}

static int
add_change(struct store_sqlite *s, const struct store_write *w,
    uint64_t revision, uint64_t part, uint64_t created, struct err *err)
{
	sqlite3_stmt *q = s->sql[SQL_CHANGE];

	if (store_key_is_record(w->key))
		return 0;
	store_sql_number(q, 1, revision);
	store_sql_number(q, 2, part);
	store_sql_bytes(q, 3, w->key);
	store_sql_bytes(q, 4, w->value);
	store_sql_number(q, 5, created);
	s->tip.n_changes++;
	return store_sql_run(s, q, err);
}

/* Returns 1 if it changed something, 0 if not, -1 on failure. */
static int
write_one(struct store_sqlite *s, const struct store_write *w,
    uint64_t revision, uint64_t part, struct err *err)
{
	bool is_delete = w->value.ptr == NULL;
	sqlite3_stmt *q = s->sql[is_delete ? SQL_DELETE : SQL_PUT];
	uint64_t created;

	store_sql_bytes(q, 1, w->key);
	if (!is_delete) {
		store_sql_bytes(q, 2, w->value);
		store_sql_number(q, 3, revision);
		if (w->expires_s > 0)
			store_sql_number(q, 4, (uint64_t)w->expires_s);
	}
	if (store_sql_run_number(s, q, 0, &created, err) < 0)
		return -1;
	if (created == 0)
		return 0;
	if (add_change(s, w, revision, part, created, err) < 0)
		return -1;
	return 1;
}

static int
append_one(struct store_sqlite *s, struct slice content, struct err *err)
{
	sqlite3_stmt *q = s->sql[SQL_LOG_ADD];
	unsigned char hash[STORE_HASH_LEN];
	uint64_t seq = s->tip.log_seq + 1;

	store_log_hash(hash, s->tip.log_hash, seq, content);
	store_sql_number(q, 1, seq);
	store_sql_bytes(q, 2, content);
	store_sql_bytes(q, 3, slice_of(hash, sizeof(hash)));
	if (store_sql_run(s, q, err) < 0)
		return -1;
	s->tip.log_seq = seq;
	memcpy(s->tip.log_hash, hash, sizeof(hash));
	return 0;
}

bool
store_sqlite_apply(struct store_sqlite *s, const struct store_txn *t,
    struct store_result *r)
{
	uint64_t revision = s->tip.revision + 1;
	bool lost = false, wrote = t->n_entries > 0;

	if (store_txn_check(t, &r->err) < 0)
		return true;
	if (judge(s, t, r, &lost) < 0)
		return !lost;
	for (size_t i = 0; i < t->n_writes; i++) {
		int n = write_one(s, &t->writes[i], revision, i, &r->err);

		if (n < 0)
			return false;
		wrote |= n > 0;
	}
	for (size_t i = 0; i < t->n_entries; i++)
		if (append_one(s, t->entries[i], &r->err) < 0)
			return false;
	if (wrote)
		s->tip.revision = revision;
	r->revision = s->tip.revision;
	return true;
}

/* Whole revisions go, and at least STORE_CHANGES_KEPT changes stay. */
static int
compact(struct store_sqlite *s, struct err *err)
{
	sqlite3_stmt *q = s->sql[SQL_NTH_NEWEST];
	uint64_t first;

	if (s->tip.n_changes <= STORE_CHANGES_KEPT + STORE_CHANGES_KEPT / 10)
		return 0;
	store_sql_number(q, 1, STORE_CHANGES_KEPT - 1);
	if (store_sql_run_number(s, q, 0, &first, err) < 0)
		return -1;
	check(first > 0);
	store_sql_number(s->sql[SQL_COMPACT], 1, first);
	if (store_sql_run(s, s->sql[SQL_COMPACT], err) < 0)
		return -1;
	s->tip.n_changes -= (uint64_t)sqlite3_changes(s->db);
	s->tip.compacted = first - 1;
	return 0;
}

static int
set_state(struct store_sqlite *s, const char *name, uint64_t value,
    struct err *err)
{
	sqlite3_stmt *q = s->sql[SQL_STATE_SET];

	check(sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) == SQLITE_OK);
	store_sql_number(q, 2, value);
	return store_sql_run(s, q, err);
}

int
store_sqlite_commit(struct store_sqlite *s, int64_t now_s, struct err *err)
{
	if (s->tip.revision != s->committed.revision) {
		store_sql_number(s->sql[SQL_EXPIRE], 1, (uint64_t)now_s);
		if (store_sql_run(s, s->sql[SQL_EXPIRE], err) < 0 ||
		    compact(s, err) < 0 ||
		    set_state(s, "revision", s->tip.revision, err) < 0 ||
		    set_state(s, "compacted", s->tip.compacted, err) < 0)
			return -1;
	}
	return store_sql_run(s, s->sql[SQL_COMMIT], err);
}

int
store_sqlite_leap(struct store_sqlite *s, uint64_t step, struct err *err)
{
	if (store_sqlite_begin(s, err) < 0)
		return -1;
	s->tip.revision += step;
	s->tip.compacted = s->tip.revision;
	store_sql_number(s->sql[SQL_COMPACT], 1, s->tip.revision);
	if (store_sql_run(s, s->sql[SQL_COMPACT], err) < 0 ||
	    set_state(s, "revision", s->tip.revision, err) < 0 ||
	    set_state(s, "compacted", s->tip.compacted, err) < 0 ||
	    store_sql_run(s, s->sql[SQL_COMMIT], err) < 0) {
		store_sqlite_rollback(s);
		return -1;
	}
	s->tip.n_changes = 0;
	return 0;
}
