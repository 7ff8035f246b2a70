#ifndef CONTROL_TRAFFIC_IMPL_H
#define CONTROL_TRAFFIC_IMPL_H

#include "base/list.h"
#include "base/map.h"
#include "modes/control/traffic.h"

/* traffic_impl: what traffic.c and traffic_window.c share. */

/* Totals of one pair of services, as one side of it sees them. */
struct pair {
	uint64_t              requests, success;
	struct stat_histogram durations;
};

/* Totals at one moment, by "outbound source destination". */
struct note {
	uint64_t   at_ms;
	struct map pairs;
};

#define TRAFFIC_NOTES	(TRAFFIC_WINDOW_MS / TRAFFIC_STEP_MS + 1)

struct traffic {
	struct stat_registry *stats;
	struct stat_worker   *worker;
	struct map            senders;
	struct map            mismatches;	/* traffic_mismatch.c */
	struct note           notes[TRAFFIC_NOTES];	/* a ring; newest at `last` */
	size_t                last, len;
	uint64_t              expired_ms;
	struct list           windows;
};

/* All pairs as of now; the caller frees each. */
void traffic_read_totals(struct traffic *, struct map *pairs);
/* What came to be between two readings belongs to no note. */
void traffic_add_past(struct note *, const struct map *before,
    const struct map *after);
/* Whether the caller's side told of the same pair. */
bool traffic_is_told_by_caller(const struct map *pairs, struct slice source,
    struct slice destination);
/* The same for each window that began after the sender's life did. */
void traffic_windows_add_past(struct traffic *, uint64_t since_ms,
    const struct map *before, const struct map *after);

#endif
