#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/unit.h"

TEST(arena_joins_parts)
{
	const struct slice parts[] = {
		SLICE("a"), SLICE_NONE, SLICE(""), SLICE("bc"),
	};
	struct arena a;

	arena_init(&a);
	struct slice all = arena_join(&a, parts, 4);

	assert_true(slice_is(all, "abc"));
	assert_int_equal(all.ptr[all.len], '\0');
	assert_int_equal(arena_join(&a, parts, 0).len, 0);
	arena_fini(&a);
}

TEST(arena_memory_is_aligned_and_apart)
{
	struct arena a;
	char *at[300];

	arena_init(&a);
	for (size_t i = 0; i < 300; i++) {
		at[i] = arena_alloc(&a, i);
		assert_int_equal((uintptr_t)at[i] % 16, 0);
		memset(at[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_equal((unsigned char)at[i][j], i & 0xff);
	arena_fini(&a);
	assert_int_equal(a.total, 0);
}

TEST(arena_takes_what_is_larger_than_a_chunk)
{
	struct arena a;

	arena_init(&a);
	memset(arena_alloc(&a, 100000), 'x', 100000);
	assert_true(a.total >= 100000);
	memset(arena_alloc(&a, 10), 'y', 10);
	arena_fini(&a);
}

TEST(arena_reset_forgets_but_keeps_a_chunk)
{
	struct arena a;

	arena_init(&a);
	arena_reset(&a);
	for (int i = 0; i < 1000; i++)
		arena_alloc(&a, 100);
	size_t full = a.total;

	arena_reset(&a);
	assert_true(a.total > 0 && a.total < full);
	size_t kept = a.total;

	arena_alloc(&a, 100);
	assert_int_equal(a.total, kept);
	arena_fini(&a);
}

TEST(arena_parks_chunks_for_the_next)
{
	struct arena a, b;
	char *first, *large;

	arena_init(&a);
	arena_init(&b);
	first = arena_alloc(&a, 100);
	large = arena_alloc(&a, 100000);
	memset(large, 'x', 100000);
	arena_park(&a);
	assert_int_equal(a.total, 0);
	assert_ptr_equal(arena_alloc(&b, 50), first);
	memset(first, 'y', 100);
	arena_alloc(&a, 50);	/* none is left */
	arena_park(&b);
	arena_park(&a);
	arena_park(&a);		/* of nothing */
	arena_trim();
	arena_alloc(&b, 10);
	arena_fini(&b);
}

TEST(arena_parks_no_more_than_its_limit)
{
	struct arena a;

	arena_init(&a);
	for (int i = 0; i < 1000; i++)
		memset(arena_alloc(&a, 4000), 'x', 4000);
	arena_park(&a);
	for (int i = 0; i < 1000; i++)
		memset(arena_alloc(&a, 4000), 'y', 4000);
	arena_park(&a);
	arena_trim();
	assert_int_equal(a.total, 0);
}

TEST(arena_copies_end_with_a_nul)
{
	struct arena a;

	arena_init(&a);
	struct slice s = arena_dup(&a, slice_of("ab\0cd", 5));

	assert_int_equal(s.len, 5);
	assert_memory_equal(s.ptr, "ab\0cd", 6);
	s = arena_dup(&a, SLICE_NONE);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.ptr[0], '\0');
	s = arena_lower(&a, slice_of("Az@[`{\0\xc4Q", 9));
	assert_int_equal(s.len, 9);
	assert_memory_equal(s.ptr, "az@[`{\0\xc4q", 10);
	assert_int_equal(arena_lower(&a, SLICE_NONE).ptr[0], '\0');
	assert_string_equal(arena_strdup(&a, "name"), "name");
	assert_string_equal(arena_printf(&a, "%s-%d", "name", 7), "name-7");
	char *zero = arena_zalloc(&a, 64);

	for (int i = 0; i < 64; i++)
		assert_int_equal(zero[i], 0);
	arena_fini(&a);
}
