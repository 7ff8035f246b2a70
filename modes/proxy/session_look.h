#ifndef PROXY_SESSION_LOOK_H
#define PROXY_SESSION_LOOK_H

#include "http/detect.h"

/*
 * session_look: how long a connection of a port without a declared protocol is
 * looked at before it counts as bytes.  Pure: it is told the time.
 *
 * Life: session_look_start -> session_look_at, as often as bytes came;
 *       session_look_tick at session_look_due_ms -> not WAIT, or CONNECT.
 *
 * A client that says nothing for LOOK_QUIET_MS may wait for its server to speak,
 * which is connected to then; so nobody who speaks first is late by more than
 * that.  After LOOK_MS without a byte it is bytes, except that a first request
 * may still come: as long as nothing passed either way it is found to be one.
 * What has begun like a request is waited for, LOOK_MS from byte to byte; as HTTP
 * in the end, if some server might take it for a request as it is.
 */
#define LOOK_QUIET_MS	20
#define LOOK_MS		1000
#define LOOK_WHOLE_MS	10000	/* for all of a request line */
#define LOOK_BYTES_MAX	8192	/* of it */

enum session_sight {
	SIGHT_WAIT,
	SIGHT_CONNECT,	/* to the server, and go on looking */
	SIGHT_SILENT,	/* bytes, unless the first that comes is a request */
	SIGHT_BYTES,
	SIGHT_HTTP,
};

struct session_look {
	struct detect detect;
	uint64_t      since_ms, heard_ms;
	size_t        len;	/* bytes there were */
	bool          is_quiet;	/* CONNECT was said */
	bool          is_silent;	/* SILENT was said */
};

void session_look_start(struct session_look *, uint64_t now_ms);
/* All that came and was not passed on; end: the client ends behind it. */
enum session_sight session_look_at(struct session_look *, const struct buf *,
    bool end, uint64_t now_ms);
enum session_sight session_look_tick(struct session_look *, uint64_t now_ms);
/* When to call that; 0: not until bytes came. */
uint64_t session_look_due_ms(const struct session_look *);

#endif
