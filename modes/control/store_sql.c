#include "base/check.h"
#include "modes/control/store_sql.h"

static const char *const text[SQL_N] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_STATE_GET] = "SELECT value FROM state WHERE name = ?1",
	[SQL_STATE_SET] = "UPDATE state SET value = ?2 WHERE name = ?1",
	[SQL_MODIFIED] = "SELECT modified FROM item WHERE key = ?1",
	[SQL_PUT] = "INSERT INTO item (key, value, created, modified, expires)"
	    " VALUES (?1, ?2, ?3, ?3, ?4)"
	    " ON CONFLICT (key) DO UPDATE SET value = ?2, modified = ?3,"
	    " expires = ?4 RETURNING created",
	[SQL_DELETE] = "DELETE FROM item WHERE key = ?1 RETURNING created",
	[SQL_EXPIRE] = "DELETE FROM item WHERE key IN (SELECT key FROM item"
	    " WHERE expires < ?1 ORDER BY expires LIMIT 100)",
	[SQL_CHANGE] = "INSERT INTO change"
	    " (revision, part, key, value, created)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)",
	[SQL_CHANGES] = "SELECT revision, key, value, created FROM change"
	    " WHERE revision > ?1 ORDER BY revision, part",
	[SQL_COUNT] = "SELECT count(*) FROM change",
	[SQL_NTH_NEWEST] = "SELECT revision FROM change"
	    " ORDER BY revision DESC, part DESC LIMIT 1 OFFSET ?1",
	[SQL_COMPACT] = "DELETE FROM change WHERE revision < ?1",
	[SQL_GET] = "SELECT key, value, created, modified FROM item"
	    " WHERE key = ?1",
	[SQL_LIST] = "SELECT key, value, created, modified FROM item"
	    " WHERE key >= ?1 AND key > ?2 ORDER BY key LIMIT ?3",
	[SQL_LOG_ADD] = "INSERT INTO log (seq, content, hash)"
	    " VALUES (?1, ?2, ?3)",
	[SQL_LOG] = "SELECT seq, content, hash FROM log"
	    " WHERE seq > ?1 ORDER BY seq LIMIT ?2",
	[SQL_LOG_LAST] = "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1",
};

int
store_sql_prepare(struct store_sqlite *s, struct err *err)
{
	for (int i = 0; i < SQL_N; i++)
		if (sqlite3_prepare_v3(s->db, text[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->sql[i], NULL) != SQLITE_OK)
			return store_sqlite_fail(s, err);
	return 0;
}

void
store_sql_finalize(struct store_sqlite *s)
{
	for (int i = 0; i < SQL_N; i++)
		sqlite3_finalize(s->sql[i]);
}

/*
 * How failures of SQLite read to people.  Anything that space, a repaired
 * disk or a restored mode can heal is ERR_UNAVAILABLE.
 */
static const struct trouble {
	int           code;
	enum err_kind kind;
	const char   *advice;
} troubles[] = {
	{ SQLITE_FULL, ERR_UNAVAILABLE, "free space on its file system" },
	{ SQLITE_IOERR, ERR_UNAVAILABLE, "check its disk" },
	{ SQLITE_READONLY, ERR_UNAVAILABLE, "make it writable" },
	{ SQLITE_CANTOPEN, ERR_UNAVAILABLE, "make it accessible" },
	{ SQLITE_PERM, ERR_UNAVAILABLE, "make it accessible" },
	{ SQLITE_BUSY, ERR_UNAVAILABLE, "another program has it open" },
	{ SQLITE_CORRUPT, ERR_CONFIG, "damaged; restore a backup into an "
	    "empty directory (mesh ctl backup restore)" },
	{ SQLITE_NOTADB, ERR_CONFIG, "damaged; restore a backup into an "
	    "empty directory (mesh ctl backup restore)" },
	{ SQLITE_TOOBIG, ERR_TOO_LARGE, "make the document smaller" },
};

int
store_sqlite_fail(struct store_sqlite *s, struct err *err)
{
	int code = sqlite3_extended_errcode(s->db) & 0xff;

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++)
		if (troubles[i].code == code)
			return err_set(err, troubles[i].kind, "%s: %s; %s",
			    s->path, sqlite3_errmsg(s->db),
			    troubles[i].advice);
	return err_set(err, ERR_INTERNAL, "%s: %s", s->path,
	    sqlite3_errmsg(s->db));
}

void
store_sql_bytes(sqlite3_stmt *q, int at, struct slice s)
{
	int rc = s.ptr == NULL ? sqlite3_bind_null(q, at) :
	    sqlite3_bind_blob64(q, at, s.ptr, s.len, SQLITE_STATIC);

	check(rc == SQLITE_OK);
}

void
store_sql_number(sqlite3_stmt *q, int at, uint64_t n)
{
	check(n <= INT64_MAX);
	check(sqlite3_bind_int64(q, at, (sqlite3_int64)n) == SQLITE_OK);
}

uint64_t
store_sql_get_number(sqlite3_stmt *q, int at)
{
	return (uint64_t)sqlite3_column_int64(q, at);
}

struct slice
store_sql_get_bytes(sqlite3_stmt *q, int at, struct arena *a)
{
	if (sqlite3_column_type(q, at) == SQLITE_NULL)
		return SLICE_NONE;
	const void *p = sqlite3_column_blob(q, at);

	return arena_dup(a, slice_of(p,
	    (size_t)sqlite3_column_bytes(q, at)));
}

void
store_sql_done(sqlite3_stmt *q)
{
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
}

int
store_sql_run(struct store_sqlite *s, sqlite3_stmt *q, struct err *err)
{
	int rc = sqlite3_step(q) == SQLITE_DONE ? 0 :
	    store_sqlite_fail(s, err);

	store_sql_done(q);
	return rc;
}

int
store_sql_run_number(struct store_sqlite *s, sqlite3_stmt *q, uint64_t none,
    uint64_t *out, struct err *err)
{
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW) {
		*out = store_sql_get_number(q, 0);
		rc = sqlite3_step(q);	/* ends statements with RETURNING */
	} else {
		*out = none;
	}
	rc = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 :
	    store_sqlite_fail(s, err);
	store_sql_done(q);
	return rc;
}
