#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unit.h"
#include "pki/openssl_test.h"

static char dir[64];

static void
remove_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	rmdir(dir);
}

const char *
openssl_path(const char *name)
{
	static char path[4][128];
	static unsigned int turn;
	char *p = path[turn++ % 4];

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "/tmp/mesh-pki-XXXXXX");
		assert_non_null(mkdtemp(dir));
		atexit(remove_dir);
	}
	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

void
openssl_save(const char *name, struct slice bytes)
{
	FILE *f = fopen(openssl_path(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

static void
read_all(struct str *out, FILE *f)
{
	char buf[4096];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		if (out != NULL)
			str_add_slice(out, slice_of(buf, n));
}

struct str
openssl_load(const char *name)
{
	struct str s = { 0 };
	FILE *f = fopen(openssl_path(name), "r");

	assert_non_null(f);
	read_all(&s, f);
	fclose(f);
	return s;
}

static int
run(struct str *out, const char *fmt, va_list ap)
{
	struct str cmd = { 0 };
	FILE *f;
	int status;

	openssl_path("");
	str_addf(&cmd, "cd %s && exec openssl ", dir);
	str_vaddf(&cmd, fmt, ap);
	str_add(&cmd, " 2>&1 </dev/null");
	f = popen(str_ptr(&cmd), "r");
	assert_non_null(f);
	read_all(out, f);
	status = pclose(f);
	str_fini(&cmd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
openssl_run(struct str *out, const char *fmt, ...)
{
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = run(out, fmt, ap);
	va_end(ap);
	return status;
}

void
openssl_must(struct str *out, const char *fmt, ...)
{
	struct str said = { 0 };
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = run(&said, fmt, ap);
	va_end(ap);
	if (status != 0)
		fail_msg("openssl %s: status %d: %s", fmt, status,
		    str_ptr(&said));
	if (out != NULL)
		str_add_slice(out, str_slice(&said));
	str_fini(&said);
}

void
openssl_needed(void)
{
	static int found = -1;

	if (found < 0)
		found = openssl_run(NULL, "version") == 0;
	if (!found)
		skip();
}
