#ifndef CONTROL_QUOTA_H
#define CONTROL_QUOTA_H

#include "base/map.h"
#include "sync/quota_row.h"

/*
 * quota: one global limit (of one key), divided among the proxies that hold
 * it.  Pure: names, numbers and times come in, shares go out.
 * Life: quota_init -> quota_ask each time that a holder asks, quota_leave
 *     when one is gone for good -> quota_fini.
 *
 * A holder asks every SYNC_QUOTA_ASK_MS and says what it is asked for; the
 * answer is a lease: a share of the limit, in parts of SYNC_QUOTA_WHOLE, good
 * for SYNC_QUOTA_LIFE_MS from the moment in which it asked.  A holder without
 * a valid lease uses one of as many parts as it was last told there are
 * holders.
 *
 * What is divided:
 *
 *	a tenth in equal parts, so that nobody starts from nothing, one of which
 *	stays free for the next that comes;
 *	the rest by what each is asked for, max-min fair: who wants less than
 *	its part has what it wants, and a quarter more to grow into;
 *	what nobody wants in equal parts.
 *
 * What a holder may be using counts as spent until it says that it uses less,
 * or its lease has ended: a share grows only by what others have let go.  Of a
 * holder that is silent for QUOTA_SILENT_MS, half a lease, its equal part is
 * kept, before its lease ends and it begins to use that; for QUOTA_ABSENT_MS,
 * then it counts as dead.  So what is in use together is at most the whole,
 * but for
 *
 *	a control that ends: leases do not end all at the same moment, and until
 *	the last has, twice the limit may pass: at most SYNC_QUOTA_LIFE_MS;
 *	a proxy that starts and was never told of others: until its first answer;
 *	a proxy that lost control, not its callers, for longer than
 *	QUOTA_ABSENT_MS: it goes on with its equal part.
 *
 * A control that starts knows of no leases.  Those who ask it tell what they
 * have, and for QUOTA_LEARN_MS nobody who had a lease gets more; of those whom
 * they know of and who did not ask, it keeps a part for QUOTA_ABSENT_MS, but
 * never more than half for what it only heard of.
 */
#define QUOTA_SILENT_MS	(SYNC_QUOTA_LIFE_MS / 2)
#define QUOTA_ABSENT_MS	120000
#define QUOTA_LEARN_MS	(2 * SYNC_QUOTA_ASK_MS)

struct quota_holder {
	uint64_t wanted;	/* parts */
	uint64_t granted;	/* by the last answer */
	uint64_t held;		/* what it uses at most */
	uint64_t id;		/* of the last answer */
	uint64_t told;		/* how many holders, by that answer */
	uint64_t heard;		/* the fewest that it may go by */
	uint64_t asked_ms, settled_ms;	/* settled: held is known, not feared */
	bool     is_leaving;
};

struct quota {
	struct map holders;	/* by name: struct quota_holder */
	uint64_t   born_ms, divided_ms;
	uint64_t   heard_max;	/* holders, by what those say who ask */
	uint64_t   held;	/* of all */
	/* How it is divided now. */
	uint64_t   base;	/* everyone's */
	uint64_t   level;	/* and at most this of what it wants above it */
	uint64_t   spare;	/* and this of what nobody wants */
	size_t     divided_len;
	bool       is_divided;
};

struct quota_ask {
	struct slice who;
	uint64_t     wanted;	/* parts; more than the whole is possible */
	uint64_t     holds;	/* parts that it uses now */
	uint64_t     proxies;	/* last told; 0: never */
	uint64_t     id;	/* of this question, growing */
	uint64_t     seen;	/* of the answer that it obeys; 0: none */
};

struct quota_share {
	uint64_t share;		/* parts */
	uint64_t proxies;	/* that there are */
};

/* Times are monotonic milliseconds. */
void quota_init(struct quota *, uint64_t now_ms);
void quota_fini(struct quota *);
struct quota_share quota_ask(struct quota *, const struct quota_ask *,
    uint64_t now_ms);
/* It ended in order: when its lease has ended, nothing is kept for it. */
void quota_leave(struct quota *, struct slice who);

/*
 * hot is new and of one key of the limit whose other keys base is about: all
 * who hold base hold it, as much as of any other key.
 */
void quota_begin(struct quota *hot, const struct quota *base);
/* Nobody holds more of it than of any other key, and nobody wants more. */
bool quota_is_even(const struct quota *hot, const struct quota *base);

size_t quota_len(const struct quota *);	/* holders */

#endif
