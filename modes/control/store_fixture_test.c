#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/store_fixture.h"

struct fixture
fixture_open(void)
{
	struct fixture f = { .store = NULL };
	char dir[] = "/tmp/mesh-store-XXXXXX";

	assert_non_null(mkdtemp(dir));
	f.dir = mem_strdup(dir);
	f.home = mem_printf("%s/store", dir);
	f.file = mem_printf("%s/store.db", f.home);
	memset(f.filler, 'x', sizeof(f.filler) - 1);
	fixture_reopen(&f);
	return f;
}

static void
remove_tree(const char *path)
{
	DIR *d = opendir(path);

	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL; ) {
		char *at = mem_printf("%s/%s", path, e->d_name);

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    unlink(at) < 0)
			remove_tree(at);
		mem_free(at);
	}
	if (d != NULL)
		closedir(d);
	rmdir(path);
}

void
fixture_close(struct fixture *f)
{
	fixture_shut(f);
	remove_tree(f->dir);
	mem_free(f->file);
	mem_free(f->home);
	mem_free(f->dir);
}

void
fixture_shut(struct fixture *f)
{
	store_close(&f->store);
}

void
fixture_reopen(struct fixture *f)
{
	struct err err = ERR_INIT;

	store_close(&f->store);
	f->store = store_open(f->home, &err);
	if (f->store == NULL)
		fail_msg("%s", err.text);
}

uint64_t
fixture_commit(struct fixture *f, struct store_txn *t)
{
	struct store_result *r = store_commit_wait(f->store, &t);
	uint64_t revision = r->revision;

	if (r->err.kind != ERR_NONE)
		fail_msg("%s", r->err.text);
	store_result_free(r);
	return revision;
}

uint64_t
fixture_put(struct fixture *f, const char *key, const char *value)
{
	struct store_txn *t = store_txn_new();

	store_txn_put(t, slice_str(key), slice_str(value));
	return fixture_commit(f, t);
}

struct err
fixture_refused(struct fixture *f)
{
	struct err err = ERR_INIT;

	fixture_shut(f);
	assert_null(store_open(f->home, &err));
	assert_null(strchr(err.text, '\n'));
	return err;
}

void
fixture_patch(struct fixture *f, long at, const void *p, size_t len)
{
	int fd = open(f->file, O_WRONLY);

	assert_int_equal(pwrite(fd, p, len, at), len);
	close(fd);
}

int
fixture_replace_bytes(struct fixture *f, const char *from, const char *to)
{
	FILE *in = fopen(f->file, "rb");
	size_t len = strlen(from);
	int n = 0;

	assert_non_null(in);
	fseek(in, 0, SEEK_END);

	long size = ftell(in);
	char *bytes = mem_alloc((size_t)size);

	rewind(in);
	assert_int_equal(fread(bytes, 1, (size_t)size, in), size);
	fclose(in);
	for (long at = 0; at + (long)len <= size; at++)
		if (memcmp(bytes + at, from, len) == 0) {
			fixture_patch(f, at, to, len);
			n++;
		}
	mem_free(bytes);
	return n;
}

struct rlimit
fixture_fill_disk(void)
{
	struct rlimit before, none;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	return before;
}

void
fixture_free_disk(const struct rlimit *before)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, before), 0);
	signal(SIGXFSZ, SIG_DFL);
}

struct posted {
	void (*fn)(void *);
	void  *arg;
};

static void
inbox_post(void *ctx, void (*fn)(void *), void *arg)
{
	struct inbox *in = ctx;

	pthread_mutex_lock(&in->lock);
	if (in->n == in->cap) {
		in->cap = in->cap == 0 ? 64 : in->cap * 2;
		in->posted = mem_realloc(in->posted,
		    in->cap * sizeof(*in->posted));
	}
	in->posted[in->n++] = (struct posted){ fn, arg };
	pthread_cond_signal(&in->wake);
	pthread_mutex_unlock(&in->lock);
}

struct store_port
inbox_init(struct inbox *in)
{
	*in = (struct inbox){ .n = 0 };
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->wake, NULL);
	return (struct store_port){ inbox_post, in };
}

void
inbox_fini(struct inbox *in)
{
	inbox_run(in, SIZE_MAX);
	pthread_cond_destroy(&in->wake);
	pthread_mutex_destroy(&in->lock);
	mem_free(in->posted);
}

size_t
inbox_run(struct inbox *in, size_t max)
{
	size_t ran = 0;

	for (; ran < max; ran++) {
		struct posted p = { NULL, NULL };

		pthread_mutex_lock(&in->lock);
		if (in->taken < in->n)
			p = in->posted[in->taken++];
		pthread_mutex_unlock(&in->lock);
		if (p.fn == NULL)
			break;
		p.fn(p.arg);
	}
	return ran;
}

void
inbox_wait(struct inbox *in)
{
	pthread_mutex_lock(&in->lock);
	while (in->taken == in->n)
		pthread_cond_wait(&in->wake, &in->lock);
	pthread_mutex_unlock(&in->lock);
	inbox_run(in, 1);
}
