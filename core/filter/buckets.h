#ifndef FILTER_BUCKETS_H
#define FILTER_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * buckets: token buckets by key, shared by all threads without a lock, in
 * memory that does not grow.
 *
 * A bucket is one number: the time at which it would be full again (GCRA,
 * ITU-T I.371).  A bucket that is full is the same as one that was never
 * there, so its slot may go to another key and nothing is forgotten.  Only
 * when all slots that a key may use are in use is the fullest of them lost: a
 * flood of keys lets some callers through who should wait, never the reverse.
 * Two threads that claim a slot at once may let one request more pass.
 */
struct buckets_rate {
	uint64_t requests;	/* so many (0: none, for whatever key) ... */
	uint64_t per_ns;	/* ... in so much time, spread evenly */
	/* at once, at least 1; no more than the rate gives in 146 years */
	uint64_t burst;
};

struct buckets_answer {
	bool     is_allowed;
	uint64_t left;		/* more at once */
	uint64_t wait_ns;	/* until the next; 0: now */
	uint64_t full_ns;	/* until as many as ever */
};

struct buckets;

struct buckets *buckets_new(const struct buckets_rate *, size_t keys);
void buckets_free(struct buckets *);
/*
 * From now on this rate holds, in all buckets; who has waited need not wait
 * anew.  Any thread.
 */
void buckets_set_rate(struct buckets *, const struct buckets_rate *);
/* Takes one from the key's bucket, if there is one; now: monotonic. */
struct buckets_answer buckets_take(struct buckets *, uint64_t key,
    uint64_t now_ns);
/*
 * The same, but each bucket holds as many as before, if it still has room for
 * them: who is given more has the more from now on.
 */
void buckets_change_rate(struct buckets *, const struct buckets_rate *,
    uint64_t now_ns);
/* The key's bucket holds as many as that of another key, elsewhere. */
void buckets_copy(struct buckets *to, uint64_t to_key, struct buckets *from,
    uint64_t from_key, uint64_t now_ns);
/* Gives one back that was taken and not used. */
void buckets_put(struct buckets *, uint64_t key);

#endif
