#ifndef CHAIN_FILTER_H
#define CHAIN_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "chain/summary.h"
#include "http/head.h"
#include "loop/buf.h"
#include "net/close_reason.h"

/*
 * filter: what stands between a listener and a terminal.  One const object
 * per filter, one filter per file of core/filter, one explicit table.
 *
 * A NULL hook passes and costs nothing: a chain is compiled to the hooks that
 * it has.  Up (towards the service) runs forward, down in reverse.  `end` is
 * reported exactly once per direction, by head, body or trailers.  close and
 * done run exactly once, if and only if the filter was entered (its open or,
 * L7, its place in the request's way was reached).
 *
 * A filter never blocks, never frees what it did not make, never touches
 * events.  What it may do to a connection or a stream is in l4.h and l7.h.
 */
struct conf_node;
struct worker_env;

enum verdict {
	PASS,	/* on to the next */
	HOLD,	/* this direction waits here until l4_resume or l7_resume */
	STOP	/* this filter replied or aborted; nothing goes on from here */
};

enum dir { DIR_UP, DIR_DOWN };	/* towards the service; back to the caller */

struct filter_class {
	const char *name;	/* the word in documents, logs, metrics */
	size_t      state_size;	/* zeroed per connection or stream; plain data */
	/*
	 * Reads the filter's configuration (NULL: all defaults) into *shared,
	 * which is immutable afterwards and used by all workers.
	 */
	int       (*configure)(void **shared, const struct conf_node *,
			struct err *);
	void      (*release)(void *shared);
};

struct l4_ctx;
struct l7_ctx;

struct l4_filter {
	struct filter_class base;
	enum verdict (*open)(struct l4_ctx *);
	enum verdict (*bytes)(struct l4_ctx *, enum dir, struct buf *, bool end);
	void         (*close)(struct l4_ctx *, enum close_reason);
	/* Whether bytes is needed with this configuration; NULL: always. */
	bool         (*reads_bytes)(const void *shared);
};

struct l7_filter {
	struct filter_class base;
	enum verdict (*head)(struct l7_ctx *, enum dir, struct http_head *, bool end);
	enum verdict (*body)(struct l7_ctx *, enum dir, struct buf *, bool end);
	enum verdict (*trailers)(struct l7_ctx *, enum dir, struct http_fields *);
	enum verdict (*info)(struct l7_ctx *, struct http_head *);	/* 1xx */
	void         (*done)(struct l7_ctx *, const struct l7_summary *);
	bool         reads_tunnel;	/* body also sees bytes after an upgrade */
	/* Whether it has to do with a request that begins now; NULL: always. */
	bool         (*concerns)(const struct worker_env *);
};

/*
 * What one filter of one chain did, per worker and summed when read.  Stats
 * outlive chains: a new snapshot's chain of the same name goes on counting.
 */
enum filter_count {
	FILTER_ENTERED, FILTER_CALLS, FILTER_BYTES, FILTER_HELD, FILTER_STOPPED,
	FILTER_COUNTS
};

struct filter_stats;
/* One group per process; keeps names of chains and filters. */
struct filter_stats *filter_stats_new(int workers);
void filter_stats_free(struct filter_stats *);
/* Calls fn for each filter of each chain that ever ran. */
void filter_stats_each(struct filter_stats *, void (*fn)(void *arg,
    const char *chain, const char *filter, enum filter_count, unsigned long long),
    void *arg);
const char *filter_count_name(enum filter_count);

/* --- chains ------------------------------------------------------------ */

/*
 * A compiled chain: immutable, counted, shared by workers.
 * Life: l7_chain_new -> l7_chain_add ... -> (use) -> l7_chain_unref.
 */
struct l4_chain;
struct l7_chain;

struct l4_chain *l4_chain_new(const char *name, struct filter_stats *);
/* Takes shared (released by the filter's class).  Before first use only. */
void l4_chain_add(struct l4_chain *, const struct l4_filter *, void *shared);
struct l4_chain *l4_chain_ref(struct l4_chain *);
void l4_chain_unref(struct l4_chain *);

/*
 * A filter with its configuration and what that keeps (buckets, a cache), counted:
 * several chains can have it, so it can outlive the chain that had it first.
 * Life: l7_part_new -> l7_chain_add_part ... -> l7_part_unref.
 */
struct l7_part;

/* Takes shared (released by the filter's class). */
struct l7_part *l7_part_new(const struct l7_filter *, void *shared);
struct l7_part *l7_part_ref(struct l7_part *);
void l7_part_unref(struct l7_part *);	/* NULL is allowed */
/* What that filter keeps in it; NULL: it is another filter's. */
void *l7_part_shared(const struct l7_part *, const struct l7_filter *);

struct l7_chain *l7_chain_new(const char *name, struct filter_stats *);
/* Takes a reference.  Before first use only. */
void l7_chain_add_part(struct l7_chain *, struct l7_part *);
void l7_chain_add(struct l7_chain *, const struct l7_filter *, void *shared);
struct l7_chain *l7_chain_ref(struct l7_chain *);
void l7_chain_unref(struct l7_chain *);

#endif
