#include "tls/session.h"

#include <pthread.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

/* As stored: the texts one after another behind the struct. */
struct entry {
	struct list               used;		/* newest first */
	unsigned char             key[SESSION_KEY_LEN];
	br_ssl_session_parameters params;
	unsigned char             own_hash[HASH_LEN];
	unsigned char             cert_hash[HASH_LEN], root_hash[HASH_LEN];
	int64_t                   made_at, not_before, not_after;
	uint64_t                  bundle_generation;
	size_t                    size;
	char                      texts[];	/* id, sni, alpn with NULs */
};

struct session_cache {
	pthread_mutex_t lock;
	struct map      by_key;
	struct list     used;
	size_t          max;
};

bool
session_is_good(const struct session *s, int64_t now, uint64_t generation,
    const unsigned char own_hash[HASH_LEN])
{
	return s->bundle_generation == generation &&
	    memcmp(s->own_hash, own_hash, HASH_LEN) == 0 &&
	    now >= s->made_at && now - s->made_at < SESSION_LIFE_S &&
	    (s->not_after == 0 || now < s->not_after);
}

struct session_cache *
session_cache_new(size_t max)
{
	struct session_cache *c = mem_zalloc(sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->used);
	c->max = max;
	return c;
}

static void
entry_free(struct entry *e)
{
	list_remove(&e->used);
	mem_wipe(e, e->size);
	mem_free(e);
}

void
session_cache_free(struct session_cache *c)
{
	struct list *at;

	while ((at = list_pop(&c->used)) != NULL)
		entry_free(list_entry(at, struct entry, used));
	map_fini(&c->by_key, NULL);
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

static struct entry *
entry_new(const unsigned char *key, const struct session *s)
{
	size_t id = strlen(s->id) + 1, sni = strlen(s->sni) + 1;
	size_t alpn = strlen(s->alpn) + 1;
	size_t size = sizeof(struct entry) + id + sni + alpn;
	struct entry *e = mem_zalloc(size);

	memcpy(e->key, key, SESSION_KEY_LEN);
	e->params = s->params;
	memcpy(e->own_hash, s->own_hash, HASH_LEN);
	memcpy(e->cert_hash, s->cert_hash, HASH_LEN);
	memcpy(e->root_hash, s->root_hash, HASH_LEN);
	e->made_at = s->made_at;
	e->not_before = s->not_before;
	e->not_after = s->not_after;
	e->bundle_generation = s->bundle_generation;
	e->size = size;
	memcpy(e->texts, s->id, id);
	memcpy(e->texts + id, s->sni, sni);
	memcpy(e->texts + id + sni, s->alpn, alpn);
	return e;
}

static void
entry_copy_out(const struct entry *e, struct session *s)
{
	const char *sni = e->texts + strlen(e->texts) + 1;
	const char *alpn = sni + strlen(sni) + 1;

	memset(s, 0, sizeof(*s));
	s->params = e->params;
	memcpy(s->own_hash, e->own_hash, HASH_LEN);
	memcpy(s->cert_hash, e->cert_hash, HASH_LEN);
	memcpy(s->root_hash, e->root_hash, HASH_LEN);
	s->made_at = e->made_at;
	s->not_before = e->not_before;
	s->not_after = e->not_after;
	s->bundle_generation = e->bundle_generation;
	memcpy(s->id, e->texts, strlen(e->texts));
	memcpy(s->sni, sni, strlen(sni));
	memcpy(s->alpn, alpn, strlen(alpn));
}

static struct slice
key_slice(const unsigned char *key)
{
	return slice_of(key, SESSION_KEY_LEN);
}

void
session_cache_put(struct session_cache *c,
    const unsigned char key[SESSION_KEY_LEN], const struct session *s)
{
	struct entry *e = entry_new(key, s), *old;

	pthread_mutex_lock(&c->lock);
	old = map_put(&c->by_key, key_slice(key), e);
	if (old != NULL)
		entry_free(old);
	list_prepend(&c->used, &e->used);
	if (c->by_key.len > c->max) {
		old = list_entry(c->used.prev, struct entry, used);
		map_del(&c->by_key, key_slice(old->key));
		entry_free(old);
	}
	pthread_mutex_unlock(&c->lock);
}

bool
session_cache_get(struct session_cache *c,
    const unsigned char key[SESSION_KEY_LEN], struct session *s)
{
	pthread_mutex_lock(&c->lock);
	struct entry *e = map_get(&c->by_key, key_slice(key));

	if (e != NULL) {
		list_remove(&e->used);
		list_prepend(&c->used, &e->used);
		entry_copy_out(e, s);
	}
	pthread_mutex_unlock(&c->lock);
	return e != NULL;
}

void
session_cache_drop(struct session_cache *c,
    const unsigned char key[SESSION_KEY_LEN])
{
	pthread_mutex_lock(&c->lock);
	struct entry *e = map_del(&c->by_key, key_slice(key));

	if (e != NULL)
		entry_free(e);
	pthread_mutex_unlock(&c->lock);
}

size_t
session_cache_len(struct session_cache *c)
{
	pthread_mutex_lock(&c->lock);
	size_t len = c->by_key.len;

	pthread_mutex_unlock(&c->lock);
	return len;
}
