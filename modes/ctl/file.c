#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "modes/ctl/file.h"

static int
write_all(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text = slice_from(text, (size_t)n);
	}
	return fsync(fd);
}

/* link refuses a name that is taken, rename takes it over. */
static int
publish(const char *from, const char *to, bool replace)
{
	if (replace)
		return rename(from, to);
	int result = link(from, to);

	unlink(from);
	return result;
}

int
file_write(const char *path, struct slice text, mode_t mode, bool replace,
    struct err *err)
{
	char *aside = mem_printf("%s.%ld.new", path, (long)getpid());
	int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int result = -1;

	if (fd < 0) {
		err_errno(err, "%s", path);
		mem_free(aside);
		return -1;
	}
	/* Whatever the umask is. */
	if (fchmod(fd, mode) < 0 || write_all(fd, text) < 0)
		err_errno(err, "%s", path);
	else if (publish(aside, path, replace) == 0)
		result = 0;
	else if (errno == EEXIST)
		err_set(err, ERR_EXISTS, "%s exists already", path);
	else
		err_errno(err, "%s", path);
	if (result < 0)
		unlink(aside);
	close(fd);
	mem_free(aside);
	return result;
}

int
file_make_dir(const char *path, struct err *err)
{
	char *part = mem_strdup(path);
	int result = 0;

	for (char *p = part + 1; result == 0; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		bool last = *p == '\0';

		*p = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			result = err_errno(err, "%s", part);
		if (last)
			break;
		*p = '/';
	}
	mem_free(part);
	return result;
}
