#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include <stdbool.h>

#include "http/head.h"
#include "loop/buf.h"
#include "loop/flow.h"

/*
 * stream: one exchange on one connection, seen from one end, whatever the
 * protocol version.  A codec (h1, later h2) makes it; its user receives
 * events and calls the functions below.
 *
 * Life, server end: codec_events.on_stream -> on_head, on_body ..., (end)
 *       and meanwhile stream_send_head, stream_send_body ... (end)
 *       -> stream_close.
 * Life, client end: codec_open_stream -> stream_send_head ... -> on_head ...
 *       -> stream_close.
 *
 * Rules: `end` comes exactly once per direction, with the head, a body or the
 * trailers.  After on_reset no event comes.  stream_close is called exactly
 * once by the user, at any time after the stream was given; what was not
 * finished by then is reset (h2) or makes the connection unusable (h1).  No
 * event comes after stream_close, and none is delivered from inside a call of
 * the user (they come from feeding the codec or are deferred).
 */
enum stream_error {
	STREAM_OK,
	STREAM_CANCEL,		/* the user gave up, or the peer by that word */
	STREAM_REFUSED,		/* not processed at all: safe to try again */
	STREAM_PROTOCOL,	/* the peer broke the protocol */
	STREAM_TOO_LARGE,	/* head over its limits */
	STREAM_TRUNCATED,	/* connection ended inside a message */
	STREAM_CONN_RESET,	/* connection reset */
	STREAM_CONN_CLOSED,	/* closed before any byte of the response */
	STREAM_TIMEOUT,
	STREAM_INTERNAL,
};
const char *stream_error_name(enum stream_error);

struct stream;

/* Told to the user.  body: takes what it wants at once, must take all. */
struct stream_events {
	void (*on_head)(void *owner, struct http_head *, bool end);
	void (*on_info)(void *owner, struct http_head *);	/* 1xx; may be NULL */
	void (*on_body)(void *owner, struct buf *, bool end);
	void (*on_trailers)(void *owner, struct http_fields *);	/* end */
	/* All that was sent has left the codec's queue after it was high. */
	void (*on_drained)(void *owner);
	void (*on_reset)(void *owner, enum stream_error);
};

/* Implemented by a codec. */
struct stream_vtable {
	void (*send_head)(struct stream *, const struct http_head *, bool end);
	/* NULL: a client has none to send. */
	void (*send_info)(struct stream *, const struct http_head *);
	void (*send_body)(struct stream *, struct buf *, bool end);
	void (*send_trailers)(struct stream *, const struct http_fields *);
	void (*pause)(struct stream *, bool paused);
	void (*close)(struct stream *, enum stream_error);
};

/* First member of a codec's own stream. */
struct stream {
	const struct stream_vtable *vt;
	const struct stream_events *events;
	void                       *owner;
	struct arena               *arena;	/* of the exchange; keeps */
	/*
	 * Charged for what is queued to send; NULL: nobody counts.  Set by the
	 * user with the owner; outlives stream_close, before which flow_fini
	 * may be called.
	 */
	struct flow                *flow;
	bool                        is_tunnel;
};

/* Both set together, before any event is due. */
void stream_set_owner(struct stream *, const struct stream_events *, void *);
/*
 * Borrows the head, which is written or copied before return.  Framing follows
 * from `end` and head->content_length: stated is sent as such (then the body
 * must have that length), -1 is chunked, or until close to an old client.
 */
void stream_send_head(struct stream *, const struct http_head *, bool end);
/*
 * Server: 1xx, but not 101; dropped behind the final head.  A 100 goes out at
 * most once, and only to a client that asked for it and sends nothing yet: a
 * server that reads the body itself calls this with 100 when it wants it; a
 * proxy passes on what its upstream sent.  The codec never sends one by itself.
 */
void stream_send_info(struct stream *, const struct http_head *);
/* Takes all bytes. */
void stream_send_body(struct stream *, struct buf *, bool end);
/* The end.  Dropped where the framing has no place for them. */
void stream_send_trailers(struct stream *, const struct http_fields *);
/*
 * A 101 to a request with `upgrade`, or a 2xx to CONNECT, turns the stream into
 * a tunnel, at both ends: it is sent and received with end false, and opaque
 * bytes follow through send_body and on_body.  The request had its end before;
 * a tunnel has one more end in that direction.  The codec sets is_tunnel when
 * such a head passes; a user that knows before may say so.
 */
void stream_set_tunnel(struct stream *);
/* Stops and restarts on_body; nothing is lost.  The source is slowed down. */
void stream_pause(struct stream *);
void stream_resume(struct stream *);
void stream_close(struct stream *, enum stream_error);

#endif
