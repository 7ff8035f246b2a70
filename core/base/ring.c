#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/ring.h"

void
ring_init(struct ring *r, size_t cap)
{
	check(cap > 0 && (cap & (cap - 1)) == 0);
	*r = (struct ring){ .data = mem_alloc(cap), .cap = cap };
}

void
ring_fini(struct ring *r)
{
	mem_free(r->data);
	*r = (struct ring){ 0 };
}

/* Copies to position at, around the end if need be; gives the next one. */
static size_t
copy_in(struct ring *r, size_t at, struct slice s)
{
	size_t off = at & (r->cap - 1);
	size_t first = s.len < r->cap - off ? s.len : r->cap - off;

	if (s.len == 0)
		return at;
	memcpy(r->data + off, s.ptr, first);
	memcpy(r->data, s.ptr + first, s.len - first);
	return at + s.len;
}

bool
ring_put(struct ring *r, struct slice a, struct slice b)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	if (a.len > r->cap || b.len > r->cap - a.len)
		return false;
	if (r->cap - (head - r->tail_seen) < a.len + b.len) {
		r->tail_seen = atomic_load(&r->tail);
		if (r->cap - (head - r->tail_seen) < a.len + b.len)
			return false;
	}
	atomic_store(&r->head, copy_in(r, copy_in(r, head, a), b));
	return true;
}

size_t
ring_fill(struct ring *r)
{
	r->tail_seen = atomic_load(&r->tail);
	return atomic_load_explicit(&r->head, memory_order_relaxed) - r->tail_seen;
}

int
ring_peek(struct ring *r, struct iovec parts[2])
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	size_t len = atomic_load(&r->head) - tail;
	size_t off = tail & (r->cap - 1);
	size_t first = len < r->cap - off ? len : r->cap - off;

	if (len == 0)
		return 0;
	parts[0] = (struct iovec){ r->data + off, first };
	parts[1] = (struct iovec){ r->data, len - first };
	return len > first ? 2 : 1;
}

void
ring_take(struct ring *r, size_t n)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	atomic_store(&r->tail, tail + n);
}
