#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unit.h"
#include "tls/edge_fixture_test.h"
#include "tls/system_roots.h"

struct file {
	char path[64];
	int  fd;
};

static void
file_init(struct file *f)
{
	strcpy(f->path, "/tmp/mesh-roots-XXXXXX");
	f->fd = mkstemp(f->path);
	assert_true(f->fd >= 0);
}

static void
file_fini(struct file *f)
{
	unlink(f->path);
	close(f->fd);
}

/* In its place, with a time of its own. */
static void
file_set(const struct file *f, const char *text, time_t changed)
{
	const struct timespec times[2] = { { changed, 0 }, { changed, 0 } };
	ssize_t len = (ssize_t)strlen(text);

	assert_int_equal(ftruncate(f->fd, 0), 0);
	assert_int_equal(pwrite(f->fd, text, (size_t)len, 0), len);
	assert_int_equal(futimens(f->fd, times), 0);
}

TEST(system_roots_are_read_again_when_they_change_and_stay_when_they_break)
{
	struct err err = ERR_INIT;
	struct web_roots *first;
	struct file f;

	file_init(&f);
	struct system_roots *s = system_roots_new(f.path);

	file_set(&f, "none\n", 1);
	assert_null(system_roots_get(s, &err));
	assert_int_equal(err.kind, ERR_DATA);

	file_set(&f, rsa_cert, 2);
	first = system_roots_get(s, &err);
	assert_non_null(first);
	assert_int_equal(web_roots_len(first), 1);
	assert_ptr_equal(system_roots_get(s, &err), first);

	err = ERR_INIT;
	file_set(&f, "none\n", 3);
	assert_ptr_equal(system_roots_get(s, &err), first);
	assert_int_equal(err.kind, ERR_DATA);

	file_set(&f, rsa_cert, 4);
	assert_ptr_not_equal(system_roots_get(s, &err), first);
	system_roots_free(s);
	file_fini(&f);
}

TEST(system_roots_say_what_is_wrong_with_their_file)
{
	struct err err = ERR_INIT;
	struct file f;

	file_init(&f);
	struct system_roots *s = system_roots_new(f.path);

	assert_int_equal(ftruncate(f.fd, 9 << 20), 0);
	assert_null(system_roots_get(s, &err));
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	assert_non_null(strstr(err.text, "8388608 bytes"));
	file_fini(&f);
	err = ERR_INIT;
	assert_null(system_roots_get(s, &err));
	assert_non_null(strstr(err.text, "No such file"));
	system_roots_free(s);
}
