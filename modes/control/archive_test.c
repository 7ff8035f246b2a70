#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/control/archive.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_fixture.h"
#include "pki/seal.h"

static const char *
in(const struct ca_dir *d, const char *name)
{
	static char path[4][64];
	static size_t at;
	char *to = path[at++ % 4];

	snprintf(to, sizeof(path[0]), "%s/%s", d->path, name);
	return to;
}

static void
write_file(const char *path, struct slice text)
{
	struct err err = ERR_INIT;

	if (ca_file_write(path, text, 0600, &err) < 0)
		fail_msg("%s", err.text);
}

TEST(archives_leave_no_copy_after_a_crash)
{
	static const char *const copies[] = {
		"backup-0123456789abcdef.tmp", "backup-0123456789abcdef.tmp-wal",
		"backup-0123456789abcdef.tmp.partial",
		"backup-0123456789abcdef.tmp.partial-journal",
	};
	static const char *const others[] = { "backup-of-mine", "other.tmp" };
	struct err err = ERR_INIT;
	struct ca_dir d;

	dir_make(&d);
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		write_file(in(&d, copies[i]), SLICE("x"));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		write_file(in(&d, others[i]), SLICE("x"));
	assert_int_equal(archives_recover(d.path, &err), 0);
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		assert_false(ca_file_exists(in(&d, copies[i])));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(unlink(in(&d, others[i])), 0);
	dir_remove(&d);
}

/* A sealed file of a whole authority and of a registry that is none. */
static void
write_broken_backup(const struct ca_dir *d)
{
	struct str ca = { 0 }, plain = { 0 }, sealed = { 0 };
	struct err err = ERR_INIT;

	ca_close(must_open(d));
	assert_int_equal(ca_files_pack(&ca, &d->files, &err), 0);
	str_addf(&plain, "mesh-backup 1\nca %zu\n%sstore 4\njunk", ca.len,
	    str_ptr(&ca));
	seal_close(&sealed, str_slice(&plain), SLICE("correct horse"), 10000);
	write_file(in(d, "sealed"), str_slice(&sealed));
	write_file(in(d, "secret"), SLICE("correct horse\n"));
	str_fini(&ca);
	str_fini(&plain);
	str_fini(&sealed);
}

TEST(archive_that_is_half_restored_is_not_started_on)
{
	struct ca_dir from, to;
	struct err err = ERR_INIT;

	dir_make(&from);
	dir_make(&to);
	write_broken_backup(&from);
	assert_int_equal(archive_restore(in(&from, "sealed"),
	    in(&from, "secret"), to.path, &err), -1);
	assert_true(ca_file_exists(to.files.root_cert));
	assert_false(ca_file_exists(in(&to, "store.db")));
	assert_int_equal(archives_recover(to.path, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "a restore was cut short"));
	unlink(in(&to, "restore.tmp"));
	unlink(in(&to, "lock"));
	unlink(in(&from, "sealed"));
	unlink(in(&from, "secret"));
	dir_remove(&to);
	dir_remove(&from);
}
