#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "modes/control/ca_file.h"

#define FILE_MAX	((size_t)1 << 20)

static int
check_mode(const char *path, const struct stat *st, mode_t wanted,
    struct err *err)
{
	if ((st->st_mode & 077) != 0)
		return err_set(err, ERR_CONFIG, "%s has mode %04o: others "
		    "than its owner could read it; chmod %o %s", path,
		    (unsigned int)st->st_mode & 07777, (unsigned int)wanted,
		    path);
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return err_set(err, ERR_CONFIG, "%s belongs to uid %u, not to "
		    "uid %u that runs this", path, (unsigned int)st->st_uid,
		    (unsigned int)geteuid());
	return 0;
}

int
ca_file_dir(const char *path, struct err *err)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "mkdir %s", path);
	if (stat(path, &st) < 0)
		return err_errno(err, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is no directory", path);
	return check_mode(path, &st, 0700, err);
}

bool
ca_file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int
read_all(struct str *out, int fd, const char *path, size_t max,
    struct err *err)
{
	char buf[65536];
	size_t got = 0;
	ssize_t n;
	int r = 0;

	do {
		n = read(fd, buf, sizeof(buf));
		if (n > 0) {
			got += (size_t)n;
			str_add_slice(out, slice_of(buf, (size_t)n));
		}
		if (got > max)
			r = err_set(err, ERR_CONFIG, "%s is larger than %zu "
			    "bytes", path, max);
	} while (r == 0 && (n > 0 || (n < 0 && errno == EINTR)));
	if (n < 0)
		r = err_errno(err, "read %s", path);
	mem_wipe(buf, sizeof(buf));
	return r;
}

int
ca_file_read_large(struct str *out, const char *path, bool secret, size_t max,
    struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return err_errno(err, "%s", path);
	if (fstat(fd, &st) < 0)
		r = err_errno(err, "%s", path);
	else if (!S_ISREG(st.st_mode))
		r = err_set(err, ERR_CONFIG, "%s is no regular file", path);
	else if (secret)
		r = check_mode(path, &st, 0600, err);
	if (r == 0) {
		/* At once: a str that grows leaves copies behind. */
		if (st.st_size > 0 && (uint64_t)st.st_size <= max)
			key_room_str(out, (size_t)st.st_size + 1);
		r = read_all(out, fd, path, max, err);
	}
	close(fd);
	return r;
}

int
ca_file_read(struct str *out, const char *path, bool secret, struct err *err)
{
	return ca_file_read_large(out, path, secret, FILE_MAX, err);
}

static int
write_all(int fd, struct slice s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.ptr, s.len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			s = slice_from(s, (size_t)n);
	}
	return fsync(fd);
}

/* The directory remembers the new name only once it is synced itself. */
static int
sync_dir_of(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? mem_strdup(".") :
	    mem_dup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0 || fsync(fd) < 0)
		r = err_errno(err, "sync %s", dir);
	if (fd >= 0)
		close(fd);
	mem_free(dir);
	return r;
}

int
ca_file_write(const char *path, struct slice s, mode_t mode, struct err *err)
{
	char *tmp = mem_printf("%s.new", path);
	int fd, r = 0;

	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		r = err_errno(err, "create %s", tmp);
	else if (fchmod(fd, mode) < 0 || write_all(fd, s) < 0)
		r = err_errno(err, "write %s", tmp);
	if (fd >= 0)
		close(fd);
	if (r == 0 && rename(tmp, path) < 0)
		r = err_errno(err, "rename %s", tmp);
	if (r < 0 && fd >= 0)
		unlink(tmp);
	mem_free(tmp);
	return r == 0 ? sync_dir_of(path, err) : r;
}

int
ca_file_read_key(struct key *key, const char *path, struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read(&text, path, true, err);

	if (r == 0 && key_parse(key, str_slice(&text), err) < 0)
		r = err_wrap(err, "%s", path);
	key_wipe_str(&text);
	return r;
}

int
ca_file_write_key(const struct key *key, const char *path, struct err *err)
{
	struct str text = { 0 };
	int r;

	key_pem(&text, key);
	r = ca_file_write(path, str_slice(&text), 0600, err);
	key_wipe_str(&text);
	return r;
}
