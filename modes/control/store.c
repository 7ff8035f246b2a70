#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/control/store_file.h"
#include "modes/control/store_thread.h"

static void
store_free(struct store *s)
{
	store_sqlite_close(s->db);
	if (s->dir_lock >= 0)
		close(s->dir_lock);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

/* Signals are for the main thread. */
static int
start_thread(struct store *s, struct err *err)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&s->thread, NULL, store_thread_main, s);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return err_set(err, ERR_SYSTEM, "store thread: %s",
		    strerror(rc));
	return 0;
}

struct store *
store_open(const char *dir, struct err *err)
{
	struct store *s = mem_zalloc(sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	list_init(&s->queue);
	list_init(&s->watches);
	list_init(&s->copies);
	s->dir_lock = store_file_lock(dir, err);
	if (s->dir_lock >= 0) {
		char *path = mem_printf("%s/" STORE_FILE_NAME, dir);

		s->db = store_sqlite_open(path, err);
		mem_free(path);
	}
	if (s->db != NULL && start_thread(s, err) == 0)
		return s;
	store_free(s);
	return NULL;
}

void
store_observe(struct store *s, void (*fn)(void *, const struct store_group *),
    void *ctx)
{
	pthread_mutex_lock(&s->lock);
	s->observe = fn;
	s->observe_ctx = ctx;
	pthread_mutex_unlock(&s->lock);
}

void
store_stop(struct store *s)
{
	if (s == NULL || s->is_stopped)
		return;
	pthread_mutex_lock(&s->lock);
	s->is_closing = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->is_stopped = true;
}

void
store_close(struct store **sp)
{
	struct store *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	store_stop(s);
	check(list_is_empty(&s->watches));
	store_free(s);
}

void
store_result_free(struct store_result *r)
{
	if (r == NULL)
		return;
	arena_fini(&r->arena);
	mem_free(r);
}

void
store_queue(struct store *s, struct store_request *q)
{
	if (s->is_stopped) {
		store_refuse(s, q);
		return;
	}
	pthread_mutex_lock(&s->lock);
	check(!s->is_closing);
	list_append(&s->queue, &q->link);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

struct store_request *
store_request_new(enum store_request_kind kind, const struct store_port *port,
    store_done *done, void *ctx)
{
	struct store_request *q = mem_zalloc(sizeof(*q));

	q->kind = kind;
	q->port = *port;
	q->done = done;
	q->ctx = ctx;
	q->result = mem_zalloc(sizeof(*q->result));
	arena_init(&q->result->arena);
	return q;
}

void
store_commit(struct store *s, struct store_txn **txn,
    const struct store_port *port, store_done *done, void *ctx)
{
	struct store_request *q = store_request_new(STORE_COMMIT, port, done, ctx);

	q->txn = *txn;
	*txn = NULL;
	store_queue(s, q);
}

void
store_list(struct store *s, const struct store_query *query,
    const struct store_port *port, store_done *done, void *ctx)
{
	struct store_request *q = store_request_new(STORE_LIST, port, done, ctx);
	size_t n = query->prefix.len, m = query->after.len;

	q->bytes = mem_alloc(n + m);
	if (n > 0)
		memcpy(q->bytes, query->prefix.ptr, n);
	if (m > 0)
		memcpy(q->bytes + n, query->after.ptr, m);
	q->query.prefix = slice_of(q->bytes, n);
	q->query.after = slice_of(q->bytes + n, m);
	q->query.limit = query->limit;
	store_queue(s, q);
}

void
store_get(struct store *s, struct slice key, const struct store_port *port,
    store_done *done, void *ctx)
{
	struct store_request *q = store_request_new(STORE_GET, port, done, ctx);

	q->bytes = mem_dup(key.ptr, key.len);
	q->query.prefix = slice_of(q->bytes, key.len);
	store_queue(s, q);
}

void
store_history(struct store *s, struct slice prefix,
    const struct store_port *port, store_done *done, void *ctx)
{
	struct store_request *q = store_request_new(STORE_HISTORY, port, done,
	    ctx);

	q->bytes = mem_dup(prefix.ptr, prefix.len);
	q->query.prefix = slice_of(q->bytes, prefix.len);
	store_queue(s, q);
}

void
store_log(struct store *s, uint64_t after, size_t limit,
    const struct store_port *port, store_done *done, void *ctx)
{
	struct store_request *q = store_request_new(STORE_LOG, port, done, ctx);

	q->after = after;
	q->query.limit = limit;
	store_queue(s, q);
}

void
store_verify(struct store *s, const struct store_port *port, store_done *done,
    void *ctx)
{
	store_queue(s, store_request_new(STORE_VERIFY, port, done, ctx));
}
