#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child_test.h"
#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/store_fixture.h"

TEST(store_directory_and_files_are_private)
{
	static const char *const names[] = {
		"store.db", "store.db-wal", "lock",
	};
	struct fixture f = fixture_open();
	struct stat st;

	fixture_put(&f, "a", "1");
	assert_int_equal(stat(f.home, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = mem_printf("%s/%s", f.home, names[i]);

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		mem_free(path);
	}
	fixture_shut(&f);
	assert_int_equal(chmod(f.home, 0750), 0);

	struct err err = fixture_refused(&f);

	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "chmod 700"));
	fixture_close(&f);
}

/* Runs fn in a child; gives its exit status. */
static int
in_child(int (*fn)(struct fixture *), struct fixture *f)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(f));
	return child_exit(pid);
}

static int
try_second(struct fixture *f)
{
	struct err err = ERR_INIT;
	char holder[32];

	snprintf(holder, sizeof(holder), "process %d;", (int)getppid());
	if (store_open(f->home, &err) != NULL)
		return 1;
	return err.kind == ERR_CONFIG && strstr(err.text, holder) != NULL &&
	    strstr(err.text, f->home) != NULL ? 0 : 2;
}

TEST(store_second_process_is_refused_and_told_who_has_it)
{
	struct fixture f = fixture_open();

	assert_int_equal(in_child(try_second, &f), 0);
	fixture_put(&f, "still", "here");
	fixture_close(&f);
}

TEST(store_lock_is_not_held_by_a_child_that_outlives_it)
{
	struct fixture f = fixture_open();
	int gate[2];

	assert_int_equal(pipe(gate), 0);

	pid_t pid = fork();

	if (pid == 0) {
		char c;

		close(gate[1]);
		_exit((int)read(gate[0], &c, 1));
	}
	close(gate[0]);
	fixture_shut(&f);
	fixture_reopen(&f);
	close(gate[1]);
	assert_int_equal(child_exit(pid), 0);
	fixture_close(&f);
}

TEST(store_newer_schema_is_refused_and_left_alone)
{
	static const unsigned char version[4] = { 0, 0, 0, 99 };
	struct fixture f = fixture_open();

	fixture_put(&f, "a", "1");
	fixture_shut(&f);
	fixture_patch(&f, 60, version, sizeof(version));	/* user_version */

	struct err err = fixture_refused(&f);

	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "schema 99"));
	assert_non_null(strstr(err.text, f.file));
	fixture_patch(&f, 60, "\0\0\0\1", 4);
	fixture_reopen(&f);
	fixture_close(&f);
}

/* Ways to damage a shut file, and a word that the refusal must contain. */
static void
cut_to_nothing(struct fixture *f)
{
	assert_int_equal(truncate(f->file, 0), 0);
}

static void
cut_in_half(struct fixture *f)
{
	struct stat st;

	assert_int_equal(stat(f->file, &st), 0);
	assert_int_equal(truncate(f->file, st.st_size / 2), 0);
}

static void
cut_within_a_page(struct fixture *f)
{
	assert_int_equal(truncate(f->file, 700), 0);
}

static void
scribble_on_the_header(struct fixture *f)
{
	fixture_patch(f, 0, "not a database..", 16);
}

static void
scribble_on_a_page(struct fixture *f)
{
	char noise[4096];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 37);
	for (long at = 4096; at < 10 * 4096; at += 4096)
		fixture_patch(f, at, noise, sizeof(noise));
}

static void
belongs_to_another_program(struct fixture *f)
{
	fixture_patch(f, 68, "\0\0\0\7", 4);	/* application_id */
}

static void
remove_but_leave_the_wal(struct fixture *f)
{
	char *wal = mem_printf("%s-wal", f->file);

	assert_int_equal(rename(f->file, wal), 0);
	mem_free(wal);
}

