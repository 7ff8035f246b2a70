#ifndef CONTROL_STORE_THREAD_H
#define CONTROL_STORE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "modes/control/store.h"
#include "modes/control/store_observe.h"
#include "modes/control/store_sqlite.h"
#include "modes/control/store_watch.h"

/*
 * store_thread: what the store's front (store.c), its thread
 * (store_thread.c) and its watches (store_watch.c) share.
 *
 * A request is made by the asker, queued under the lock, worked on by the
 * thread alone, and freed on the asker's thread after its answer.
 */
enum store_request_kind {
	STORE_COMMIT, STORE_LIST, STORE_GET, STORE_LOG, STORE_HISTORY, STORE_VERIFY,
	STORE_BACKUP,
	STORE_WATCH,		/* begin to serve watch */
	STORE_UNWATCH,		/* the asker closed it */
	STORE_WAKE,		/* a watch has room again */
};

struct store_request {
	struct list             link;
	enum store_request_kind kind;
	struct store_txn       *txn;		/* STORE_COMMIT; owned */
	char                   *bytes;		/* key, prefix, path; owned */
	struct store_query      query;		/* slices into bytes */
	uint64_t                after;		/* STORE_LOG */
	struct store_watch     *watch;
	struct store_port       port;
	store_done             *done;
	void                   *ctx;
	struct store_result    *result;
};

struct store {
	pthread_t       thread;
	pthread_mutex_t lock;		/* of queue and is_closing */
	pthread_cond_t  wake;
	struct list     queue;
	bool            is_closing;	/* the thread ends when it is idle */
	bool            is_stopped;	/* it has; one thread is left */
	int             dir_lock;
	void          (*observe)(void *ctx, const struct store_group *);
	void           *observe_ctx;	/* with observe, under the lock */

	/* The thread's own. */
	int64_t                   started_s;	/* wall time at start */
	uint64_t                  started_ms;	/* monotonic, then */
	struct store_sqlite      *db;
	struct list               watches;
	struct store_sqlite_copy *copy;
	struct store_request     *copy_request;
	struct list               copies;	/* waiting for their turn */
};

/* Gives a request whose answer goes to done. */
struct store_request *store_request_new(enum store_request_kind,
    const struct store_port *, store_done *, void *ctx);
/* Takes the request. */
void store_queue(struct store *, struct store_request *);
void *store_thread_main(void *store);
/* Answers one that came after the thread's end. */
void store_refuse(struct store *, struct store_request *);

/* On the store's thread. */
void store_watch_begin(struct store *, struct store_watch *);
void store_watch_end(struct store_watch *);
void store_watch_feed_all(struct store *);

#endif
