#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/unit.h"
#include "loop/buf.h"

static void
assert_buf_is(const struct buf *b, struct slice want)
{
	struct buf_seg *it = NULL;
	struct slice piece;
	size_t off = 0;

	assert_int_equal(buf_len(b), want.len);
	while (buf_next(b, &it, &piece)) {
		assert_true(piece.len > 0 && off + piece.len <= want.len);
		assert_memory_equal(piece.ptr, want.ptr + off, piece.len);
		off += piece.len;
	}
	assert_int_equal(off, want.len);
}

/* --- a buf behaves as a string that loses its front ------------------------- */

#define QUEUES 3
#define STEPS  20000

struct model {
	struct buf buf[QUEUES];
	struct str str[QUEUES];
};

static void
model_drop_front(struct str *s, size_t len)
{
	memmove(s->ptr, s->ptr + len, s->len - len);
	s->len -= len;
}

static size_t
some_len(void)
{
	static const size_t limits[] = { 3, 40, 300, 1100, 5000, 40000 };

	return (size_t)random_below(limits[random_below(6)]);
}

static void
step_add(struct model *m, size_t a, size_t b)
{
	char bytes[40000];
	size_t len = some_len();

	(void)b;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)random_below(256);
	buf_add(&m->buf[a], bytes, len);
	str_add_slice(&m->str[a], slice_of(bytes, len));
}

static void
step_reserve(struct model *m, size_t a, size_t b)
{
	size_t room, min = 1 + some_len();
	char *to = buf_reserve(&m->buf[a], min, min + some_len(), &room);

	assert_true(room >= min);
	size_t len = (size_t)random_below(room + 1);

	memset(to, (int)b + 'a', len);
	buf_commit(&m->buf[a], len);
	for (size_t i = 0; i < len; i++)
		str_add_char(&m->str[a], (char)((int)b + 'a'));
}

static void
step_addf(struct model *m, size_t a, size_t b)
{
	char text[2000];
	size_t len = (size_t)random_below(sizeof(text));

	memset(text, 'x', len);
	buf_addf(&m->buf[a], "%.*s-%zu", (int)len, text, b);
	str_addf(&m->str[a], "%.*s-%zu", (int)len, text, b);
}

static void
step_move(struct model *m, size_t a, size_t b)
{
	if (a == b)
		return;
	buf_move(&m->buf[a], &m->buf[b]);
	str_add_slice(&m->str[a], str_slice(&m->str[b]));
	str_clear(&m->str[b]);
}

static void
step_move_n(struct model *m, size_t a, size_t b)
{
	size_t len = (size_t)random_below(m->str[b].len + 1);

	if (a == b)
		return;
	buf_move_n(&m->buf[a], &m->buf[b], len);
	str_add_slice(&m->str[a], slice_of(str_ptr(&m->str[b]), len));
	if (len > 0)
		model_drop_front(&m->str[b], len);
}

static void
step_share(struct model *m, size_t a, size_t b)
{
	if (a == b || m->str[a].len > 200000)
		return;
	buf_share(&m->buf[a], &m->buf[b]);
	str_add_slice(&m->str[a], str_slice(&m->str[b]));
}

static void
step_drain(struct model *m, size_t a, size_t b)
{
	size_t len = (size_t)random_below(m->str[a].len + 1);

	(void)b;
	buf_drain(&m->buf[a], len);
	if (len > 0)
		model_drop_front(&m->str[a], len);
}

static void
step_pull(struct model *m, size_t a, size_t b)
{
	size_t len = (size_t)random_below(m->str[a].len + 1);
	struct slice s = buf_pull(&m->buf[a], len);

	(void)b;
	assert_int_equal(s.len, len);
	if (len > 0)
		assert_memory_equal(s.ptr, m->str[a].ptr, len);
}

static void
step_unshare(struct model *m, size_t a, size_t b)
{
	(void)b;
	buf_unshare(&m->buf[a]);
}

static void
step_look(struct model *m, size_t a, size_t b)
{
	struct iovec iov[8];
	size_t off = 0, len = (size_t)random_below(m->str[a].len + 1);
	int n = buf_iovec(&m->buf[a], iov, 8);
	char *copy = mem_alloc(len);

	(void)b;
	for (int i = 0; i < n; i++) {
		assert_memory_equal(iov[i].iov_base, m->str[a].ptr + off,
		    iov[i].iov_len);
		off += iov[i].iov_len;
	}
	buf_copy_out(&m->buf[a], copy, len);
	if (len > 0)
		assert_memory_equal(copy, m->str[a].ptr, len);
	mem_free(copy);
	assert_int_equal(buf_front(&m->buf[a]).ptr == NULL,
	    m->str[a].len == 0);
}

