#ifndef HTTP_H2_FLOOD_H
#define HTTP_H2_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/limits.h"

/*
 * h2_flood: what a peer may do on an HTTP/2 connection that costs it little and
 * us much (RFC 9113, section 10.5): each kind has a measure, and who goes
 * beyond it is sent GOAWAY with ENHANCE_YOUR_CALM.
 *
 * A measure is so many to begin with, more for each stream that began and for
 * each DATA frame of the other direction, and what was spent is forgiven at
 * its rate; all of these grow with the limit of struct h2_limits that is set
 * for the kind.  Streams that a peer breaks off are judged by count when it is a
 * stranger, and by share when it is a member of the mesh: a sidecar passes on
 * what all its callers cancel.  Resets that we send because a peer broke the
 * rules count like its own: it can make us send them.
 */
enum h2_flood_kind {
	H2_FLOOD_EMPTY_DATA,	/* in a row, without the end of their stream */
	H2_FLOOD_PING,
	H2_FLOOD_SETTINGS,
	H2_FLOOD_PRIORITY,
	H2_FLOOD_WINDOW,	/* WINDOW_UPDATE */
	H2_FLOOD_STRAY,		/* RST_STREAM of a stream that is gone */
	H2_FLOOD_RESET,		/* by the peer, before its stream was complete */
	H2_FLOOD_FAULT,		/* of a stream, which we reset or refuse */
	H2_FLOOD_KINDS
};

struct h2_flood {
	const struct h2_limits *limits;
	bool     is_member;
	uint64_t streams;	/* that began */
	uint64_t data_sent, data_got;	/* DATA frames */
	uint64_t hasty_resets;	/* of streams that began less than 1 s before */
	uint64_t forgiven_ms[H2_FLOOD_KINDS];
	uint64_t spent[H2_FLOOD_KINDS];	/* thousandths */
};

/* Keeps limits. */
void h2_flood_init(struct h2_flood *, const struct h2_limits *, bool is_member,
    uint64_t now_ms);
/* One more of that kind; false: that was one too many. */
bool h2_flood_take(struct h2_flood *, enum h2_flood_kind, uint64_t now_ms);
/* The peer broke off a stream that began age_ms ago. */
bool h2_flood_reset(struct h2_flood *, uint64_t age_ms, uint64_t now_ms);
/* A DATA frame with bytes came. */
void h2_flood_data(struct h2_flood *);
/* A sentence for the log. */
const char *h2_flood_why(enum h2_flood_kind);

#endif
