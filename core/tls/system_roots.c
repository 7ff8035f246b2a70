#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "tls/system_roots.h"

#define FILE_MAX	((size_t)8 << 20)	/* Debian's has 0.2 MB */

struct system_roots {
	const char       *path;
	struct web_roots *roots;	/* NULL: not read yet */
	struct timespec   changed;	/* of the file that was read */
	off_t             size;
};

struct system_roots *
system_roots_new(const char *path)
{
	struct system_roots *s = mem_zalloc(sizeof(*s));

	s->path = path;
	return s;
}

void
system_roots_free(struct system_roots *s)
{
	if (s == NULL)
		return;
	web_roots_unref(s->roots);
	mem_free(s);
}

static int
read_file(const char *path, struct str *out, struct err *err)
{
	char block[16384];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "%s", path);
	while ((n = read(fd, block, sizeof(block))) > 0 && out->len < FILE_MAX)
		str_add_slice(out, slice_of(block, (size_t)n));
	if (n < 0)
		err_errno(err, "%s", path);
	else if (n > 0)
		err_set(err, ERR_TOO_LARGE, "more than %zu bytes", FILE_MAX);
	close(fd);
	return n == 0 ? 0 : -1;
}

static bool
is_read(const struct system_roots *s, const struct stat *st)
{
	return s->roots != NULL && st->st_size == s->size &&
	    st->st_mtim.tv_sec == s->changed.tv_sec &&
	    st->st_mtim.tv_nsec == s->changed.tv_nsec;
}

struct web_roots *
system_roots_get(struct system_roots *s, struct err *err)
{
	struct web_roots *now;
	struct str text = { 0 };
	struct stat st;

	if (stat(s->path, &st) < 0) {
		err_errno(err, "the system's authorities: %s", s->path);
		return s->roots;
	}
	if (is_read(s, &st))
		return s->roots;
	now = web_roots_new();
	if (read_file(s->path, &text, err) < 0 ||
	    web_roots_add(now, str_slice(&text), err) < 0) {
		err_wrap(err, "the system's authorities: %s", s->path);
		web_roots_unref(now);
		str_fini(&text);
		return s->roots;
	}
	str_fini(&text);
	web_roots_unref(s->roots);
	s->roots = now;
	s->changed = st.st_mtim;
	s->size = st.st_size;
	log_info("tls", "%zu authorities of the system from %s",
	    web_roots_len(now), s->path);
	return s->roots;
}
