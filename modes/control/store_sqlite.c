#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/control/store_file.h"
#include "modes/control/store_schema.h"
#include "modes/control/store_sql.h"

#define DAMAGED	"restore a backup into an empty directory "		\
		"(mesh ctl backup restore)"

static int
exec(struct store_sqlite *s, const char *sql, struct err *err)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(s, err);
	return 0;
}

/* The first column of the first row, as text without newlines. */
static int
query_text(struct store_sqlite *s, const char *sql, char out[256],
    struct err *err)
{
	sqlite3_stmt *q = NULL;
	int rc = -1;

	out[0] = '\0';
	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW) {
		const void *p = sqlite3_column_text(q, 0);

		snprintf(out, 256, "%s", p == NULL ? "" : (const char *)p);
		for (char *c = out; *c != '\0'; c++)
			if (*c == '\n' || *c == '\r')
				*c = ' ';
		rc = 0;
	} else {
		store_sqlite_fail(s, err);
	}
	sqlite3_finalize(q);
	return rc;
}

static int
query_number(struct store_sqlite *s, const char *sql, long *out,
    struct err *err)
{
	char text[256];
	uint64_t n;

	if (query_text(s, sql, text, err) < 0)
		return -1;
	*out = slice_u64(slice_str(text), &n) && n <= INT32_MAX ? (long)n : -1;
	return 0;
}

/* Opens a connection to a file that exists. */
static struct store_sqlite *
connect_file(const char *path, struct err *err)
{
	struct store_sqlite *s = mem_zalloc(sizeof(*s));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_EXRESCODE;

	s->path = mem_strdup(path);
	if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
		store_sqlite_fail(s, err);
		store_sqlite_close(s);
		return NULL;
	}
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, STORE_VALUE_MAX + 65536);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	return s;
}

void
store_sqlite_close(struct store_sqlite *s)
{
	if (s == NULL)
		return;
	store_sql_finalize(s);
	check(sqlite3_close(s->db) == SQLITE_OK);
	mem_free(s->path);
	mem_free(s);
}

/* Brings the schema from version `from` to ours, step by step. */
static int
migrate(struct store_sqlite *s, long from, struct err *err)
{
	for (long v = from; v < STORE_SCHEMA_VERSION; v++) {
		char mark[64];

		snprintf(mark, sizeof(mark), "PRAGMA user_version = %ld", v + 1);
		if (exec(s, "BEGIN IMMEDIATE", err) < 0 ||
		    exec(s, store_schema[v], err) < 0 ||
		    exec(s, mark, err) < 0 ||
		    exec(s, "COMMIT", err) < 0)
			return err_wrap(err, "schema %ld", v + 1);
	}
	return 0;
}

/* Makes the file aside, so that under its own name it is always complete. */
static int
make_file(const char *path, struct err *err)
{
	char *aside = mem_printf("%s.new", path);
	struct store_sqlite *s = NULL;
	int rc = -1;

	store_file_remove(aside);
	if (store_file_make(aside, err) == 0 &&
	    (s = connect_file(aside, err)) != NULL)
		rc = migrate(s, 0, err);
	store_sqlite_close(s);
	if (rc == 0)
		rc = store_file_publish(aside, path, err);
	mem_free(aside);
	return rc;
}

/* Looks at what is there before SQLite touches it; makes it if it may. */
static int
check_file(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_size == 0)
		return err_set(err, ERR_CONFIG, "%s: empty; %s", path, DAMAGED);
	if (access(path, F_OK) == 0)
		return 0;
	if (errno != ENOENT)
		return err_errno(err, "%s", path);
	char *wal = mem_printf("%s-wal", path);
	bool is_lost = access(wal, F_OK) == 0;

	mem_free(wal);
	if (is_lost)
		return err_set(err, ERR_CONFIG,
		    "%s: missing, but its -wal is there; %s", path, DAMAGED);
	return make_file(path, err);
}

