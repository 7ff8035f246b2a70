#include "base/check.h"
#include "base/mem.h"
#include "loop/block.h"
#include "loop/buf.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, len)	((void)(p), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(p, len)	((void)(p), (void)(len))
#endif

#define CACHE_MAX	((size_t)512 * 1024)

static const uint32_t block_sizes[] = { 1024, 4096, BUF_BLOCK_MAX };
#define BLOCK_SIZES	(sizeof(block_sizes) / sizeof(block_sizes[0]))

/* The hot memory of a thread: blocks linked by their first segment. */
static _Thread_local struct {
	struct block *free[BLOCK_SIZES];
	size_t        bytes;
} cache;

/* Index of the smallest size that holds len, or BLOCK_SIZES. */
static size_t
block_class(size_t len)
{
	size_t class = 0;

	while (class < BLOCK_SIZES && block_sizes[class] < len)
		class++;
	return class;
}

static struct block *
block_from_cache(size_t class)
{
	struct block *b = cache.free[class];

	if (b == NULL)
		return NULL;
	cache.free[class] = b->first.block;
	cache.bytes -= b->cap;
	ASAN_UNPOISON_MEMORY_REGION(b->data, b->cap);
	return b;
}

struct buf_seg *
block_new(size_t min, size_t want)
{
	size_t class = block_class(want > min ? want : min);

	if (class == BLOCK_SIZES && min <= BUF_BLOCK_MAX)
		class--;
	struct block *b = class < BLOCK_SIZES ? block_from_cache(class) : NULL;

	if (b == NULL) {
		size_t cap = class < BLOCK_SIZES ? block_sizes[class] : min;

		check(cap <= UINT32_MAX / 2);
		b = mem_alloc(sizeof(*b) + cap);
		b->cap = (uint32_t)cap;
	}
	b->first = (struct buf_seg){ .block = b };
	b->refs = 1;
	b->used = 0;
	b->is_first_free = false;
	return &b->first;
}

struct buf_seg *
block_seg(struct block *b, uint32_t off, uint32_t len)
{
	struct buf_seg *s = &b->first;

	if (!b->is_first_free)
		s = mem_alloc(sizeof(*s));
	b->is_first_free = b->is_first_free && s != &b->first;
	*s = (struct buf_seg){ .block = b, .off = off, .len = len };
	b->refs++;
	return s;
}

static void
block_free(struct block *b)
{
	size_t class = block_class(b->cap);

	if (class == BLOCK_SIZES || block_sizes[class] != b->cap ||
	    cache.bytes + b->cap > CACHE_MAX) {
		mem_free(b);
		return;
	}
	b->first.block = cache.free[class];
	cache.free[class] = b;
	cache.bytes += b->cap;
	ASAN_POISON_MEMORY_REGION(b->data, b->cap);
}

void
block_seg_free(struct buf_seg *s)
{
	struct block *b = s->block;

	if (s != &b->first)
		mem_free(s);
	else
		b->is_first_free = true;
	check(b->refs > 0);
	if (--b->refs == 0)
		block_free(b);
}

size_t
buf_cache_size(void)
{
	return cache.bytes;
}

void
buf_trim_cache(void)
{
	for (size_t class = 0; class < BLOCK_SIZES; class++)
		for (struct block *b; (b = block_from_cache(class)) != NULL;)
			mem_free(b);
}
