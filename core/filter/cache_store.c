#include <pthread.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "filter/cache_store.h"

#define OVERHEAD	(sizeof(struct cache_entry) + 256)	/* the map's part too */

#define CHANGES		1024

struct cache_store {
	pthread_mutex_t     lock;
	struct map          keys;	/* -> the first entry of the key */
	struct cache_entry *oldest, *newest;
	size_t              bytes, max_bytes;
	unsigned            changes[CHANGES];	/* by hash of the key */
};

/* --- entries ------------------------------------------------------------------- */

struct cache_entry *
cache_entry_new(void)
{
	struct cache_entry *e = mem_zalloc(sizeof(*e));

	refs_init(&e->refs);
	return e;
}

struct cache_body *
cache_body_ref(struct cache_body *b)
{
	refs_take(&b->refs);
	return b;
}

void
cache_entry_unref(struct cache_entry *e)
{
	if (e == NULL || !refs_drop(&e->refs))
		return;
	if (e->body != NULL && refs_drop(&e->body->refs))
		mem_free(e->body);
	str_fini(&e->key);
	str_fini(&e->owner);
	str_fini(&e->route);
	str_fini(&e->vary);
	str_fini(&e->fields);
	mem_free(e);
}

/* --- which entry --------------------------------------------------------------- */

void
cache_vary_add(struct str *out, const struct http_fields *f, struct slice name)
{
	const char *separator = "";

	str_add_slice(out, name);
	str_add_char(out, '\n');
	for (size_t i = 0; i < f->len; i++) {
		if (!slice_eq(f->v[i].name, name))
			continue;
		str_addf(out, "%s%.*s", separator, SLICE_ARG(f->v[i].value));
		separator = ", ";
	}
	/* Absent is another value than empty. */
	if (separator[0] == '\0')
		str_add_char(out, '\t');
	str_add_char(out, '\n');
}

static bool
is_for(const struct cache_entry *e, const struct cache_asker *q)
{
	struct slice rest = slice_of(str_ptr(&e->vary), e->vary.len);
	struct slice name, value;
	struct str now = { 0 };

	if (!e->is_shared && (q->only_shared ||
	    !slice_eq(str_slice(&e->owner), q->identity)))
		return false;
	if (!slice_eq(str_slice(&e->route), q->route))
		return false;
	while (slice_cut(&rest, '\n', &name) && name.len > 0 &&
	    slice_cut(&rest, '\n', &value))
		cache_vary_add(&now, q->request, name);
	bool is_same = slice_eq(str_slice(&now), str_slice(&e->vary));

	str_fini(&now);
	return is_same;
}

/* --- under the lock -------------------------------------------------------------- */

