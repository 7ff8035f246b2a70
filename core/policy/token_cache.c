#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "policy/token_cache.h"

struct entry {
	struct list         link;	/* in cache->used, the last one first */
	uint8_t             key[HASH_LEN];
	struct authn_proof *proof;
	size_t              bytes;
};

struct token_cache {
	struct map  entries;
	struct list used;
	size_t      bytes, bytes_max, entries_max;
	uint8_t     key[HASH_LEN];
};

struct token_cache *
token_cache_new(size_t entries_max, size_t bytes_max)
{
	struct token_cache *c = mem_zalloc(sizeof(*c));

	list_init(&c->used);
	c->entries_max = entries_max;
	c->bytes_max = bytes_max;
	random_bytes(c->key, sizeof(c->key));
	return c;
}

static void
drop(struct token_cache *c, struct entry *e)
{
	map_del(&c->entries, slice_of(e->key, sizeof(e->key)));
	list_remove(&e->link);
	c->bytes -= e->bytes;
	authn_proof_unref(e->proof);
	mem_free(e);
}

static struct entry *
oldest(const struct token_cache *c)
{
	return list_entry(c->used.prev, struct entry, link);
}

void
token_cache_free(struct token_cache *c)
{
	if (c == NULL)
		return;
	while (!list_is_empty(&c->used))
		drop(c, oldest(c));
	map_fini(&c->entries, NULL);
	mem_wipe(c->key, sizeof(c->key));
	mem_free(c);
}

void
token_cache_key(const struct token_cache *c, const struct authn *z,
    const struct authn_found *v, size_t n, uint8_t out[HASH_LEN])
{
	struct str message = { 0 };

	str_add_slice(&message, slice_of(z->hash, sizeof(z->hash)));
	for (size_t i = 0; i < n; i++) {
		uint64_t about[2] = { v[i].rules, v[i].text.len };

		str_add_slice(&message, slice_of(about, sizeof(about)));
		str_add_slice(&message, v[i].text);
	}
	hash_hmac(out, slice_of(c->key, sizeof(c->key)), str_slice(&message));
	str_fini(&message);
}

struct authn_proof *
token_cache_get(struct token_cache *c, const uint8_t key[HASH_LEN],
    int64_t now_s)
{
	struct entry *e = map_get(&c->entries, slice_of(key, HASH_LEN));

	if (e == NULL)
		return NULL;
	if (now_s >= e->proof->until_s) {
		drop(c, e);
		return NULL;
	}
	list_remove(&e->link);
	list_prepend(&c->used, &e->link);
	refs_take(&e->proof->refs);
	return e->proof;
}

void
token_cache_put(struct token_cache *c, const uint8_t key[HASH_LEN],
    struct authn_proof *p)
{
	struct entry *e = map_get(&c->entries, slice_of(key, HASH_LEN));
	size_t bytes = sizeof(*e) + sizeof(*p) + p->arena.total;

	if (e != NULL)
		drop(c, e);
	if (bytes > c->bytes_max)
		return;
	while (c->entries.len >= c->entries_max ||
	    c->bytes + bytes > c->bytes_max)
		drop(c, oldest(c));
	e = mem_zalloc(sizeof(*e));
	memcpy(e->key, key, HASH_LEN);
	refs_take(&p->refs);
	e->proof = p;
	e->bytes = bytes;
	c->bytes += bytes;
	list_prepend(&c->used, &e->link);
	map_put(&c->entries, slice_of(e->key, HASH_LEN), e);
}

size_t
token_cache_len(const struct token_cache *c)
{
	return c->entries.len;
}
