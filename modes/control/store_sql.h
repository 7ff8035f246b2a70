#ifndef CONTROL_STORE_SQL_H
#define CONTROL_STORE_SQL_H

#include <sqlite3.h>

#include "modes/control/store_sqlite.h"

/*
 * store_sql: the statements of store_sqlite, prepared once, and how to run
 * them.  Shared by the store_sqlite*.c files alone.
 */
enum store_sql {
	SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK,
	SQL_STATE_GET, SQL_STATE_SET,
	SQL_MODIFIED, SQL_PUT, SQL_DELETE, SQL_EXPIRE,
	SQL_CHANGE, SQL_CHANGES, SQL_COUNT, SQL_NTH_NEWEST, SQL_COMPACT,
	SQL_GET, SQL_LIST,
	SQL_LOG_ADD, SQL_LOG, SQL_LOG_LAST,
	SQL_N,
};

/* Where the key space stands.  Plain data: saved and put back as a whole. */
struct store_tip {
	uint64_t      revision;
	uint64_t      compacted;	/* changes up to here are gone */
	uint64_t      n_changes;
	uint64_t      log_seq;		/* of the last entry; 0: none */
	unsigned char log_hash[STORE_HASH_LEN];
};

struct store_sqlite {
	sqlite3         *db;
	char            *path;
	sqlite3_stmt    *sql[SQL_N];
	struct store_tip tip;
	struct store_tip committed;	/* tip at the last begin */
};

/* Fills err from the last failure on the connection.  Returns -1. */
int store_sqlite_fail(struct store_sqlite *, struct err *);
int store_sql_prepare(struct store_sqlite *, struct err *);
void store_sql_finalize(struct store_sqlite *);

/* Parameters, counted from 1.  Bytes are kept until store_sql_done. */
void store_sql_bytes(sqlite3_stmt *, int at, struct slice);	/* absent: NULL */
void store_sql_number(sqlite3_stmt *, int at, uint64_t);	/* <= INT64_MAX */
/* Columns of the current row, counted from 0.  NULL gives SLICE_NONE, or 0. */
struct slice store_sql_get_bytes(sqlite3_stmt *, int at, struct arena *);
uint64_t store_sql_get_number(sqlite3_stmt *, int at);

/* Runs a statement that gives no rows. */
int store_sql_run(struct store_sqlite *, sqlite3_stmt *, struct err *);
/* One that gives one number, or no row: then `none`. */
int store_sql_run_number(struct store_sqlite *, sqlite3_stmt *, uint64_t none,
    uint64_t *out, struct err *);
/* Makes it ready for the next use. */
void store_sql_done(sqlite3_stmt *);

#endif
