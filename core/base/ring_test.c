#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/ring.h"
#include "base/str.h"
#include "base/unit.h"

/* Takes everything out, as text. */
static void
take_all(struct ring *r, struct str *out)
{
	struct iovec parts[2];
	int n = ring_peek(r, parts);

	for (int i = 0; i < n; i++) {
		str_add_slice(out, slice_of(parts[i].iov_base, parts[i].iov_len));
		ring_take(r, parts[i].iov_len);
	}
}

TEST(ring_gives_what_was_put_at_every_place)
{
	/* Lengths without a common factor visit every split around the end. */
	for (size_t len = 0; len <= 15; len++) {
		struct ring r;
		struct str out = { 0 };

		ring_init(&r, 16);
		for (int round = 0; round < 64; round++) {
			str_clear(&out);
			assert_true(ring_put(&r, slice_of("abcdefghijklmno", len),
			    SLICE("\n")));
			take_all(&r, &out);
			assert_int_equal(out.len, len + 1);
			assert_memory_equal(out.ptr, "abcdefghijklmno", len);
			assert_int_equal(out.ptr[len], '\n');
		}
		str_fini(&out);
		ring_fini(&r);
	}
}

TEST(ring_takes_a_put_whole_or_not)
{
	struct ring r;
	struct str out = { 0 };

	ring_init(&r, 16);
	assert_false(ring_put(&r, SLICE("0123456789abcdef"), SLICE("\n")));
	assert_int_equal(ring_fill(&r), 0);
	assert_true(ring_put(&r, SLICE("0123456789"), SLICE("\n")));
	assert_false(ring_put(&r, SLICE("abcde"), SLICE("\n")));
	assert_true(ring_put(&r, SLICE("abcd"), SLICE("\n")));
	assert_int_equal(ring_fill(&r), 16);
	take_all(&r, &out);
	assert_string_equal(str_ptr(&out), "0123456789\nabcd\n");
	assert_true(ring_put(&r, SLICE("0123456789abcde"), SLICE("\n")));
	str_fini(&out);
	ring_fini(&r);
}

#define LINES	20000

static void *
put_lines(void *arg)
{
	struct ring *r = arg;
	char line[32];

	for (int i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line), "%d", i);

		while (!ring_put(r, slice_of(line, (size_t)n), SLICE("\n")))
			sched_yield();
	}
	return NULL;
}

TEST(ring_keeps_order_between_two_threads)
{
	struct ring r;
	pthread_t thread;
	struct str out = { 0 };
	struct slice rest, line;

	ring_init(&r, 256);
	assert_int_equal(pthread_create(&thread, NULL, put_lines, &r), 0);
	for (int lines = 0; lines < LINES;) {
		size_t from = out.len;

		take_all(&r, &out);
		for (size_t i = from; i < out.len; i++)
			lines += out.ptr[i] == '\n';
		if (from == out.len)
			sched_yield();
	}
	pthread_join(thread, NULL);
	rest = str_slice(&out);
	for (uint64_t i = 0; i < LINES; i++) {
		uint64_t number;

		assert_true(slice_cut(&rest, '\n', &line));
		assert_true(slice_u64(line, &number));
		assert_int_equal(number, i);
	}
	str_fini(&out);
	ring_fini(&r);
}
