#ifndef FILTER_CACHE_STORE_H
#define FILTER_CACHE_STORE_H

#include "base/refs.h"
#include "base/str.h"
#include "http/head.h"

/*
 * cache_store: answers by key, in bounded memory, for all workers of a proxy.
 *
 * Life of an entry: cache_entry_new -> filled by its maker -> cache_store_put ->
 * cache_store_find by anybody ... -> cache_entry_unref.  From the put on it is
 * immutable but for what the store guards.
 *
 * A key has up to VARIANTS entries, told apart by what Vary names, by whom they
 * are for (RFC 9111, section 4.1) and by the rule of the route: two rules may
 * send one request on as different ones, and change answers differently.  An
 * entry that is not for everybody is found by that identity alone.  One lock is
 * held for a look-up; bodies are counted and read without it.  What was used
 * longest ago goes first.
 */
#define CACHE_VARIANTS	16

struct cache_body {
	struct refs refs;
	size_t      len;
	char        bytes[];
};

struct cache_entry {
	/* for the maker to fill */
	int         status;
	struct str  key;	/* as the filter made it */
	struct str  owner;	/* identity; used if !is_shared */
	struct str  route;	/* name of the rule; empty: none */
	bool        is_shared;	/* the answer says that it is for everybody */
	struct str  vary;	/* "name\nvalue\n" ... of the request */
	struct str  fields;	/* "name\nvalue\n" ... of the answer */
	struct cache_body *body;
	uint64_t    born_ms;	/* monotonic: when age_ms was right */
	int64_t     age_ms, fresh_ms;
	int64_t     revalidate_ms, error_ms;	/* grace behind fresh_ms */
	/* the store's */
	struct refs          refs;
	uint64_t             busy_until_ms;	/* somebody asks whether it is right */
	size_t               size;
	struct cache_entry  *older, *newer;	/* of all, by last use */
	struct cache_entry  *next;		/* of the key */
	bool                 is_stored;
};

struct cache_store;

struct cache_entry *cache_entry_new(void);	/* one reference: the caller's */
void cache_entry_unref(struct cache_entry *);	/* NULL is allowed */
struct cache_body *cache_body_ref(struct cache_body *);

struct cache_store *cache_store_new(size_t max_bytes);
void cache_store_free(struct cache_store *);
/* A request, as far as an entry of its key may be for another one. */
struct cache_asker {
	struct slice              identity, route;
	bool                      only_shared;	/* none for one identity */
	const struct http_fields *request;
};

/*
 * The entry for that request, with a reference; NULL: none.  *has_key says
 * whether another request has one for the key.
 */
struct cache_entry *cache_store_find(struct cache_store *, struct slice key,
    const struct cache_asker *, bool *has_key);
/*
 * How often something was removed at the key; goes up by itself too, seldom.
 * Whoever puts says what it was when he asked the service: what was asked for
 * before a removal is not kept after it.
 */
unsigned cache_store_changes(struct cache_store *, struct slice key);
/* Takes a reference of its own; replaces what the same request would find. */
void cache_store_put(struct cache_store *, struct cache_entry *,
    const struct http_fields *request, unsigned changes);
void cache_store_remove(struct cache_store *, struct slice key);
void cache_store_remove_entry(struct cache_store *, struct cache_entry *);
/* True for one caller until then: it is the one to see that the service is asked. */
bool cache_store_claim(struct cache_store *, struct cache_entry *,
    uint64_t now_ms, uint64_t until_ms);
/* Nobody is, until then (0: from now on). */
void cache_store_unclaim(struct cache_store *, struct cache_entry *,
    uint64_t until_ms);
size_t cache_store_bytes(struct cache_store *);

/* Appends "name\nvalue\n", all lines of the request's field as one. */
void cache_vary_add(struct str *, const struct http_fields *,
    struct slice lower_name);

#endif
