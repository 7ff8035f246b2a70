#ifndef BASE_LOG_RINGS_H
#define BASE_LOG_RINGS_H

#include "base/ring.h"

/*
 * log_rings: a ring of access lines for each thread that writes some.
 * A thread gets its ring with its first line and leaves it, with what is
 * still in it, to the next thread that needs one; rings are never freed.  One
 * thread at a time reads them all.
 */
#define LOG_RINGS_MAX	64		/* threads at a time */
#define LOG_RING_SIZE	(128 * 1024)	/* bytes */

/* What the reading thread saw in all rings at once. */
struct log_rings_view {
	struct iovec parts[2 * LOG_RINGS_MAX];
	int          parts_len;
	struct ring *rings[LOG_RINGS_MAX];
	size_t       bytes[LOG_RINGS_MAX];	/* of each */
	int          rings_len;
};

/* The ring of the calling thread.  NULL: too many threads have one. */
struct ring *log_rings_get(void);
void log_rings_peek(struct log_rings_view *);
/* Everything in the view is done with. */
void log_rings_take(const struct log_rings_view *);
/* The child of a fork: empties all and keeps the caller's alone in use. */
void log_rings_forget(void);

#endif
