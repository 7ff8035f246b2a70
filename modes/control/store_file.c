#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "modes/control/store_file.h"

static int
check_dir(const char *dir, struct err *err)
{
	struct stat st;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "%s: cannot make the directory", dir);
	if (stat(dir, &st) < 0)
		return err_errno(err, "%s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s: not a directory", dir);
	if ((st.st_mode & 077) != 0)
		return err_set(err, ERR_CONFIG,
		    "%s: mode %04o lets others in; run chmod 700 %s", dir,
		    (unsigned)st.st_mode & 07777, dir);
	return 0;
}

int
store_file_lock(const char *dir, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (check_dir(dir, err) < 0)
		return -1;
	char *path = mem_printf("%s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		err_errno(err, "%s", path);
		mem_free(path);
		return -1;
	}
	mem_free(path);
	if (fcntl(fd, F_SETLK, &lock) == 0)
		return fd;
	if (errno != EACCES && errno != EAGAIN)
		err_errno(err, "%s/lock", dir);
	else if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		err_set(err, ERR_CONFIG, "%s: in use by process %d; stop it, "
		    "or choose another --data-dir", dir, (int)lock.l_pid);
	else
		err_set(err, ERR_CONFIG, "%s: in use by another process; "
		    "stop it, or choose another --data-dir", dir);
	close(fd);
	return -1;
}

int
store_file_make(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, "%s", path);
	close(fd);
	return 0;
}

void
store_file_remove(const char *path)
{
	static const char *const suffixes[] = {
		"", "-wal", "-shm", "-journal",
	};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *at = mem_printf("%s%s", path, suffixes[i]);

		unlink(at);
		mem_free(at);
	}
}

static int
copy_bytes(int in, int out)
{
	char buf[65536];

	for (;;) {
		ssize_t n = read(in, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		for (ssize_t at = 0; at < n; ) {
			ssize_t w = write(out, buf + at, (size_t)(n - at));

			if (w < 0 && errno != EINTR)
				return -1;
			if (w > 0)
				at += w;
		}
	}
}

int
store_file_copy(const char *from, const char *to, struct err *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0)
		return err_errno(err, "%s", from);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = 0;

	if (out < 0 || copy_bytes(in, out) < 0)
		rc = err_errno(err, "copying %s to %s", from, to);
	if (out >= 0 && close(out) < 0 && rc == 0)
		rc = err_errno(err, "%s", to);
	close(in);
	return rc;
}

static int
sync_path(const char *path, int flags, struct err *err)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "%s", path);
	int rc = fsync(fd) < 0 ? err_errno(err, "%s: fsync", path) : 0;

	close(fd);
	return rc;
}

int
store_file_publish(const char *from, const char *to, struct err *err)
{
	if (sync_path(from, O_RDONLY, err) < 0)
		return -1;
	if (rename(from, to) < 0)
		return err_errno(err, "renaming %s to %s", from, to);
	const char *slash = strrchr(to, '/');
	char *dir = slash == NULL ? mem_strdup(".") :
	    slash == to ? mem_strdup("/") :
	    mem_dup(to, (size_t)(slash - to));
	int rc = sync_path(dir, O_RDONLY | O_DIRECTORY, err);

	mem_free(dir);
	return rc;
}
