#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "loop/block.h"
#include "loop/buf.h"

/* Pieces up to this size are copied when there is room for them. */
#define COPY_MAX 256

void
buf_init(struct buf *b)
{
	*b = (struct buf){ 0 };
}

void
buf_fini(struct buf *b)
{
	struct buf_seg *s = b->head, *next;

	for (; s != NULL; s = next) {
		next = s->next;
		block_seg_free(s);
	}
	if (b->room != NULL)
		block_seg_free(b->room);
	*b = (struct buf){ 0 };
}

static void
buf_append_seg(struct buf *b, struct buf_seg *s)
{
	s->next = NULL;
	if (b->tail != NULL)
		b->tail->next = s;
	else
		b->head = s;
	b->tail = s;
	b->len += s->len;
}

/* The caller has the segment; its bytes are still counted in b->len. */
static struct buf_seg *
buf_unlink_head(struct buf *b)
{
	struct buf_seg *s = b->head;

	check(s != NULL);
	b->head = s->next;
	if (b->head == NULL)
		b->tail = NULL;
	b->len -= s->len;
	return s;
}

/* --- adding ----------------------------------------------------------------- */

char *
buf_reserve(struct buf *b, size_t min, size_t want, size_t *room)
{
	struct buf_seg *s = b->tail;

	check(b->room == NULL && min > 0);
	if (s == NULL || block_seg_room(s) < min)
		s = b->room = block_new(min, want);
	*room = block_seg_room(s);
	return block_seg_ptr(s) + s->len;
}

void
buf_commit(struct buf *b, size_t len)
{
	struct buf_seg *s = b->room != NULL ? b->room : b->tail;

	if (len > 0) {
		check(s != NULL && len <= block_seg_room(s));
		s->len += (uint32_t)len;
		s->block->used += (uint32_t)len;
		if (s == b->room)
			buf_append_seg(b, s);
		else
			b->len += len;
	} else if (b->room != NULL) {
		block_seg_free(b->room);
	}
	b->room = NULL;
}

void
buf_add(struct buf *b, const void *p, size_t len)
{
	const char *from = p;

	while (len > 0) {
		size_t room;
		char *to = buf_reserve(b, 1, len, &room);
		size_t n = len < room ? len : room;

		memcpy(to, from, n);
		buf_commit(b, n);
		from += n;
		len -= n;
	}
}

void
buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.ptr, s.len);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room;
	char *to = buf_reserve(b, 128, 128, &room);

	va_start(ap, fmt);
	int n = vsnprintf(to, room, fmt, ap);
	va_end(ap);
	check(n >= 0);
	if ((size_t)n < room) {
		buf_commit(b, (size_t)n);
		return;
	}
	buf_commit(b, 0);
	to = buf_reserve(b, (size_t)n + 1, (size_t)n + 1, &room);
	va_start(ap, fmt);
	vsnprintf(to, room, fmt, ap);
	va_end(ap);
	buf_commit(b, (size_t)n);
}

/* --- moving ------------------------------------------------------------------ */

/* The first len bytes of s join dst if they are few and there is room. */
static bool
buf_copy_small(struct buf *dst, const struct buf_seg *s, size_t len)
{
	if (len > COPY_MAX || dst->tail == NULL ||
	    block_seg_room(dst->tail) < len)
		return false;
	buf_add(dst, block_seg_ptr(s), len);
	return true;
}

void
buf_move(struct buf *dst, struct buf *src)
{
	check(dst != src && dst->room == NULL && src->room == NULL);
	if (src->head == NULL)
		return;
	while (src->head != NULL && buf_copy_small(dst, src->head,
	    src->head->len))
		block_seg_free(buf_unlink_head(src));
	if (src->head == NULL)
		return;
	if (dst->tail != NULL)
		dst->tail->next = src->head;
	else
		dst->head = src->head;
	dst->tail = src->tail;
	dst->len += src->len;
	*src = (struct buf){ 0 };
}

void
buf_move_n(struct buf *dst, struct buf *src, size_t len)
{
	check(len <= src->len && dst != src);
	check(dst->room == NULL && src->room == NULL);
	while (len > 0) {
		struct buf_seg *s = src->head;

		if (s->len > len) {
			if (!buf_copy_small(dst, s, len))
				buf_append_seg(dst, block_seg(s->block,
				    s->off, (uint32_t)len));
			buf_drain(src, len);
			return;
		}
		len -= s->len;
		bool is_copied = buf_copy_small(dst, s, s->len);

		buf_unlink_head(src);
		if (is_copied)
			block_seg_free(s);
		else
			buf_append_seg(dst, s);
	}
}

void
buf_share(struct buf *dst, const struct buf *src)
{
	check(dst != src && dst->room == NULL && src->room == NULL);
	for (const struct buf_seg *s = src->head; s != NULL; s = s->next)
		if (!buf_copy_small(dst, s, s->len))
			buf_append_seg(dst, block_seg(s->block, s->off,
			    s->len));
}

void
buf_drain(struct buf *b, size_t len)
{
	check(len <= b->len && b->room == NULL);
	while (len > 0) {
		struct buf_seg *s = b->head;

		if (s->len > len) {
			s->off += (uint32_t)len;
			s->len -= (uint32_t)len;
			b->len -= len;
			return;
		}
		len -= s->len;
		block_seg_free(buf_unlink_head(b));
	}
}

void
buf_unshare(struct buf *b)
{
	struct buf own = { 0 };

	check(b->room == NULL);
	while (b->head != NULL) {
		struct buf_seg *s = buf_unlink_head(b);

		if (s->block->refs == 1) {
			buf_append_seg(&own, s);
		} else {
			buf_add(&own, block_seg_ptr(s), s->len);
			block_seg_free(s);
		}
	}
	*b = own;
}

/* --- looking ------------------------------------------------------------------ */

struct slice
buf_front(const struct buf *b)
{
	if (b->head == NULL)
		return SLICE_NONE;
	return slice_of(block_seg_ptr(b->head), b->head->len);
}

struct slice
buf_pull(struct buf *b, size_t len)
{
	check(len <= b->len && b->room == NULL);
	if (len == 0)
		return SLICE("");
	if (b->head->len < len) {
		struct buf_seg *s = block_new(len, len);

		buf_copy_out(b, block_seg_ptr(s), len);
		buf_drain(b, len);
		s->len = s->block->used = (uint32_t)len;
		s->next = b->head;
		b->head = s;
		if (b->tail == NULL)
			b->tail = s;
		b->len += len;
	}
	return slice_of(block_seg_ptr(b->head), len);
}

void
buf_copy_out(const struct buf *b, void *to, size_t len)
{
	char *at = to;

	check(len <= b->len);
	for (const struct buf_seg *s = b->head; len > 0; s = s->next) {
		size_t n = s->len < len ? s->len : len;

		memcpy(at, block_seg_ptr(s), n);
		at += n;
		len -= n;
	}
}

int
buf_iovec(const struct buf *b, struct iovec *iov, int max)
{
	int n = 0;

	for (const struct buf_seg *s = b->head; s != NULL && n < max;
	    s = s->next)
		iov[n++] = (struct iovec){ block_seg_ptr(s), s->len };
	return n;
}

bool
buf_next(const struct buf *b, struct buf_seg **it, struct slice *piece)
{
	*it = *it == NULL ? b->head : (*it)->next;
	if (*it == NULL)
		return false;
	*piece = slice_of(block_seg_ptr(*it), (*it)->len);
	return true;
}
