#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child_test.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"

/* Everything in a file, from its start. */
static void
read_file(int fd, struct str *out)
{
	char block[4096];
	ssize_t n;

	str_clear(out);
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, block, sizeof(block))) > 0)
		str_add_slice(out, slice_of(block, (size_t)n));
}

static int
new_file(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static size_t
count(struct slice text, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == c;
	return n;
}

static void
start(enum log_format format, int people_fd, int access_fd)
{
	struct log_options o = { format, people_fd, access_fd };

	log_start(&o);
}

/* Leaves the log as a process finds it. */
static void
stop(void)
{
	log_stop();
	assert_int_equal(log_set_levels("info"), 0);
}

TEST(log_text_is_one_line_whatever_it_says)
{
	static const struct {
		const char *message;
		const char *line;
	} cases[] = {
		{ "hello", "hello" },
		{ "gr\xc3\xbc\xc3\x9f dich", "gr\xc3\xbc\xc3\x9f dich" },
		{ "a\nerror forged: b", "a\\nerror forged: b" },
		{ "tab\tbell\a", "tab\\tbell\\x07" },
		{ "\x1b[31mred", "\\x1b[31mred" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "\xc2\x9b" "31m", "\\u009b31m" },
		{ "\xe2\x80\xae" "txt", "\\u202etxt" },
		{ "\xe2\x80\xa8" "line", "\\u2028line" },
		{ "\xe2\x81\xa6" "x", "\\u2066x" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
	};
	int fd = new_file();
	struct str text = { 0 };

	start(LOG_TEXT, fd, -1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		log_warn("tls", "%s", cases[i].message);
	stop();
	read_file(fd, &text);
	struct slice rest = str_slice(&text), line;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(slice_cut(&rest, '\n', &line));
		assert_int_equal(line.ptr[23], 'Z');
		assert_true(slice_has_prefix(slice_from(line, 24),
		    SLICE(" warn  tls: ")));
		line = slice_from(line, 36);
		assert_int_equal(line.len, strlen(cases[i].line));
		assert_memory_equal(line.ptr, cases[i].line, line.len);
	}
	assert_int_equal(rest.len, 0);
	str_fini(&text);
	close(fd);
}

TEST(log_json_is_an_object_of_four)
{
	int fd = new_file();
	struct str text = { 0 };

	start(LOG_JSON, fd, -1);
	log_error("sync", "no \"answer\"\n%c", 0x1f);
	stop();
	read_file(fd, &text);
	struct slice line = str_slice(&text);

	assert_true(slice_has_prefix(line, SLICE("{\"time\":\"2")));
	assert_true(slice_has_suffix(line, SLICE("Z\",\"level\":\"error\","
	    "\"scope\":\"sync\",\"message\":\"no \\\"answer\\\"\\n\\u001f\"}\n")));
	str_fini(&text);
	close(fd);
}

TEST(log_to_the_journal_has_priorities)
{
	int fd = new_file();
	char stream[64];
	struct stat st;
	struct str text = { 0 };

	assert_int_equal(fstat(fd, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_int_equal(log_set_levels("debug"), 0);
	start(LOG_TEXT, fd, -1);
	log_error("a", "1");
	log_warn("a", "2");
	log_info("a", "3");
	log_debug("a", "4");
	stop();
	read_file(fd, &text);
	assert_string_equal(str_ptr(&text),
	    "<3>a: 1\n<4>a: 2\n<6>a: 3\n<7>a: 4\n");

	/* Somebody else's journal is not ours. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	start(LOG_TEXT, fd, -1);
	log_error("a", "5");
	stop();
	unsetenv("JOURNAL_STREAM");
	read_file(fd, &text);
	assert_true(slice_has_suffix(str_slice(&text), SLICE("Z error a: 5\n")));
	str_fini(&text);
	close(fd);
}

TEST(log_levels_are_set_for_all_and_for_scopes)
{
	static const struct {
		const char    *spec;
		const char    *scope;
		enum log_level most;
	} cases[] = {
		{ "info", "tls", LOG_INFO },
		{ "debug", "tls", LOG_DEBUG },
		{ "error", "tls", LOG_ERROR },
		{ "warn,tls=debug", "tls", LOG_DEBUG },
		{ "warn,tls=debug", "tl", LOG_WARN },
		{ "warn,tls=debug", "tlss", LOG_WARN },
		{ "tls=debug", "sync", LOG_INFO },
		{ "tls=error,sync=warn,debug", "tls", LOG_ERROR },
		{ "tls=error,sync=warn,debug", "sync", LOG_WARN },
		{ "tls=error,sync=warn,debug", "listener", LOG_DEBUG },
		{ "warn", "tls", LOG_WARN },	/* forgets the scopes before */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(log_set_levels(cases[i].spec), 0);
		for (enum log_level l = LOG_ERROR; l <= LOG_DEBUG; l++)
			assert_int_equal(log_enabled(cases[i].scope, l),
			    l <= cases[i].most);
	}
	assert_int_equal(log_set_levels("info"), 0);
}

TEST(log_levels_that_are_wrong_change_nothing)
{
	static const char *const wrong[] = { "", "loud", "info,", "tls=", "=info",
		"debug,tls=loud", "tls=debug=info",
		"a-scope-of-more-than-23-letters=debug" };

	assert_int_equal(log_set_levels("warn,tls=debug"), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(log_set_levels(wrong[i]), -1);
		assert_true(log_enabled("tls", LOG_DEBUG));
		assert_true(log_enabled("sync", LOG_WARN));
		assert_false(log_enabled("sync", LOG_INFO));
	}
	assert_int_equal(log_set_levels("info"), 0);
}

TEST(log_below_the_level_formats_nothing)
{
	int fd = new_file();
	struct str text = { 0 };

	start(LOG_TEXT, fd, -1);
	log_debug("tls", "hidden");
	stop();
	read_file(fd, &text);
	assert_int_equal(text.len, 0);
	str_fini(&text);
	close(fd);
}

#define WRITERS	4
#define LINES	4000

static void *
write_access(void *arg)
{
	static const char filler[] = "................................"
	    "................................................................";
	const char *name = arg;
	char line[160];

	for (int i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line), "[%s %d %.*s]", name, i,
		    i % 90, filler);

		log_access(slice_of(line, (size_t)n));
	}
	return NULL;
}

TEST(log_access_lines_of_many_threads_stay_whole)
{
	static char names[WRITERS][2] = { "0", "1", "2", "3" };
	int fd = new_file(), people = new_file();
	pthread_t threads[WRITERS];
	struct str text = { 0 };
	uint64_t dropped = log_dropped(), last[WRITERS] = { 0 };
	size_t lines = 0;

	start(LOG_TEXT, people, fd);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_access,
		    names[i]), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	stop();
	dropped = log_dropped() - dropped;
	read_file(fd, &text);
	struct slice rest = str_slice(&text), line;

	while (slice_cut(&rest, '\n', &line) && line.len > 0) {
		int thread, number;

		assert_int_equal(sscanf(line.ptr, "[%d %d ", &thread, &number), 2);
		assert_int_equal(line.ptr[line.len - 1], ']');
		assert_in_range(thread, 0, WRITERS - 1);
		assert_true(number == 0 || (uint64_t)number > last[thread]);
		last[thread] = (uint64_t)number;
		lines++;
	}
	assert_int_equal(lines + dropped, WRITERS * LINES);
	assert_true(lines > 0);
	str_fini(&text);
	close(fd);
	close(people);
}

