#include <pthread.h>

#include "base/mem.h"
#include "base/unit.h"
#include "filter/cache_store.h"

#define ROUNDS	2000

static void *
use_store(void *arg)
{
	struct cache_store *s = arg;
	struct http_fields none = { 0 };
	const struct cache_asker x = { .identity = SLICE("x"), .request = &none };
	uint64_t now = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		char key[2] = { (char)('a' + i % 7), '\0' };
		bool has_key;
		struct cache_entry *e = cache_store_find(s, slice_str(key), &x,
		    &has_key);

		if (e != NULL && e->body->bytes[0] != key[0])
			return e;	/* the wrong one: said below */
		now++;
		if (e != NULL && cache_store_claim(s, e, now, now + 9))
			cache_store_unclaim(s, e, 0);
		cache_entry_unref(e);
		unsigned changes = cache_store_changes(s, slice_str(key));

		e = cache_entry_new();
		str_add_slice(&e->key, slice_str(key));
		str_add_slice(&e->owner, SLICE("x"));
		e->body = mem_zalloc(sizeof(*e->body) + 20000);
		refs_init(&e->body->refs);
		e->body->len = 20000;
		e->body->bytes[0] = key[0];
		cache_store_put(s, e, &none, changes);
		cache_entry_unref(e);
		if (i % 5 == 0)
			cache_store_remove(s, slice_str(key));
	}
	return NULL;
}

TEST(cache_store_stays_within_its_bytes_under_threads)
{
	struct cache_store *s = cache_store_new(65536);
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, use_store, s), 0);
	for (int i = 0; i < 3; i++) {
		void *wrong;

		pthread_join(t[i], &wrong);
		assert_null(wrong);
	}
	assert_true(cache_store_bytes(s) <= 65536);
	cache_store_free(s);
}

TEST(cache_store_keeps_nothing_asked_for_before_a_removal)
{
	struct cache_store *s = cache_store_new(65536);
	struct cache_entry *e = cache_entry_new();
	struct http_fields none = { 0 };
	unsigned before = cache_store_changes(s, SLICE("k"));

	str_add_slice(&e->key, SLICE("k"));
	e->body = mem_zalloc(sizeof(*e->body));
	refs_init(&e->body->refs);
	cache_store_remove(s, SLICE("k"));
	cache_store_put(s, e, &none, before);
	assert_int_equal(cache_store_bytes(s), 0);
	cache_store_put(s, e, &none, before + 1);
	assert_true(cache_store_bytes(s) > 0);
	assert_true(cache_store_claim(s, e, 5, 10));
	assert_false(cache_store_claim(s, e, 9, 19));
	assert_true(cache_store_claim(s, e, 10, 20));
	cache_entry_unref(e);
	cache_store_free(s);
}
