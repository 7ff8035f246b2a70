#ifndef CONTROL_TRAFFIC_IMPL_H
#define CONTROL_TRAFFIC_IMPL_H

#include "base/list.h"
#include "base/map.h"
#include "modes/control/traffic.h"

/* traffic_impl: what traffic.c and traffic_window.c share. */

/* What is no request: connections of bytes, sessions of datagrams. */
enum stream_kind { STREAM_TCP, STREAM_UDP, STREAM_KINDS };
struct stream_totals {
	uint64_t opened;
	uint64_t bytes_to, bytes_from;	/* the destination */
};

/* Totals of one pair of services, as one side of it sees them. */
struct pair {
	uint64_t              requests, success;
	struct stat_histogram durations;
	struct stream_totals  streams[STREAM_KINDS];
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
	struct map            seen;	/* traffic_seen.c */
	struct note           notes[TRAFFIC_NOTES];	/* a ring; newest at `last` */
	size_t                last, len;
	uint64_t              expired_ms;
	struct list           windows;
};

/* What of `now` came after `then` (NULL: all). */
struct stream_totals stream_totals_since(const struct pair *now,
    const struct pair *then, enum stream_kind);
/* traffic_stream.c: adds what is counted of streams to the pairs. */
void traffic_read_streams(struct traffic *, struct map *pairs);
/* A row in the list, if there were any. */
void traffic_write_streams(struct conf_node *list, struct slice source,
    struct slice destination, const struct pair *now,
    const struct pair *then);
/* The pair that the labels of a series begin with; made if need be. */
struct pair *traffic_pair_of(struct map *pairs, const struct slice *labels);

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