/* Reads until the pipe is closed. */
static void *
read_pipe(void *arg)
{
	int fd = *(int *)arg;
	char block[4096];
	struct str *text = mem_zalloc(sizeof(*text));
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		str_add_slice(text, slice_of(block, (size_t)n));
	return text;
}

TEST(log_waits_for_a_nonblocking_pipe)
{
	int fds[2], people = new_file();
	pthread_t reader;
	void *result;
	char line[1000];
	uint64_t dropped = log_dropped();

	memset(line, 'x', sizeof(line));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	start(LOG_TEXT, people, fds[1]);
	/* More than a pipe holds, less than a ring. */
	for (int i = 0; i < 100; i++)
		assert_true(log_access(slice_of(line, sizeof(line))));
	assert_int_equal(pthread_create(&reader, NULL, read_pipe, &fds[0]), 0);
	stop();
	close(fds[1]);
	pthread_join(reader, &result);
	struct str *text = result;

	assert_int_equal(text->len, 100 * (sizeof(line) + 1));
	assert_int_equal(count(str_slice(text), '\n'), 100);
	assert_int_equal(log_dropped(), dropped);
	str_fini(text);
	mem_free(text);
	close(fds[0]);
	close(people);
}

TEST(log_drops_and_counts_when_nobody_reads)
{
	int fds[2], people = new_file();
	char line[1000];
	uint64_t before = log_dropped();
	size_t kept = 0, offered = 2000;

	memset(line, 'x', sizeof(line));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	start(LOG_TEXT, people, fds[1]);
	for (size_t i = 0; i < offered; i++)
		kept += log_access(slice_of(line, sizeof(line)));
	assert_true(kept < offered);
	assert_true(log_dropped() - before >= offered - kept);
	stop();	/* gives up on what the pipe does not take */
	close(fds[1]);
	int in_pipe = fds[0];
	struct str *got = read_pipe(&in_pipe);

	assert_int_equal(count(str_slice(got), '\n') + log_dropped() - before,
	    offered);
	str_fini(got);
	mem_free(got);
	close(fds[0]);
	close(people);
}