TEST(store_damaged_file_is_refused_with_what_to_do)
{
	static const struct {
		void      (*damage)(struct fixture *);
		const char *word;
	} rows[] = {
		{ cut_to_nothing, "empty" },
		{ cut_in_half, "damaged" },
		{ cut_within_a_page, "damaged" },
		{ scribble_on_the_header, "damaged" },
		{ scribble_on_a_page, "damaged" },
		{ belongs_to_another_program, "not a store" },
		{ remove_but_leave_the_wal, "missing" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f = fixture_open();

		for (int j = 0; j < 100; j++) {
			char key[16];

			snprintf(key, sizeof(key), "k%d", j);
			fixture_put(&f, key, f.filler);
		}
		fixture_shut(&f);
		rows[i].damage(&f);

		struct err err = fixture_refused(&f);

		if (strstr(err.text, rows[i].word) == NULL)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.text, f.file));
		assert_non_null(strstr(err.text, "mesh ctl backup restore"));
		fixture_close(&f);
	}
}

static enum err_kind
try_put(struct fixture *f, const char *key, size_t len)
{
	struct store_txn *t = store_txn_new();
	char *value = mem_zalloc(len);

	store_txn_put(t, slice_str(key), slice_of(value, len));
	mem_free(value);

	struct store_result *r = store_commit_wait(f->store, &t);
	enum err_kind kind = r->err.kind;

	store_result_free(r);
	return kind;
}

static size_t
count(struct fixture *f, const char *key)
{
	struct store_result *r = store_get_wait(f->store, slice_str(key));
	size_t n = r->err.kind == ERR_NONE ? r->n_items : 99;

	store_result_free(r);
	return n;
}

/* Files may not grow: every write of a new page fails with EFBIG. */
static int
limit_file_size(struct fixture *f)
{
	struct rlimit limit, low;
	struct err err = ERR_INIT;

	signal(SIGXFSZ, SIG_IGN);
	f->store = store_open(f->home, &err);
	getrlimit(RLIMIT_FSIZE, &limit);
	low = limit;
	low.rlim_cur = 512 * 1024;
	if (f->store == NULL || try_put(f, "before", 10) != ERR_NONE)
		return 1;
	setrlimit(RLIMIT_FSIZE, &low);
	if (try_put(f, "big", 1 << 20) != ERR_UNAVAILABLE)
		return 2;
	if (count(f, "big") != 0 || count(f, "before") != 1)
		return 3;
	if (try_put(f, "small", 10) != ERR_NONE)
		return 4;
	setrlimit(RLIMIT_FSIZE, &limit);
	if (try_put(f, "big", 1 << 20) != ERR_NONE || count(f, "big") != 1)
		return 5;
	store_close(&f->store);
	f->store = store_open(f->home, &err);
	if (f->store == NULL || count(f, "big") != 1 || count(f, "small") != 1)
		return 6;
	store_close(&f->store);
	return 0;
}

TEST(store_write_error_fails_the_request_and_later_ones_recover)
{
	struct fixture f = fixture_open();

	fixture_shut(&f);
	assert_int_equal(in_child(limit_file_size, &f), 0);
	fixture_close(&f);
}

/* A file system of 1 MiB, in a mount namespace of the child. */
static int
fill_disk(struct fixture *f)
{
	struct err err = ERR_INIT;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", f->home, "tmpfs", 0, "size=1m,mode=0700") < 0)
		return 77;
	f->store = store_open(f->home, &err);
	if (f->store == NULL || try_put(f, "before", 10) != ERR_NONE)
		return 1;

	char *ballast = mem_printf("%s/ballast", f->home);
	int fd = open(ballast, O_CREAT | O_WRONLY, 0600);
	char page[4096] = { 0 };

	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		;
	close(fd);
	if (try_put(f, "big", 300000) != ERR_UNAVAILABLE)
		return 2;
	if (count(f, "big") != 0 || count(f, "before") != 1)
		return 3;
	unlink(ballast);
	if (try_put(f, "big", 200000) != ERR_NONE || count(f, "big") != 1)
		return 4;

	struct store_result *r = store_verify_wait(f->store);
	bool is_whole = r->err.kind == ERR_NONE;

	store_result_free(r);
	store_close(&f->store);
	mem_free(ballast);
	return is_whole ? 0 : 5;
}

TEST(store_full_disk_fails_the_request_and_later_ones_recover)
{
	struct fixture f = fixture_open();

	fixture_shut(&f);

	int status = in_child(fill_disk, &f);

	fixture_close(&f);
	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}
