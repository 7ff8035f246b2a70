#ifndef CONTROL_STORE_WATCH_H
#define CONTROL_STORE_WATCH_H

#include "modes/control/store.h"

/*
 * store_watch: changes as they happen, and those since a revision.
 * Life: store_watch_open -> on_batch ... (on_lost) -> store_watch_close.
 *
 * A watch delivers every change of keys with the prefix whose revision is
 * greater than `since`, in order, each once, all of one revision in one
 * call.  A slow asker is waited for; when changes that it has not seen are
 * dropped meanwhile, or since is a revision that this store has not reached,
 * on_lost is called once and nothing after it: list, and watch from the
 * list's revision.  What a commit changed is posted before its answer, but
 * for askers that are more than 256 revisions behind.
 */
struct store_change {
	struct slice key;
	struct slice value;	/* absent: the key was deleted */
	uint64_t     created;
};
struct store_batch {
	uint64_t                   revision;
	const struct store_change *changes;
	size_t                     n_changes;
};
struct store_watch_ops {
	void (*on_batch)(void *ctx, const struct store_batch *);
	void (*on_lost)(void *ctx);
};
struct store_watch;

/*
 * Every change that is kept, oldest first: items whose `modified` is the
 * revision and whose value is absent where the key was deleted.
 */
void store_history(struct store *, struct slice prefix,
    const struct store_port *, store_done *, void *ctx);

/* Keeps port, ops and ctx until store_watch_close. */
struct store_watch *store_watch_open(struct store *, struct slice prefix,
    uint64_t since, const struct store_port *, const struct store_watch_ops *,
    void *ctx);
/* On the port's thread.  No callback after it. */
void store_watch_close(struct store_watch **);

#endif
