#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/refs.h"
#include "modes/control/store_thread.h"

/* Batches posted and not yet taken, above which a watch waits. */
#define PENDING_MAX	256

/*
 * Referenced by its asker, by the store's thread while it serves it, and by
 * every batch under way.
 */
struct store_watch {
	struct refs                   refs;
	struct store                 *store;
	struct store_port             port;
	const struct store_watch_ops *ops;
	void                         *ctx;
	char                         *prefix_bytes;
	struct slice                  prefix;
	bool                          is_closed;	/* asker's thread */

	atomic_uint pending;
	atomic_bool is_stalled;		/* wants a wake when there is room */

	/* The store's thread. */
	struct list link;
	uint64_t    seen;		/* everything up to here was posted */
	bool        is_cut;		/* by lack of room, in this feed */
};

struct parcel {
	struct store_watch *watch;
	struct arena        arena;
	struct store_batch  batch;
};

static void
unref(struct store_watch *w)
{
	if (!refs_drop(&w->refs))
		return;
	mem_free(w->prefix_bytes);
	mem_free(w);
}

static struct store_request *
watch_request(enum store_request_kind kind, struct store_watch *w)
{
	struct store_request *q = mem_zalloc(sizeof(*q));

	q->kind = kind;
	q->watch = w;
	return q;
}

/* On the asker's thread. */
static void
deliver_batch(void *arg)
{
	struct parcel *p = arg;
	struct store_watch *w = p->watch;

	atomic_fetch_sub(&w->pending, 1);
	if (!w->is_closed && atomic_exchange(&w->is_stalled, false))
		store_queue(w->store, watch_request(STORE_WAKE, NULL));
	if (!w->is_closed)
		w->ops->on_batch(w->ctx, &p->batch);
	arena_fini(&p->arena);
	mem_free(p);
	unref(w);
}

static void
deliver_lost(void *arg)
{
	struct store_watch *w = arg;

	if (!w->is_closed)
		w->ops->on_lost(w->ctx);
	unref(w);
}

static void
add_change(struct parcel *p, struct store_change *to,
    const struct store_change *c)
{
	*to = (struct store_change){
		.key = arena_dup(&p->arena, c->key),
		.value = c->value.ptr == NULL ? SLICE_NONE :
		    arena_dup(&p->arena, c->value),
		.created = c->created,
	};
}

/* Posts what of the batch the watch asked for. */
static void
post_batch(struct store_watch *w, const struct store_batch *b)
{
	struct parcel *p = mem_zalloc(sizeof(*p));
	struct store_change *changes;

	p->watch = w;
	arena_init(&p->arena);
	changes = arena_alloc(&p->arena, b->n_changes * sizeof(*changes));
	for (size_t i = 0; i < b->n_changes; i++)
		if (slice_has_prefix(b->changes[i].key, w->prefix))
			add_change(p, &changes[p->batch.n_changes++],
			    &b->changes[i]);
	if (p->batch.n_changes == 0) {
		arena_fini(&p->arena);
		mem_free(p);
		return;
	}
	p->batch.revision = b->revision;
	p->batch.changes = changes;
	refs_take(&w->refs);
	atomic_fetch_add(&w->pending, 1);
	w->port.post(w->port.ctx, deliver_batch, p);
}

/* Whether one more batch may go out; if not, a wake will come. */
static bool
has_room(struct store_watch *w)
{
	if (atomic_load(&w->pending) < PENDING_MAX)
		return true;
	atomic_store(&w->is_stalled, true);
	/* A batch taken between the two lines above saw no stall. */
	if (atomic_load(&w->pending) >= PENDING_MAX)
		return false;
	atomic_store(&w->is_stalled, false);
	return true;
}

static bool
each_batch(void *ctx, const struct store_batch *b)
{
	struct store_watch *w = ctx;

	post_batch(w, b);
	w->seen = b->revision;
	w->is_cut = !has_room(w);
	return !w->is_cut;
}

static void
feed(struct store *s, struct store_watch *w)
{
	uint64_t now = store_sqlite_revision(s->db);
	struct err err = ERR_INIT;

	if (w->seen == now || !has_room(w))
		return;
	w->is_cut = false;
	switch (store_sqlite_changes(s->db, w->seen, each_batch, w, &err)) {
	case 0:
		/* Revisions of records alone have no changes. */
		if (!w->is_cut)
			w->seen = now;
		return;
	case 1:
		list_remove(&w->link);
		w->port.post(w->port.ctx, deliver_lost, w);
		return;
	default:
		log_error("store", "watch: %s", err.text);
	}
}

void
store_watch_feed_all(struct store *s)
{
	LIST_FOREACH_SAFE(at, &s->watches)
		feed(s, list_entry(at, struct store_watch, link));
}

void
store_watch_begin(struct store *s, struct store_watch *w)
{
	list_append(&s->watches, &w->link);
	feed(s, w);
}

void
store_watch_end(struct store_watch *w)
{
	if (list_is_linked(&w->link)) {
		list_remove(&w->link);
		unref(w);	/* the thread's; a lost one gave it away */
	}
	unref(w);
}

struct store_watch *
store_watch_open(struct store *s, struct slice prefix, uint64_t since,
    const struct store_port *port, const struct store_watch_ops *ops,
    void *ctx)
{
	struct store_watch *w = mem_zalloc(sizeof(*w));

	refs_init(&w->refs);
	refs_take(&w->refs);	/* for the thread of the store */
	w->store = s;
	w->port = *port;
	w->ops = ops;
	w->ctx = ctx;
	w->prefix_bytes = mem_dup(prefix.ptr, prefix.len);
	w->prefix = slice_of(w->prefix_bytes, prefix.len);
	w->seen = since;
	store_queue(s, watch_request(STORE_WATCH, w));
	return w;
}

void
store_watch_close(struct store_watch **wp)
{
	struct store_watch *w = *wp;

	*wp = NULL;
	if (w == NULL)
		return;
	check(!w->is_closed);
	w->is_closed = true;
	store_queue(w->store, watch_request(STORE_UNWATCH, w));
}