TEST(buf_behaves_as_a_string)
{
	static void (*const steps[])(struct model *, size_t, size_t) = {
		step_add, step_reserve, step_addf, step_move, step_move_n,
		step_share, step_drain, step_drain, step_pull, step_unshare,
		step_look, step_drain,
	};
	struct model m = { 0 };

	for (int i = 0; i < STEPS; i++) {
		size_t a = (size_t)random_below(QUEUES);

		steps[random_below(sizeof(steps) / sizeof(steps[0]))](&m, a,
		    (size_t)random_below(QUEUES));
		if (m.str[a].len > 300000) {
			buf_fini(&m.buf[a]);
			str_clear(&m.str[a]);
		}
		if (i % 50 == 0)
			for (int q = 0; q < QUEUES; q++)
				assert_buf_is(&m.buf[q], str_slice(&m.str[q]));
	}
	for (int q = 0; q < QUEUES; q++) {
		assert_buf_is(&m.buf[q], str_slice(&m.str[q]));
		buf_fini(&m.buf[q]);
		str_fini(&m.str[q]);
	}
}

/* --- blocks ------------------------------------------------------------------ */

TEST(buf_moves_large_pieces_without_copying)
{
	struct buf a = { 0 }, b = { 0 };
	char bytes[5000] = { 1 };

	buf_add(&a, "head", 4);
	buf_add(&b, bytes, sizeof(bytes));
	const char *at = buf_front(&b).ptr;

	buf_move(&a, &b);
	buf_drain(&a, 4);
	assert_ptr_equal(buf_front(&a).ptr, at);
	buf_move_n(&b, &a, 3000);
	assert_ptr_equal(buf_front(&b).ptr, at);
	assert_ptr_equal(buf_front(&a).ptr, at + 3000);
	buf_fini(&a);
	buf_fini(&b);
}

TEST(buf_gathers_small_pieces_in_one_block)
{
	struct buf a = { 0 }, b = { 0 };
	struct iovec iov[8];

	for (int i = 0; i < 100; i++) {
		buf_add(&b, "ten bytes.", 10);
		buf_move(&a, &b);
	}
	assert_int_equal(buf_len(&a), 1000);
	assert_int_equal(buf_iovec(&a, iov, 8), 1);
	buf_fini(&a);
}

TEST(buf_never_writes_behind_what_another_queue_shares)
{
	struct buf a = { 0 }, b = { 0 };

	buf_add(&a, "same", 4);
	buf_share(&b, &a);
	buf_add(&a, "-a", 2);
	buf_add(&b, "-b", 2);
	assert_buf_is(&a, SLICE("same-a"));
	assert_buf_is(&b, SLICE("same-b"));
	buf_fini(&a);
	assert_buf_is(&b, SLICE("same-b"));
	buf_fini(&b);
}

TEST(buf_reserve_gives_blocks_of_the_size_asked_for)
{
	static const struct { size_t min, want, room; } cases[] = {
		{ 1, 1, 1024 }, { 1, 1024, 1024 }, { 1, 1025, 4096 },
		{ 1, 4097, 16384 }, { 1, 100000, 16384 },
		{ 16384, 16384, 16384 }, { 16385, 16385, 16385 },
		{ 100000, 1, 100000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = { 0 };
		size_t room;

		buf_reserve(&b, cases[i].min, cases[i].want, &room);
		assert_int_equal(room, cases[i].room);
		buf_commit(&b, 0);
		assert_null(b.head);
		buf_fini(&b);
	}
}

TEST(buf_cache_is_bounded_and_reused)
{
	struct buf b = { 0 };
	char bytes[16384] = { 0 };

	buf_trim_cache();
	for (int i = 0; i < 100; i++)
		buf_add(&b, bytes, sizeof(bytes));
	assert_int_equal(buf_cache_size(), 0);
	buf_fini(&b);
	size_t full = buf_cache_size();

	assert_int_equal(full, 512 * 1024);
	buf_add(&b, bytes, sizeof(bytes));
	assert_int_equal(buf_cache_size(), full - sizeof(bytes));
	buf_drain(&b, sizeof(bytes));
	assert_int_equal(buf_cache_size(), full);
	buf_trim_cache();
	assert_int_equal(buf_cache_size(), 0);
}
