#ifndef CONTROL_REGISTRY_FEED_H
#define CONTROL_REGISTRY_FEED_H

#include "base/list.h"
#include "base/refs.h"
#include "base/slice.h"
#include "model/digest.h"

/*
 * registry_feed: the last changes, encoded once, for everybody who follows.
 * Life: feed_init -> feed_add per revision -> feed_next by each follower
 *     -> feed_fini.
 *
 * Followers pull: each keeps the revision that it has reached, asks for what
 * comes next when it has room, and is only called when there is news.  So a
 * slow one costs nothing but its place; when that place is gone, feed_next
 * says so and the follower starts over from the objects themselves.
 *
 * A change is immutable and counted; references may pass between threads.
 * Its line, without a newline, is one of
 *
 * {"t":"put","key":"/core/services/shop/web","revision":7,"doc":{...}}
 * {"t":"del","key":"/core/services/shop/web","revision":7}
 */
struct registry_change {
	struct refs  refs;
	uint64_t     revision;
	bool         is_delete;
	struct slice key;
	struct slice line;
	struct slice document;	/* within line; absent: deleted */
	char        *bytes;	/* of all three */
	struct model_digest digest;	/* of the document; none: deleted */
};

/* object: the document's JSON; absent: deleted. */
struct registry_change *registry_change_new(uint64_t revision,
    struct slice key, struct slice object);
struct registry_change *registry_change_ref(struct registry_change *);
void registry_change_unref(struct registry_change *);

struct registry_batch {
	uint64_t                       revision;
	struct registry_change *const *changes;
	size_t                         n;
};

struct registry_follower {
	struct list link;
	void      (*on_news)(void *arg);
	void       *arg;
};

struct registry_feed {
	struct registry_change **changes;	/* by revision */
	size_t                   n, cap;
	size_t                   keep;	/* changes kept at least */
	uint64_t                 since;	/* later revisions are here */
	uint64_t                 revision;	/* the last one */
	struct list              followers;
};

void registry_feed_init(struct registry_feed *, size_t keep, uint64_t since);
void registry_feed_fini(struct registry_feed *);
/*
 * Takes the n > 0 changes of one revision, which is later than the last, and
 * calls the followers, who may ask, come and go.
 */
void registry_feed_add(struct registry_feed *, uint64_t revision,
    struct registry_change **changes, size_t n);
/* Forgets all changes: whoever is not at this revision is lost. */
void registry_feed_reset(struct registry_feed *, uint64_t revision);
/*
 * The first batch after a revision; valid until the next feed_add.
 * 1: here it is.  0: nothing after it yet.  -1: lost, start over.
 */
int registry_feed_next(const struct registry_feed *, uint64_t after,
    struct registry_batch *);
void registry_feed_follow(struct registry_feed *, struct registry_follower *);
void registry_feed_leave(struct registry_follower *);	/* harmless twice */

#endif
