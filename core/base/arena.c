#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, len)	((void)(p), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(p, len)	((void)(p), (void)(len))
#endif

#define ARENA_CHUNK	4096
#define ARENA_ALIGN	16
#define PARKED_MAX	128	/* chunks */

struct arena_chunk {
	struct arena_chunk *older;
	size_t              size;	/* of data */
	_Alignas(ARENA_ALIGN) char data[];
};
#define CHUNK_DATA	(ARENA_CHUNK - sizeof(struct arena_chunk))

/* Chunks of the usual size that nobody uses, of this thread. */
static _Thread_local struct {
	struct arena_chunk *first;
	size_t              len;
} parked;

void
arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

static void
free_chunks(struct arena_chunk *c)
{
	while (c != NULL) {
		struct arena_chunk *older = c->older;

		mem_free(c);
		c = older;
	}
}

void
arena_fini(struct arena *a)
{
	free_chunks(a->chunk);
	arena_init(a);
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *c = a->chunk;

	if (c == NULL)
		return;
	free_chunks(c->older);
	c->older = NULL;
	a->next = c->data;
	a->end = c->data + c->size;
	a->total = c->size;
}

void
arena_park(struct arena *a)
{
	struct arena_chunk *c = a->chunk, *older;

	for (; c != NULL; c = older) {
		older = c->older;
		if (c->size != CHUNK_DATA || parked.len == PARKED_MAX) {
			mem_free(c);
			continue;
		}
		ASAN_POISON_MEMORY_REGION(c->data, c->size);
		c->older = parked.first;
		parked.first = c;
		parked.len++;
	}
	arena_init(a);
}

void
arena_trim(void)
{
	free_chunks(parked.first);
	parked.first = NULL;
	parked.len = 0;
}

static struct arena_chunk *
unpark(void)
{
	struct arena_chunk *c = parked.first;

	parked.first = c->older;
	parked.len--;
	ASAN_UNPOISON_MEMORY_REGION(c->data, c->size);
	return c;
}

static void
grow(struct arena *a, size_t need)
{
	size_t size = need > CHUNK_DATA ? need : CHUNK_DATA;
	struct arena_chunk *c = size == CHUNK_DATA && parked.len > 0 ?
	    unpark() : mem_alloc(sizeof(*c) + size);

	c->older = a->chunk;
	c->size = size;
	a->chunk = c;
	a->next = c->data;
	a->end = c->data + size;
	a->total += size;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	check(size < SIZE_MAX / 2);
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (a->next == NULL || (size_t)(a->end - a->next) < size)
		grow(a, size);
	void *p = a->next;

	a->next += size;
	return p;
}

void *
arena_zalloc(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

struct slice
arena_dup(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (s.len > 0)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return slice_of(p, s.len);
}

struct slice
arena_lower(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		p[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ?
		    (char)(s.ptr[i] | 0x20) : s.ptr[i];
	p[s.len] = '\0';
	return slice_of(p, s.len);
}

char *
arena_strdup(struct arena *a, const char *s)
{
	size_t len = strlen(s);

	return memcpy(arena_alloc(a, len + 1), s, len + 1);
}

struct slice
arena_join(struct arena *a, const struct slice *parts, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	char *p = arena_alloc(a, len + 1), *to = p;

	for (size_t i = 0; i < n; i++)
		if (parts[i].len > 0)
			to = mempcpy(to, parts[i].ptr, parts[i].len);
	*to = '\0';
	return slice_of(p, len);
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	check(n >= 0);
	char *p = arena_alloc(a, (size_t)n + 1);

	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