/* Whose file it is, of which schema, and whether its pages hang together. */
static int
check_content(struct store_sqlite *s, long *version, struct err *err)
{
	char verdict[256];
	long owner;

	/* No other process may share the file, so none needs its -shm. */
	if (exec(s, "PRAGMA locking_mode = EXCLUSIVE", err) < 0 ||
	    query_number(s, "PRAGMA application_id", &owner, err) < 0 ||
	    query_number(s, "PRAGMA user_version", version, err) < 0)
		return -1;
	if (owner != STORE_SCHEMA_OWNER || *version < 1)
		return err_set(err, ERR_CONFIG,
		    "%s: not a store of mesh control; %s", s->path, DAMAGED);
	if (*version > STORE_SCHEMA_VERSION)
		return err_set(err, ERR_CONFIG, "%s: has schema %ld, this mesh "
		    "knows up to %d; run the newer mesh, or restore a backup "
		    "made by this one", s->path, *version, STORE_SCHEMA_VERSION);
	if (query_text(s, "PRAGMA quick_check(1)", verdict, err) < 0)
		return -1;
	if (strcmp(verdict, "ok") != 0)
		return err_set(err, ERR_CONFIG, "%s: damaged (%s); %s", s->path,
		    verdict, DAMAGED);
	return 0;
}

static int
configure(struct store_sqlite *s, struct err *err)
{
	char mode[256];

	if (query_text(s, "PRAGMA journal_mode = WAL", mode, err) < 0)
		return -1;
	if (strcmp(mode, "wal") != 0)
		return err_set(err, ERR_CONFIG,
		    "%s: its file system cannot hold a write-ahead log",
		    s->path);
	return exec(s, "PRAGMA synchronous = FULL;"
	    "PRAGMA cell_size_check = ON;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA journal_size_limit = 67108864", err);
}

static int
get_state(struct store_sqlite *s, const char *name, uint64_t *out,
    struct err *err)
{
	sqlite3_stmt *q = s->sql[SQL_STATE_GET];

	check(sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) == SQLITE_OK);
	return store_sql_run_number(s, q, 0, out, err);
}

static int
load_tip(struct store_sqlite *s, struct err *err)
{
	struct store_tip *tip = &s->tip;
	sqlite3_stmt *q = s->sql[SQL_LOG_LAST];

	if (get_state(s, "revision", &tip->revision, err) < 0 ||
	    get_state(s, "compacted", &tip->compacted, err) < 0 ||
	    store_sql_run_number(s, s->sql[SQL_COUNT], 0, &tip->n_changes,
	    err) < 0)
		return -1;
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW &&
	    sqlite3_column_bytes(q, 1) == STORE_HASH_LEN) {
		tip->log_seq = store_sql_get_number(q, 0);
		memcpy(tip->log_hash, sqlite3_column_blob(q, 1),
		    STORE_HASH_LEN);
	}
	store_sql_done(q);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 :
	    store_sqlite_fail(s, err);
}

struct store_sqlite *
store_sqlite_open(const char *path, struct err *err)
{
	long version;

	if (check_file(path, err) < 0)
		return NULL;
	struct store_sqlite *s = connect_file(path, err);

	if (s == NULL)
		return NULL;
	if (check_content(s, &version, err) == 0 &&
	    configure(s, err) == 0 &&
	    migrate(s, version, err) == 0 &&
	    store_sql_prepare(s, err) == 0 &&
	    load_tip(s, err) == 0)
		return s;
	store_sqlite_close(s);
	return NULL;
}

/* What is wrong with the row that should be entry seq, if anything is. */
static int
verify_entry(struct store_sqlite *s, uint64_t seq,
    unsigned char hash[STORE_HASH_LEN], struct err *err)
{
	sqlite3_stmt *q = s->sql[SQL_LOG];
	struct slice content = slice_of(sqlite3_column_blob(q, 1),
	    (size_t)sqlite3_column_bytes(q, 1));
	struct slice kept = slice_of(sqlite3_column_blob(q, 2),
	    (size_t)sqlite3_column_bytes(q, 2));

	if (store_sql_get_number(q, 0) != seq)
		return err_set(err, ERR_DATA, "%s: entry %llu of the log is "
		    "missing", s->path, (unsigned long long)seq);
	store_log_hash(hash, hash, seq, content);
	if (!slice_eq(kept, slice_of(hash, STORE_HASH_LEN)))
		return err_set(err, ERR_DATA, "%s: the log was altered at "
		    "entry %llu", s->path, (unsigned long long)seq);
	return 0;
}