static void
unlink_use(struct cache_store *s, struct cache_entry *e)
{
	*(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
	*(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
	e->older = e->newer = NULL;
}

static void
link_newest(struct cache_store *s, struct cache_entry *e)
{
	e->older = s->newest;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
	s->newest = e;
}

static void
drop(struct cache_store *s, struct cache_entry *e)
{
	struct slice key = str_slice(&e->key);
	struct cache_entry *first = map_get(&s->keys, key);

	if (first == e && e->next == NULL) {
		map_del(&s->keys, key);
	} else if (first == e) {
		map_put(&s->keys, key, e->next);
	} else {
		while (first->next != e)
			first = first->next;
		first->next = e->next;
	}
	unlink_use(s, e);
	s->bytes -= e->size;
	e->next = NULL;
	e->is_stored = false;
	cache_entry_unref(e);
}

/* --- the doors ----------------------------------------------------------------- */

struct cache_store *
cache_store_new(size_t max_bytes)
{
	struct cache_store *s = mem_zalloc(sizeof(*s));

	check(pthread_mutex_init(&s->lock, NULL) == 0);
	map_init(&s->keys);
	s->max_bytes = max_bytes;
	return s;
}

void
cache_store_free(struct cache_store *s)
{
	while (s->oldest != NULL)
		drop(s, s->oldest);
	map_fini(&s->keys, NULL);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

static unsigned *
changes_of(struct cache_store *s, struct slice key)
{
	return &s->changes[slice_hash(key) % CHANGES];
}

unsigned
cache_store_changes(struct cache_store *s, struct slice key)
{
	pthread_mutex_lock(&s->lock);
	unsigned n = *changes_of(s, key);

	pthread_mutex_unlock(&s->lock);
	return n;
}

struct cache_entry *
cache_store_find(struct cache_store *s, struct slice key,
    const struct cache_asker *q, bool *has_key)
{
	pthread_mutex_lock(&s->lock);
	struct cache_entry *e = map_get(&s->keys, key);

	*has_key = e != NULL;
	while (e != NULL && !is_for(e, q))
		e = e->next;
	if (e != NULL) {
		refs_take(&e->refs);
		unlink_use(s, e);
		link_newest(s, e);
	}
	pthread_mutex_unlock(&s->lock);
	return e;
}

/* Those in its place, and the last of too many. */
static void
make_place(struct cache_store *s, const struct cache_entry *e,
    const struct http_fields *request)
{
	const struct cache_asker q = {
		.identity = str_slice(&e->owner), .route = str_slice(&e->route),
		.request = request,
	};
	struct cache_entry *next, *at = map_get(&s->keys, str_slice(&e->key));
	int n = 0;

	for (; at != NULL; at = next) {
		next = at->next;
		bool is_same = at->is_shared == e->is_shared && is_for(at, &q);

		if (is_same || ++n >= CACHE_VARIANTS)
			drop(s, at);
	}
}

void
cache_store_put(struct cache_store *s, struct cache_entry *e,
    const struct http_fields *request, unsigned changes)
{
	e->size = OVERHEAD + e->key.len * 2 + e->owner.len + e->route.len +
	    e->vary.len + e->fields.len + e->body->len;
	if (e->size > s->max_bytes)
		return;
	pthread_mutex_lock(&s->lock);
	if (*changes_of(s, str_slice(&e->key)) != changes) {
		pthread_mutex_unlock(&s->lock);
		return;
	}
	make_place(s, e, request);
	while (s->oldest != NULL && s->bytes + e->size > s->max_bytes)
		drop(s, s->oldest);
	e->next = map_get(&s->keys, str_slice(&e->key));
	map_put(&s->keys, str_slice(&e->key), e);
	link_newest(s, e);
	s->bytes += e->size;
	e->is_stored = true;
	refs_take(&e->refs);
	pthread_mutex_unlock(&s->lock);
}

void
cache_store_remove(struct cache_store *s, struct slice key)
{
	struct cache_entry *e;

	pthread_mutex_lock(&s->lock);
	++*changes_of(s, key);
	while ((e = map_get(&s->keys, key)) != NULL)
		drop(s, e);
	pthread_mutex_unlock(&s->lock);
}

void
cache_store_remove_entry(struct cache_store *s, struct cache_entry *e)
{
	pthread_mutex_lock(&s->lock);
	if (e->is_stored)
		drop(s, e);
	pthread_mutex_unlock(&s->lock);
}

bool
cache_store_claim(struct cache_store *s, struct cache_entry *e, uint64_t now_ms,
    uint64_t until_ms)
{
	pthread_mutex_lock(&s->lock);
	bool is_ours = e->busy_until_ms <= now_ms;

	if (is_ours)
		e->busy_until_ms = until_ms;
	pthread_mutex_unlock(&s->lock);
	return is_ours;
}

void
cache_store_unclaim(struct cache_store *s, struct cache_entry *e,
    uint64_t until_ms)
{
	pthread_mutex_lock(&s->lock);
	e->busy_until_ms = until_ms;
	pthread_mutex_unlock(&s->lock);
}

size_t
cache_store_bytes(struct cache_store *s)
{
	pthread_mutex_lock(&s->lock);
	size_t n = s->bytes;

	pthread_mutex_unlock(&s->lock);
	return n;
}