TEST(log_stop_leaves_a_writer_that_is_stuck)
{
	int fds[2], people = new_file();
	char line[1000];
	uint64_t before = log_dropped();

	memset(line, 'x', sizeof(line));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	start(LOG_TEXT, people, fds[1]);
	for (int i = 0; i < 100; i++)
		log_access(slice_of(line, sizeof(line)));
	stop();		/* returns although nobody reads */
	assert_false(log_access(SLICE("after")));
	log_error("log", "after");
	assert_int_equal(log_dropped() - before, 2);

	/* Read, the writer ends, and the log can start again. */
	pthread_t reader;
	void *result;

	assert_int_equal(pthread_create(&reader, NULL, read_pipe, &fds[0]), 0);
	start(LOG_TEXT, people, fds[1]);
	assert_true(log_access(SLICE("again")));
	stop();
	close(fds[1]);
	pthread_join(reader, &result);
	struct str *text = result;

	assert_true(slice_has_suffix(str_slice(text), SLICE("\nagain\n")));
	str_fini(text);
	mem_free(text);
	close(fds[0]);
	close(people);
}

TEST(log_says_that_lines_were_dropped)
{
	int fds[2], people[2];
	char line[1000];
	struct str text = { 0 };

	memset(line, 'x', sizeof(line));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pipe2(people, O_CLOEXEC), 0);
	close(fds[0]);	/* every access line fails */
	start(LOG_TEXT, people[1], fds[1]);
	log_access(slice_of(line, sizeof(line)));
	/* Comes by itself, without a further line. */
	while (count(str_slice(&text), '\n') == 0) {
		char block[256];
		ssize_t n = read(people[0], block, sizeof(block));

		assert_true(n > 0);
		str_add_slice(&text, slice_of(block, (size_t)n));
	}
	stop();
	assert_non_null(strstr(str_ptr(&text),
	    "log: 1 lines were dropped: Broken pipe\n"));
	str_fini(&text);
	close(fds[1]);
	close(people[0]);
	close(people[1]);
}

TEST(log_without_a_thread_writes_at_once)
{
	int fd = new_file(), access = new_file();
	struct str text = { 0 };

	start(LOG_TEXT, fd, access);
	log_stop();
	log_info("ctl", "direct");
	assert_true(log_access(SLICE("line")));
	read_file(fd, &text);
	assert_true(slice_has_suffix(str_slice(&text), SLICE(" info  ctl: direct\n")));
	read_file(access, &text);
	assert_string_equal(str_ptr(&text), "line\n");
	str_fini(&text);
	close(fd);
	close(access);
}

TEST(log_without_access_output_counts_nothing)
{
	int fd = new_file();
	uint64_t before = log_dropped();

	start(LOG_TEXT, fd, -1);
	assert_true(log_access(SLICE("unwanted")));
	stop();
	assert_true(log_access(SLICE("unwanted")));
	assert_int_equal(log_dropped(), before);
	close(fd);
}

TEST(log_in_the_child_of_a_fork_writes_at_once)
{
	int fd = new_file(), access = new_file();
	struct str text = { 0 };

	start(LOG_TEXT, fd, access);
	log_access(SLICE("from the parent"));
	pid_t child = fork();

	if (child == 0) {
		log_info("signer", "from the child");
		log_access(SLICE("from the child"));
		_exit(0);
	}
	assert_int_equal(child_exit(child), 0);
	log_info("main", "from the parent");
	stop();
	read_file(fd, &text);
	assert_int_equal(count(str_slice(&text), '\n'), 2);
	assert_non_null(strstr(str_ptr(&text), "signer: from the child\n"));
	assert_non_null(strstr(str_ptr(&text), "main: from the parent\n"));
	read_file(access, &text);
	assert_int_equal(count(str_slice(&text), '\n'), 2);
	assert_non_null(strstr(str_ptr(&text), "from the child\n"));
	assert_non_null(strstr(str_ptr(&text), "from the parent\n"));
	str_fini(&text);
	close(fd);
	close(access);
}

/* Threads come and go; what a gone one left behind is written all the same. */
static void *
write_one(void *arg)
{
	(void)arg;
	log_access(SLICE("last words"));
	return NULL;
}

TEST(log_keeps_the_lines_of_threads_that_ended)
{
	int people = new_file(), access = new_file();
	uint64_t dropped = log_dropped();
	struct str text = { 0 };
	size_t offered = 200;

	start(LOG_TEXT, people, access);
	for (size_t i = 0; i < offered; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, write_one, NULL), 0);
		pthread_join(thread, NULL);
	}
	stop();
	read_file(access, &text);
	/* More threads than there can be rings: each took over the last one's. */
	assert_int_equal(count(str_slice(&text), '\n'), offered);
	assert_int_equal(log_dropped(), dropped);
	str_fini(&text);
	close(people);
	close(access);
}
