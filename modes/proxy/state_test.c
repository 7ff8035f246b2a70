#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/proxy/state.h"

/* A directory of its own, with a state directory to be in it. */
struct place {
	char  root[32];
	char *path;
};

static void
place_init(struct place *p)
{
	strcpy(p->root, "/tmp/mesh-state-XXXXXX");
	assert_non_null(mkdtemp(p->root));
	p->path = mem_printf("%s/state", p->root);
}

static void
place_fini(struct place *p)
{
	DIR *d = opendir(p->path);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	rmdir(p->path);
	rmdir(p->root);
	mem_free(p->path);
}

static void
put_file(const struct place *p, const char *name, const char *text,
    mode_t mode)
{
	char *path = mem_printf("%s/%s", p->path, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	mem_free(path);
}

/* The text of a file, "-" when there is none, or the error. */
static char *
get_file(const struct state *s, const char *name)
{
	struct str out = { 0 };
	struct err err = ERR_INIT;
	int result = state_read(s, name, &out, &err);

	if (result == 0)
		str_add(&out, "-");
	if (result < 0) {
		str_clear(&out);
		str_add(&out, err.text);
	}
	str_add(&out, "");
	char *text = str_give(&out);

	return text;
}

static void
expect_file(const struct state *s, const char *name, const char *text)
{
	char *found = get_file(s, name);

	assert_string_equal(found, text);
	mem_free(found);
}

TEST(state_makes_its_directory_and_files_private)
{
	struct place p;
	struct state s;
	struct stat st;
	struct err err = ERR_INIT;

	place_init(&p);
	mode_t before = umask(0);

	assert_int_equal(state_open(&s, p.path, &err), 0);
	assert_int_equal(state_write(&s, "x", SLICE("text"), &err), 0);
	umask(before);
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fstatat(s.dir, "x", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	state_close(&s);
	state_close(&s);
	place_fini(&p);
}

TEST(state_keeps_what_was_written)
{
	struct place p;
	struct state s;
	struct err err = ERR_INIT;

	place_init(&p);
	assert_int_equal(state_open(&s, p.path, &err), 0);
	expect_file(&s, "x", "-");
	assert_int_equal(state_write(&s, "x", SLICE("one"), &err), 0);
	assert_int_equal(state_write(&s, "x", SLICE("second"), &err), 0);
	state_close(&s);
	assert_int_equal(state_open(&s, p.path, &err), 0);
	expect_file(&s, "x", "second");
	assert_int_equal(state_remove(&s, "x", &err), 0);
	assert_int_equal(state_remove(&s, "x", &err), 0);
	expect_file(&s, "x", "-");
	state_close(&s);
	place_fini(&p);
}

TEST(state_refuses_a_directory_that_others_reach)
{
	static const mode_t modes[] = { 0750, 0705, 0777, 0701 };
	struct place p;
	struct state s;

	place_init(&p);
	assert_int_equal(mkdir(p.path, 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct err err = ERR_INIT;
		char want[256];

		assert_int_equal(chmod(p.path, modes[i]), 0);
		assert_int_equal(state_open(&s, p.path, &err), -1);
		snprintf(want, sizeof(want), "state directory: %s has mode "
		    "%04o, expected 0700: others could read or change it",
		    p.path, (unsigned)modes[i]);
		assert_string_equal(err.text, want);
		assert_int_equal(err.kind, ERR_CONFIG);
		state_close(&s);
	}
	place_fini(&p);
}

TEST(state_refuses_files_that_others_reach)
{
	struct place p;
	struct state s;
	struct err err = ERR_INIT;

	place_init(&p);
	assert_int_equal(state_open(&s, p.path, &err), 0);
	put_file(&p, "key", "secret", 0640);
	char *found = get_file(&s, "key");

	assert_non_null(strstr(found, "/key: it has mode 0640, expected 0600"));
	mem_free(found);
	put_file(&p, "key", "secret", 0600);
	expect_file(&s, "key", "secret");
	assert_int_equal(symlinkat("key", s.dir, "link"), 0);
	found = get_file(&s, "link");
	assert_null(strstr(found, "secret"));
	mem_free(found);
	assert_int_equal(mkfifoat(s.dir, "pipe", 0600), 0);
	found = get_file(&s, "pipe");
	assert_non_null(strstr(found, "/pipe: not a file"));
	mem_free(found);
	state_close(&s);
	place_fini(&p);
}

TEST(state_directory_belongs_to_one_process)
{
	struct place p;
	struct state a, b;
	struct err err = ERR_INIT;

	place_init(&p);
	assert_int_equal(state_open(&a, p.path, &err), 0);
	assert_int_equal(state_open(&b, p.path, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	state_close(&b);
	state_close(&a);
	assert_int_equal(state_open(&b, p.path, &err), 0);
	state_close(&b);
	place_fini(&p);
}

TEST(state_survives_what_a_crash_left)
{
	struct place p;
	struct state s;
	struct err err = ERR_INIT;

	place_init(&p);
	assert_int_equal(state_open(&s, p.path, &err), 0);
	assert_int_equal(state_write(&s, "x", SLICE("good"), &err), 0);
	/* Half a file, written by who knows whom. */
	put_file(&p, "x.new", "ha", 0666);
	expect_file(&s, "x", "good");
	assert_int_equal(state_write(&s, "x", SLICE("better"), &err), 0);
	expect_file(&s, "x", "better");
	expect_file(&s, "x.new", "-");
	state_close(&s);
	place_fini(&p);
}

/* A write that fails half way leaves the old file and nothing else. */
TEST(state_keeps_the_old_file_when_the_disk_is_full)
{
	struct place p;
	struct state s;
	struct err err = ERR_INIT;
	struct rlimit before, small;
	char big[8192];

	place_init(&p);
	memset(big, 'x', sizeof(big));
	assert_int_equal(state_open(&s, p.path, &err), 0);
	assert_int_equal(state_write(&s, "x", SLICE("good"), &err), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 4096, before.rlim_max };
	void (*old)(int) = signal(SIGXFSZ, SIG_IGN);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int result = state_write(&s, "x", slice_of(big, sizeof(big)), &err);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, old);
	assert_int_equal(result, -1);
	assert_non_null(strstr(err.text, "/x: write: File too large"));
	expect_file(&s, "x", "good");
	expect_file(&s, "x.new", "-");
	state_close(&s);
	place_fini(&p);
}
