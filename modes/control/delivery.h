#ifndef CONTROL_DELIVERY_H
#define CONTROL_DELIVERY_H

#include "base/map.h"
#include "loop/buf.h"
#include "model/closure.h"
#include "model/digest.h"
#include "modes/control/registry.h"

/*
 * delivery: what one proxy is sent: the documents of its closure, as they
 * change, and nothing else.
 * Life: delivery_init -> delivery_interest, delivery_start -> delivery_next
 *     whenever there is room -> delivery_fini.
 *
 * It remembers what the proxy has.  When something changed it compares that
 * with what the registry holds now and queues the difference, which leads
 * from one state of the whole registry to a later one and ends with a commit
 * line.  So a slow proxy skips what was overwritten meanwhile, never sees half
 * a revision, and costs no more than a pointer for each document; nothing
 * has to be thrown away or started over when it falls behind.
 *
 * Pure but for the registry, which it reads.  One thread.
 */

/*
 * Lines of documents as proxies get them, each encoded once and shared by
 * all deliveries.
 */
struct delivery_lines {
	struct map by_key;	/* struct registry_change, counted */
	/* Whether more than the stored document is to be told; may be NULL. */
	bool     (*has_status)(void *ctx, const struct model_object *);
	/* Writes the document's JSON as proxies see it; NULL: as stored. */
	void     (*write)(void *ctx, const struct model_object *, struct str *);
	void      *ctx;
};
void delivery_lines_fini(struct delivery_lines *);
/* The feed encoded it already. */
void delivery_lines_offer(struct delivery_lines *, struct registry_change *,
    const struct model_object *);
/* Its status changed, or it is gone. */
void delivery_lines_drop(struct delivery_lines *, struct slice key);

/*
 * One revision may see several states of a delivery: interests and what
 * machines report change what a proxy has and make no revision.
 */
#define DELIVERY_STATES	8

enum delivery_match {
	DELIVERY_SAME,		/* the proxy has what it should have */
	DELIVERY_EARLIER,	/* or nobody can tell: ask again */
	DELIVERY_OTHER,		/* it has something that it never was sent */
};

struct delivery {
	struct registry       *registry;	/* kept */
	struct delivery_lines *lines;		/* kept */
	struct model_subject   subject;
	struct model_object   *said;	/* the workload as it told us; may be NULL */
	struct map             has;	/* key: struct registry_change, counted */
	struct model_digest    digest;	/* of what it has */
	struct model_digest    states[DELIVERY_STATES];	/* sent at revision
					   `at`, the last one last */
	size_t                 states_len;
	uint64_t               at;	/* revision of that state */
	uint64_t               told;	/* revision of the last commit or synced:
					   what the proxy has to acknowledge */
	uint64_t               since;	/* said to have everything up to here */
	struct map             dirty;	/* keys to look at anew */
	struct map             missing;	/* services told to be none */
	struct map             unsettled;	/* key: the revision of the state
					   that brought its form; not
					   known to have arrived */
	struct str             head, tail;	/* lines around the queue */
	struct registry_change **queue;	/* counted */
	size_t                 queue_at, queue_len, queue_cap;
	bool                   is_started, is_first;
	bool                   must_look;	/* at all documents */
	bool                   must_sync;	/* say synced */
};

/* Copies the names. */
void delivery_init(struct delivery *, struct registry *,
    struct delivery_lines *, const char *namespace, const char *workload);
void delivery_fini(struct delivery *);

/*
 * Takes the workload as its proxy describes it.  While the registry has none,
 * before it is registered and when it has withdrawn, this decides which
 * services are its own: the first caller may come as soon as it is
 * registered, and the last one until it has ended.
 */
void delivery_said(struct delivery *, struct model_object **);
/* Replaces the interests by these, "ns/name".  Malformed ones are left out. */
void delivery_interest(struct delivery *, const struct slice *services,
    size_t n);
/* since: what the proxy kept of an earlier session; 0: nothing. */
void delivery_start(struct delivery *, uint64_t since);
/* It has something else than we think: reset, and everything again. */
void delivery_restart(struct delivery *);
/* What proxies see of this document is not what it was. */
void delivery_touch(struct delivery *, struct slice key);

/* What the proxy's word about a revision and a digest means. */
enum delivery_match delivery_match(const struct delivery *, uint64_t revision,
    struct slice digest);

/*
 * The proxy runs the state of this revision.  is_last: the last one that it
 * was sent of that revision, as far as can be told.
 */
void delivery_settle(struct delivery *, uint64_t revision, bool is_last);

/* Adds some lines, about 32 KiB.  False: there is nothing to say now. */
bool delivery_next(struct delivery *, struct buf *out);
/* Everything up to delivery's `at` was written. */
bool delivery_is_idle(const struct delivery *);

#endif
