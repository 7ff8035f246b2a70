#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/proxy/state.h"
#include "pki/key.h"

/* --- the directory ------------------------------------------------------ */

static int
check_owner(const struct stat *st, const char *what, struct err *err)
{
	if (st->st_uid != geteuid())
		return err_set(err, ERR_CONFIG, "%s belongs to user %u, "
		    "expected %u, as which this runs", what,
		    (unsigned)st->st_uid, (unsigned)geteuid());
	if ((st->st_mode & 077) != 0)
		return err_set(err, ERR_CONFIG, "%s has mode %04o, expected "
		    "%s: others could read or change it", what,
		    (unsigned)st->st_mode & 07777,
		    S_ISDIR(st->st_mode) ? "0700" : "0600");
	return 0;
}

static int
check_dir(int dir, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(dir, &st) != 0)
		return err_errno(err, "%s", path);
	if (check_owner(&st, path, err) != 0)
		return -1;
	if (flock(dir, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, ERR_CONFLICT,
		    "%s is in use by another process", path);
	return err_errno(err, "lock %s", path);
}

int
state_open(struct state *s, const char *path, struct err *err)
{
	*s = (struct state){ .dir = -1 };
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_errno(err, "state directory %s", path);
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return err_errno(err, "state directory %s", path);
	if (check_dir(s->dir, path, err) != 0) {
		close(s->dir);
		s->dir = -1;
		return err_wrap(err, "state directory");
	}
	s->path = mem_strdup(path);
	return 0;
}

void
state_close(struct state *s)
{
	if (s->path == NULL)
		return;
	close(s->dir);
	mem_free(s->path);
	*s = (struct state){ .dir = -1 };
}

/* --- files ---------------------------------------------------------------- */

static int
read_all(int fd, size_t size, struct str *out, struct err *err)
{
	char block[16384];
	ssize_t n;

	/* At once: the bytes may be a key, and a growing str leaves copies. */
	key_room_str(out, size + 1);
	while ((n = read(fd, block, sizeof(block))) > 0) {
		if (out->len + (size_t)n > STATE_FILE_MAX) {
			n = -1;
			errno = EFBIG;
			break;
		}
		str_add_slice(out, slice_of(block, (size_t)n));
	}
	mem_wipe(block, sizeof(block));
	return n < 0 ? err_errno(err, "read") : 0;
}

int
state_read(const struct state *s, const char *name, struct str *out,
    struct err *err)
{
	int fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct stat st;
	int result;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_errno(err, "%s/%s", s->path, name);
	if (fstat(fd, &st) != 0)
		result = err_errno(err, "stat");
	else if (!S_ISREG(st.st_mode))
		result = err_set(err, ERR_CONFIG, "not a file");
	else if ((result = check_owner(&st, "it", err)) == 0)
		result = read_all(fd, (size_t)st.st_size, out, err);
	close(fd);
	return result == 0 ? 1 : err_wrap(err, "%s/%s", s->path, name);
}

static int
write_all(int fd, struct slice bytes, struct err *err)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "write");
		bytes = slice_from(bytes, (size_t)n);
	}
	return fsync(fd) == 0 ? 0 : err_errno(err, "fsync");
}

static int
write_new(const struct state *s, const char *temp, struct slice bytes,
    struct err *err)
{
	/* What a crash left behind may have any mode. */
	if (unlinkat(s->dir, temp, 0) != 0 && errno != ENOENT)
		return err_errno(err, "unlink %s", temp);
	int fd = openat(s->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);

	if (fd < 0)
		return err_errno(err, "create %s", temp);
	int result = write_all(fd, bytes, err);

	if (close(fd) != 0 && result == 0)
		result = err_errno(err, "close");
	return result;
}

int
state_write(const struct state *s, const char *name, struct slice bytes,
    struct err *err)
{
	char temp[64];
	int len = snprintf(temp, sizeof(temp), "%s.new", name);

	check(len > 0 && (size_t)len < sizeof(temp));
	if (write_new(s, temp, bytes, err) != 0) {
		unlinkat(s->dir, temp, 0);
		return err_wrap(err, "%s/%s", s->path, name);
	}
	if (renameat(s->dir, temp, s->dir, name) != 0) {
		err_errno(err, "rename");
		unlinkat(s->dir, temp, 0);
		return err_wrap(err, "%s/%s", s->path, name);
	}
	if (fsync(s->dir) != 0) {
		err_errno(err, "fsync of the directory");
		return err_wrap(err, "%s/%s", s->path, name);
	}
	return 0;
}

int
state_remove(const struct state *s, const char *name, struct err *err)
{
	if (unlinkat(s->dir, name, 0) != 0 && errno != ENOENT)
		return err_errno(err, "%s/%s", s->path, name);
	return 0;
}
