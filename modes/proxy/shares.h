#ifndef PROXY_SHARES_H
#define PROXY_SHARES_H

#include "base/map.h"
#include "chain/filter.h"
#include "sync/message.h"

/*
 * shares: a proxy's end of global limits: what they are asked for goes to
 * control, what control leases goes into force.
 * Life: shares_init -> shares_begin, shares_add of each limit, shares_end
 *     whenever the documents change -> shares_ask and shares_answer, about
 *     every SYNC_QUOTA_ASK_MS -> shares_fini.
 *
 * A lease is good for SYNC_QUOTA_LIFE_MS from the moment in which we asked for
 * it, whenever it came.  Without one, a limit is ours in equal parts with as
 * many proxies as control last spoke of, and all of it if it never did.
 *
 * Each limit is asked about once in SYNC_QUOTA_ASK_MS, a round.  Those that do not
 * fit in one message, or whose answer might not, wait for the answer to those
 * before them; the same stand together in each round, as control knows what is
 * in force by the answer that it came with.
 *
 * Pure but for the limits' buckets.  One thread, that of the session; times are
 * monotonic.
 */
#define SHARES_SENT	8	/* questions whose time is remembered */

struct shares {
	struct map limits;	/* "document place#index": struct share */
	struct map kept;	/* the same: proxies, of a life before */
	bool       is_unsaved;	/* what shares_save writes has changed */
	uint64_t   id;		/* of our last question */
	uint64_t   answered;	/* the last that was */
	uint64_t   round;	/* that is asked about, or was */
	uint64_t   asked_ms, begun_ms;	/* the round */
	uint64_t   sent_ms[SHARES_SENT];
};

void shares_init(struct shares *);
void shares_fini(struct shares *);

/* What is not added between the two is forgotten. */
void shares_begin(struct shares *);
/*
 * The limits of a rate_limit at a place, "document place"; takes a reference to
 * the part.  One that is there already keeps its share.
 */
void shares_add(struct shares *, struct slice name, struct l7_part *,
    uint64_t now_ms);
void shares_end(struct shares *);

/*
 * A question to send, with rows in the arena.  False: it is not time, or there
 * is nothing to ask.
 */
bool shares_ask(struct shares *, struct arena *, uint64_t now_ms,
    struct sync_message *);
void shares_answer(struct shares *, const struct sync_message *, uint64_t now_ms);
/* A session begins: what was asked on the last one has no answer. */
void shares_restart(struct shares *);
/* Ends leases that are over; gives in how many ms to call again, at most. */
uint64_t shares_tick(struct shares *, uint64_t now_ms);

/*
 * Among how many proxies each limit is divided, for the next life of this one:
 * it may begin without control.  ERR_DATA: that was not written by save.
 */
void shares_save(struct shares *, struct str *out);
int shares_load(struct shares *, struct slice text, struct err *);

/* How many of the limits have a lease. */
size_t shares_leased(const struct shares *);
/* A JSON list of what is in force. */
void shares_write(const struct shares *, uint64_t now_ms, struct str *out);

#endif
