#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "modes/control/store_backup.h"
#include "modes/control/store_wait.h"
#include "modes/control/store_watch.h"

/* A port whose thread is the one that waits in take. */
struct waiter {
	pthread_mutex_t      lock;
	pthread_cond_t       wake;
	void               (*fn)(void *);
	void                *arg;
	struct store_result *result;
};

static void
waiter_post(void *ctx, void (*fn)(void *), void *arg)
{
	struct waiter *w = ctx;

	pthread_mutex_lock(&w->lock);
	w->fn = fn;
	w->arg = arg;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

static struct store_port
waiter_init(struct waiter *w)
{
	*w = (struct waiter){ .fn = NULL };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	return (struct store_port){ .post = waiter_post, .ctx = w };
}

static void *
copy_array(struct arena *a, const void *p, size_t len)
{
	return len == 0 ? NULL : memcpy(arena_alloc(a, len), p, len);
}

/* The answer is lent; what the caller gets is its own. */
static void
keep_result(void *ctx, const struct store_result *r)
{
	struct waiter *w = ctx;
	struct store_result *to = mem_alloc(sizeof(*to));

	*to = *r;
	arena_init(&to->arena);
	to->items = copy_array(&to->arena, r->items,
	    r->n_items * sizeof(*r->items));
	to->entries = copy_array(&to->arena, r->entries,
	    r->n_entries * sizeof(*r->entries));
	for (size_t i = 0; i < to->n_items; i++) {
		to->items[i].key = arena_dup(&to->arena, r->items[i].key);
		if (r->items[i].value.ptr != NULL)
			to->items[i].value = arena_dup(&to->arena,
			    r->items[i].value);
	}
	for (size_t i = 0; i < to->n_entries; i++)
		to->entries[i].content = arena_dup(&to->arena,
		    r->entries[i].content);
	w->result = to;
}

static struct store_result *
take(struct waiter *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->fn == NULL)
		pthread_cond_wait(&w->wake, &w->lock);
	pthread_mutex_unlock(&w->lock);
	w->fn(w->arg);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	return w->result;
}

struct store_result *
store_commit_wait(struct store *s, struct store_txn **txn)
{
	struct waiter w;
	struct store_port port = waiter_init(&w);

	store_commit(s, txn, &port, keep_result, &w);
	return take(&w);
}

struct store_result *
store_list_wait(struct store *s, const struct store_query *query)
{
	struct waiter w;
	struct store_port port = waiter_init(&w);

	store_list(s, query, &port, keep_result, &w);
	return take(&w);
}

struct store_result *
store_get_wait(struct store *s, struct slice key)
{
	struct waiter w;
	struct store_port port = waiter_init(&w);

	store_get(s, key, &port, keep_result, &w);
	return take(&w);
}

struct store_result *
store_log_wait(struct store *s, uint64_t after, size_t limit)
{
	struct waiter w;
	struct store_port port = waiter_init(&w);

	store_log(s, after, limit, &port, keep_result, &w);
	return take(&w);
}

struct store_result *
store_history_wait(struct store *s, struct slice prefix)
{
	struct waiter w;
	struct store_port port = waiter_init(&w);

	store_history(s, prefix, &port, keep_result, &w);
	return take(&w);
}

struct store_result *
store_backup_wait(struct store *s, const char *path)
{
	struct waiter w;
	struct store_port port = waiter_init(&w);

	store_backup(s, path, &port, keep_result, &w);
	return take(&w);
}

struct store_result *
store_verify_wait(struct store *s)
{
	struct waiter w;
	struct store_port port = waiter_init(&w);

	store_verify(s, &port, keep_result, &w);
	return take(&w);
}
