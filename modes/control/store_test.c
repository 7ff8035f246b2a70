#include <sys/stat.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "modes/control/store_file.h"
#include "modes/control/store_fixture.h"

static void
count_kind(void *ctx, const struct store_result *r)
{
	((size_t *)ctx)[r->err.kind]++;
}

/* What is posted after the end, even from an answer, is refused. */
TEST(store_that_stopped_answers_all_the_same)
{
	struct fixture f = fixture_open();
	struct store_txn *txn = store_txn_new();
	struct inbox in;
	struct store_port port = inbox_init(&in);
	size_t kinds[64] = { 0 };

	store_get(f.store, SLICE("k"), &port, count_kind, kinds);
	store_stop(f.store);
	store_stop(f.store);
	store_get(f.store, SLICE("k"), &port, count_kind, kinds);
	store_txn_put(txn, SLICE("k"), SLICE("v"));
	store_commit(f.store, &txn, &port, count_kind, kinds);
	assert_int_equal(inbox_run(&in, SIZE_MAX), 3);
	assert_int_equal(kinds[ERR_NONE], 1);
	assert_int_equal(kinds[ERR_UNAVAILABLE], 2);
	inbox_fini(&in);
	fixture_close(&f);
}

TEST(store_txn_gives_each_write_the_next_revision)
{
	struct fixture f = fixture_open();

	assert_int_equal(fixture_put(&f, "a", "1"), 1);
	assert_int_equal(fixture_put(&f, "b", "1"), 2);
	assert_int_equal(fixture_put(&f, "a", "2"), 3);

	struct store_result *r = store_get_wait(f.store, SLICE("a"));

	assert_int_equal(r->n_items, 1);
	assert_true(slice_is(r->items[0].key, "a"));
	assert_true(slice_is(r->items[0].value, "2"));
	assert_int_equal(r->items[0].created, 1);
	assert_int_equal(r->items[0].modified, 3);
	assert_int_equal(r->revision, 3);
	store_result_free(r);
	fixture_close(&f);
}

TEST(store_txn_without_effect_makes_no_revision)
{
	struct fixture f = fixture_open();
	struct store_txn *t = store_txn_new();

	fixture_put(&f, "a", "1");
	store_txn_require(t, SLICE("a"), 1);
	store_txn_delete(t, SLICE("nothing"));
	assert_int_equal(fixture_commit(&f, t), 1);
	assert_int_equal(fixture_put(&f, "a", "2"), 2);
	fixture_close(&f);
}

TEST(store_compare_says_which_failed_and_nothing_is_written)
{
	static const struct {
		const char *key;
		uint64_t    modified;
		bool        holds;
	} rows[] = {
		{ "a", 1, true }, { "a", 0, false }, { "a", 2, false },
		{ "b", 0, true }, { "b", 1, false },
		{ "gone", 0, true }, { "gone", 2, false },
	};
	struct fixture f = fixture_open();
	struct store_txn *t;

	fixture_put(&f, "a", "1");
	fixture_put(&f, "gone", "1");
	t = store_txn_new();
	store_txn_delete(t, SLICE("gone"));
	fixture_commit(&f, t);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = store_txn_new();
		store_txn_require(t, SLICE("a"), 1);
		store_txn_require(t, slice_str(rows[i].key), rows[i].modified);
		store_txn_put(t, SLICE("written"), SLICE("x"));
		store_txn_append(t, SLICE("said"));

		struct store_result *r = store_commit_wait(f.store, &t);

		assert_null(t);
		if (rows[i].holds) {
			assert_int_equal(r->err.kind, ERR_NONE);
		} else {
			assert_int_equal(r->err.kind, ERR_CONFLICT);
			assert_int_equal(r->failed, 1);
			assert_non_null(strstr(r->err.text, rows[i].key));
		}
		store_result_free(r);
		r = store_get_wait(f.store, SLICE("written"));
		assert_int_equal(r->n_items, rows[i].holds);
		store_result_free(r);
		t = store_txn_new();
		store_txn_delete(t, SLICE("written"));
		fixture_commit(&f, t);
	}
	struct store_result *r = store_log_wait(f.store, 0, 0);

	assert_int_equal(r->n_entries, 3);
	store_result_free(r);
	fixture_close(&f);
}

