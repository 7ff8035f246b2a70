#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "modes/control/store_fixture.h"

/* What somebody does to the log who can write its file. */

#define ENTRIES	10

static void
append(struct fixture *f, int from, int to)
{
	for (int i = from; i <= to; i++) {
		struct store_txn *t = store_txn_new();
		char text[16];

		snprintf(text, sizeof(text), "entry %d", i);
		store_txn_append(t, slice_str(text));
		fixture_commit(f, t);
	}
}

static void
tamper(struct fixture *f, const char *sql)
{
	char path[128];
	sqlite3 *db;

	fixture_shut(f);
	snprintf(path, sizeof(path), "%s", f->file);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	fixture_reopen(f);
}

static const struct {
	const char *what, *sql, *verdict;	/* part of it; NULL: whole */
} cases[] = {
	{ "nothing", "SELECT 1", NULL },
	{ "edit", "UPDATE log SET content = CAST('entry x' AS BLOB) WHERE seq = 4",
	    "altered at entry 4" },
	{ "edit of a hash", "UPDATE log SET hash = zeroblob(32) WHERE seq = 6",
	    "altered at entry 6" },
	{ "delete", "DELETE FROM log WHERE seq = 5", "entry 5 of the log is "
	    "missing" },
	{ "delete of the first", "DELETE FROM log WHERE seq = 1",
	    "entry 1 of the log is missing" },
	{ "delete and close the gap", "DELETE FROM log WHERE seq = 5;"
	    "UPDATE log SET seq = seq - 1 WHERE seq > 5", "altered at entry 5" },
	{ "reorder", "UPDATE log SET seq = 99 WHERE seq = 3;"
	    "UPDATE log SET seq = 3 WHERE seq = 4;"
	    "UPDATE log SET seq = 4 WHERE seq = 99", "altered at entry 3" },
	{ "insert", "UPDATE log SET seq = -seq - 1 WHERE seq > 3;"
	    "UPDATE log SET seq = -seq WHERE seq < 0;"
	    "INSERT INTO log SELECT 4, content, hash FROM log WHERE seq = 2",
	    "altered at entry 4" },
	/* Only an anchor shows it. */
	{ "cut", "DELETE FROM log WHERE seq > 7", NULL },
};

TEST(store_log_tells_where_it_was_tampered_with)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f = fixture_open();
		struct store_result *r;

		append(&f, 1, ENTRIES);
		tamper(&f, cases[i].sql);
		r = store_verify_wait(f.store);
		if (cases[i].verdict == NULL)
			assert_string_equal(r->err.text, "");
		else if (strstr(r->err.text, cases[i].verdict) == NULL)
			fail_msg("%s: \"%s\"", cases[i].what, r->err.text);
		store_result_free(r);
		fixture_close(&f);
	}
}

TEST(store_log_cut_short_is_seen_by_its_anchor)
{
	struct fixture f = fixture_open();
	struct store_result *anchor, *r;

	append(&f, 1, ENTRIES);
	anchor = store_verify_wait(f.store);
	assert_int_equal(anchor->n_entries, 1);
	assert_int_equal(anchor->entries[0].seq, ENTRIES);
	/* Cut, and filled up again: the numbers are right, the hash is not. */
	tamper(&f, "DELETE FROM log WHERE seq > 7");
	append(&f, 20, 30);
	r = store_verify_wait(f.store);
	assert_int_equal(r->err.kind, ERR_NONE);
	store_result_free(r);
	r = store_log_wait(f.store, ENTRIES - 1, 1);
	assert_int_equal(r->n_entries, 1);
	assert_memory_not_equal(r->entries[0].hash, anchor->entries[0].hash,
	    STORE_HASH_LEN);
	store_result_free(r);
	store_result_free(anchor);
	fixture_close(&f);
}