/* The chain of the log, from its first entry; gives the last one's hash. */
static int
verify_log(struct store_sqlite *s, struct store_result *r)
{
	struct store_entry *last = arena_zalloc(&r->arena, sizeof(*last));
	sqlite3_stmt *q = s->sql[SQL_LOG];
	int rc;

	store_sql_number(q, 1, 0);
	store_sql_number(q, 2, INT64_MAX);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		last->seq++;
		if (verify_entry(s, last->seq, last->hash, &r->err) < 0)
			break;
	}
	if (r->err.kind == ERR_NONE && rc != SQLITE_DONE)
		store_sqlite_fail(s, &r->err);
	store_sql_done(q);
	/* What was cut off the end while this process knew of it. */
	if (r->err.kind == ERR_NONE && last->seq != s->tip.log_seq)
		err_set(&r->err, ERR_DATA, "%s: the log ends with entry %llu, "
		    "and had %llu", s->path, (unsigned long long)last->seq,
		    (unsigned long long)s->tip.log_seq);
	r->entries = last;
	r->n_entries = last->seq > 0;
	return r->err.kind == ERR_NONE ? 0 : -1;
}

void
store_sqlite_verify(struct store_sqlite *s, struct store_result *r)
{
	char verdict[256];

	r->revision = s->tip.revision;
	if (query_text(s, "PRAGMA integrity_check(1)", verdict, &r->err) < 0)
		return;
	if (strcmp(verdict, "ok") != 0)
		err_set(&r->err, ERR_CONFIG, "%s: damaged (%s); %s", s->path,
		    verdict, DAMAGED);
	else
		verify_log(s, r);
}

struct store_sqlite_copy {
	struct store_sqlite *to;
	sqlite3_backup      *backup;
	char                *path;
};

struct store_sqlite_copy *
store_sqlite_copy_start(struct store_sqlite *s, const char *path,
    struct err *err)
{
	struct store_sqlite_copy *c = mem_zalloc(sizeof(*c));
	char *aside = mem_printf("%s.partial", path);

	c->path = mem_strdup(path);
	store_file_remove(aside);
	if (store_file_make(aside, err) == 0 &&
	    (c->to = connect_file(aside, err)) != NULL) {
		c->backup = sqlite3_backup_init(c->to->db, "main", s->db,
		    "main");
		if (c->backup == NULL)
			store_sqlite_fail(c->to, err);
	}
	mem_free(aside);
	if (c->backup != NULL)
		return c;
	store_sqlite_copy_stop(c);
	return NULL;
}

int
store_sqlite_copy_step(struct store_sqlite_copy *c, struct err *err)
{
	int rc = sqlite3_backup_step(c->backup, 64);

	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return 1;
	sqlite3_backup_finish(c->backup);
	c->backup = NULL;
	if (rc != SQLITE_DONE)
		return store_sqlite_fail(c->to, err);
	char *aside = mem_strdup(c->to->path);

	store_sqlite_close(c->to);
	c->to = NULL;
	rc = store_file_publish(aside, c->path, err);
	mem_free(aside);
	return rc;
}

void
store_sqlite_copy_stop(struct store_sqlite_copy *c)
{
	if (c == NULL)
		return;
	if (c->backup != NULL)
		sqlite3_backup_finish(c->backup);
	if (c->to != NULL) {
		char *aside = mem_strdup(c->to->path);

		store_sqlite_close(c->to);
		store_file_remove(aside);
		mem_free(aside);
	}
	mem_free(c->path);
	mem_free(c);
}

const char *
store_sqlite_version(void)
{
	return sqlite3_libversion();
}