TEST(store_delete_then_put_in_one_transaction_makes_the_key_anew)
{
	struct fixture f = fixture_open();
	struct store_txn *t = store_txn_new();

	fixture_put(&f, "a", "1");
	store_txn_delete(t, SLICE("a"));
	store_txn_put(t, SLICE("a"), SLICE(""));
	assert_int_equal(fixture_commit(&f, t), 2);

	struct store_result *r = store_get_wait(f.store, SLICE("a"));

	assert_int_equal(r->items[0].created, 2);
	assert_int_equal(r->items[0].value.len, 0);
	store_result_free(r);
	fixture_close(&f);
}

TEST(store_list_keeps_to_prefix_order_and_page)
{
	static const char *const keys[] = {
		"doc/b", "doc/a", "doc", "doc/\xff\xff", "dod", "!doc/x", "doc/c",
	};
	static const struct {
		const char *prefix, *after;
		size_t      limit;
		const char *want;
	} rows[] = {
		{ "doc/", NULL, 0, "doc/a doc/b doc/c doc/\xff\xff " },
		{ "doc/", "doc/a", 0, "doc/b doc/c doc/\xff\xff " },
		{ "doc/", "doc/a", 1, "doc/b " },
		{ "doc/", "a", 2, "doc/a doc/b " },
		{ "doc/\xff", NULL, 0, "doc/\xff\xff " },
		{ "!doc/", NULL, 0, "!doc/x " },
		{ "e", NULL, 0, "" },
		{ "", "doc/c", 0, "doc/\xff\xff dod " },
	};
	struct fixture f = fixture_open();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		fixture_put(&f, keys[i], "v");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_query q = {
			.prefix = slice_str(rows[i].prefix),
			.after = slice_str(rows[i].after),
			.limit = rows[i].limit,
		};
		struct store_result *r = store_list_wait(f.store, &q);
		struct str got = { 0 };

		for (size_t j = 0; j < r->n_items; j++) {
			str_add_slice(&got, r->items[j].key);
			str_add_char(&got, ' ');
		}
		assert_string_equal(str_ptr(&got), rows[i].want);
		assert_int_equal(r->revision, sizeof(keys) / sizeof(keys[0]));
		str_fini(&got);
		store_result_free(r);
	}
	fixture_close(&f);
}

TEST(store_refuses_what_is_too_large_and_takes_what_just_fits)
{
	struct fixture f = fixture_open();
	char *bytes = mem_zalloc(STORE_VALUE_MAX + 1);
	static const struct {
		size_t        key, value;
		enum err_kind kind;
	} rows[] = {
		{ STORE_KEY_MAX, STORE_VALUE_MAX, ERR_NONE },
		{ STORE_KEY_MAX + 1, 1, ERR_TOO_LARGE },
		{ 1, STORE_VALUE_MAX + 1, ERR_TOO_LARGE },
		{ 0, 1, ERR_DATA },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_txn *t = store_txn_new();

		store_txn_put(t, slice_of(bytes, rows[i].key),
		    slice_of(bytes, rows[i].value));

		struct store_result *r = store_commit_wait(f.store, &t);

		assert_int_equal(r->err.kind, rows[i].kind);
		store_result_free(r);
	}
	mem_free(bytes);
	fixture_close(&f);
}

TEST(store_record_goes_after_it_expired)
{
	struct fixture f = fixture_open();
	struct store_txn *t = store_txn_new();

	store_txn_put_until(t, SLICE("!token/old"), SLICE("v"), 1);
	store_txn_put_until(t, SLICE("!token/new"), SLICE("v"), INT32_MAX * 4ll);
	store_txn_put_until(t, SLICE("!token/kept"), SLICE("v"), 1);
	store_txn_put(t, SLICE("!token/kept"), SLICE("v"));
	fixture_commit(&f, t);
	fixture_put(&f, "any", "write");

	struct store_query q = { .prefix = SLICE("!token/") };
	struct store_result *r = store_list_wait(f.store, &q);

	assert_int_equal(r->n_items, 2);
	assert_true(slice_is(r->items[0].key, "!token/kept"));
	assert_true(slice_is(r->items[1].key, "!token/new"));
	store_result_free(r);
	fixture_close(&f);
}

