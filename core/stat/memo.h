#ifndef STAT_MEMO_H
#define STAT_MEMO_H

#include "stat/stat.h"

/*
 * memo: the series that one thread has met for one thing, when their labels
 * change from event to event (response codes, reasons): no lock when it was
 * met before.
 * Life: memo all zeros -> stat_memo_find, stat_memo_put ... -> stat_memo_fini.
 *
 * The key is whatever tells the series apart for its user: a response code and
 * its flags in one number, or a hash of all the labels.
 */
struct stat_memo_entry;
struct stat_memo {
	struct stat_memo_entry *entries;
	size_t                  len, cap;	/* cap is a power of two, or 0 */
};

/* Borrowed, or NULL. */
struct stat_series *stat_memo_find(struct stat_memo *, uint64_t key);
/* Takes the reference; returns it, borrowed.  An earlier one is let go. */
struct stat_series *stat_memo_put(struct stat_memo *, uint64_t key,
    struct stat_series *);
/*
 * Lets go of what was not found since the last sweep, so that it can expire.
 * To be called every few minutes.
 */
void stat_memo_sweep(struct stat_memo *);
void stat_memo_fini(struct stat_memo *);

#endif