/* Counts what runs on the poster's thread; nothing else is needed here. */
struct tally {
	pthread_mutex_t lock;
	pthread_cond_t  wake;
	unsigned        ok, refused;
	uint64_t        last;
	bool            is_ordered;
};

static void
run_at_once(void *ctx, void (*fn)(void *), void *arg)
{
	(void)ctx;
	fn(arg);
}

static void
on_commit(void *ctx, const struct store_result *r)
{
	struct tally *t = ctx;

	pthread_mutex_lock(&t->lock);
	if (r->err.kind == ERR_NONE) {
		t->ok++;
		t->is_ordered &= r->revision == t->last + 1;
		t->last = r->revision;
	} else {
		t->refused += r->err.kind == ERR_CONFLICT;
	}
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

TEST(store_group_commit_keeps_order_and_fails_only_who_conflicts)
{
	struct fixture f = fixture_open();
	struct store_port port = { .post = run_at_once };
	struct tally t = { .is_ordered = true };

	pthread_mutex_init(&t.lock, NULL);
	pthread_cond_init(&t.wake, NULL);
	for (int i = 0; i < 1000; i++) {
		struct store_txn *txn = store_txn_new();
		char key[16];

		/* Every second one asks for a key that the first took. */
		snprintf(key, sizeof(key), "k%d", i / 2);
		store_txn_require(txn, slice_str(key), 0);
		store_txn_put(txn, slice_str(key), SLICE("v"));
		store_commit(f.store, &txn, &port, on_commit, &t);
	}
	pthread_mutex_lock(&t.lock);
	while (t.ok + t.refused < 1000)
		pthread_cond_wait(&t.wake, &t.lock);
	pthread_mutex_unlock(&t.lock);
	assert_int_equal(t.ok, 500);
	assert_int_equal(t.refused, 500);
	assert_true(t.is_ordered);
	assert_int_equal(t.last, 500);
	fixture_close(&f);
	pthread_cond_destroy(&t.wake);
	pthread_mutex_destroy(&t.lock);
}

TEST(store_log_is_chained_and_read_in_pages)
{
	struct fixture f = fixture_open();
	char text[16];

	for (int i = 1; i <= 10; i++) {
		struct store_txn *t = store_txn_new();

		snprintf(text, sizeof(text), "entry %d", i);
		store_txn_append(t, slice_str(text));
		fixture_commit(&f, t);
		fixture_reopen(&f);
	}
	struct store_result *r = store_log_wait(f.store, 7, 2);

	assert_int_equal(r->n_entries, 2);
	assert_int_equal(r->entries[0].seq, 8);
	assert_true(slice_is(r->entries[1].content, "entry 9"));
	store_result_free(r);
	r = store_log_wait(f.store, UINT64_MAX, 0);
	assert_int_equal(r->n_entries, 0);
	store_result_free(r);
	r = store_verify_wait(f.store);
	assert_int_equal(r->err.kind, ERR_NONE);
	store_result_free(r);

	/* One changed byte of one entry. */
	fixture_shut(&f);
	assert_int_equal(fixture_replace_bytes(&f, "entry 4", "Entry 4"), 1);
	fixture_reopen(&f);
	r = store_verify_wait(f.store);
	assert_int_equal(r->err.kind, ERR_DATA);
	assert_non_null(strstr(r->err.text, "entry 4"));
	store_result_free(r);
	fixture_close(&f);
}

TEST(store_revision_does_not_go_back_after_a_restart)
{
	struct fixture f = fixture_open();
	struct store_txn *t = store_txn_new();

	fixture_put(&f, "a", "1");
	store_txn_delete(t, SLICE("a"));
	assert_int_equal(fixture_commit(&f, t), 2);
	fixture_reopen(&f);
	assert_int_equal(fixture_put(&f, "a", "1"), 3);
	fixture_reopen(&f);
	t = store_txn_new();
	store_txn_append(t, SLICE("only the log"));
	assert_int_equal(fixture_commit(&f, t), 4);
	fixture_reopen(&f);
	assert_int_equal(fixture_put(&f, "!record", "1"), 5);
	fixture_close(&f);
}

TEST(store_backup_while_writing_restores_equal)
{
	struct fixture f = fixture_open();
	char *copy = mem_printf("%s/copy", f.dir);
	char *dir = mem_printf("%s/restored", f.dir);
	struct err err = ERR_INIT;
	struct store_query all = { .prefix = SLICE("") };
	uint64_t revision = 0;

	for (int i = 0; i < 200; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key%d", i);
		revision = fixture_put(&f, key, f.filler);
	}
	struct store_result *before = store_list_wait(f.store, &all);
	struct store_result *r = store_backup_wait(f.store, copy);

	assert_int_equal(r->err.kind, ERR_NONE);
	assert_int_equal(r->revision, revision);
	store_result_free(r);

	struct stat st;

	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fixture_put(&f, "after", "the backup");
	assert_int_equal(store_restore(copy, dir, &err), 0);

	struct store *restored = store_open(dir, &err);

	assert_non_null(restored);
	r = store_list_wait(restored, &all);
	assert_int_equal(r->n_items, before->n_items);
	for (size_t i = 0; i < r->n_items; i++) {
		assert_true(slice_eq(r->items[i].key, before->items[i].key));
		assert_true(slice_eq(r->items[i].value,
		    before->items[i].value));
	}
	assert_int_equal(r->revision, revision + STORE_RESTORE_STEP);
	store_result_free(r);
	store_result_free(before);
	store_close(&restored);
	assert_int_equal(store_restore(copy, dir, &err), -1);
	assert_non_null(strstr(err.text, "exists"));
	mem_free(dir);
	mem_free(copy);
	fixture_close(&f);
}

TEST(store_backup_to_a_bad_place_fails_alone)
{
	struct fixture f = fixture_open();
	struct store_result *r = store_backup_wait(f.store, "/nowhere/copy");

	assert_int_equal(r->err.kind, ERR_SYSTEM);
	store_result_free(r);
	assert_int_equal(fixture_put(&f, "a", "1"), 1);
	fixture_close(&f);
}

TEST(store_restore_is_not_misled_by_logs_of_another_store)
{
	static const char *const names[] = {
		"store.db.restore", "store.db.restore-wal",
		"store.db.restore-journal",
	};
	struct fixture f = fixture_open();
	char *copy = mem_printf("%s/copy", f.dir);
	char *dir = mem_printf("%s/restored", f.dir);
	char *wal = mem_printf("%s/store.db-wal", dir);
	struct err err = ERR_INIT;

	fixture_put(&f, "a", "in the backup");
	store_result_free(store_backup_wait(f.store, copy));
	fixture_put(&f, "a", "later");
	assert_int_equal(mkdir(dir, 0700), 0);
	/* The log of the running store, of which the copy knows nothing. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *from = mem_printf("%s-wal", f.file);
		char *to = mem_printf("%s/%s", dir, names[i]);

		assert_int_equal(store_file_copy(from, to, &err), 0);
		mem_free(to);
		mem_free(from);
	}
	assert_int_equal(store_restore(copy, dir, &err), 0);

	struct store *restored = store_open(dir, &err);
	struct store_result *r = store_get_wait(restored, SLICE("a"));

	assert_true(slice_is(r->items[0].value, "in the backup"));
	store_result_free(r);
	store_close(&restored);

	/* One whose database was lost is no empty directory. */
	char *db = mem_printf("%s/store.db", dir);

	assert_int_equal(rename(db, wal), 0);
	assert_int_equal(store_restore(copy, dir, &err), -1);
	assert_non_null(strstr(err.text, "empty directory"));
	mem_free(db);
	mem_free(wal);
	mem_free(dir);
	mem_free(copy);
	fixture_close(&f);
}
