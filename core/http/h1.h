#ifndef HTTP_H1_H
#define HTTP_H1_H

#include "http/codec_base.h"
#include "http/h1_body.h"
#include "http/h1_write.h"

/*
 * h1: what the two ends of an HTTP/1 connection have in common.  Private to
 * h1.c, h1_server.c and h1_client.c.
 *
 * One exchange at a time.  Input and output walk on their own; the exchange is
 * over when the user has closed the stream, and then the end (its role)
 * settles whether the connection can carry another.
 *
 * Life of the memory: h1_free marks it; it goes when the turn ends, or when the
 * user closes a stream that is still open.
 */
struct h1;

struct h1_role {
	/* Input in IN_HEAD; false when nothing more can be done now. */
	bool (*head)(struct h1 *, struct buf *);
	/* The peer broke the rules, inside a body or with fault.status 0: eof. */
	void (*fault)(struct h1 *, struct h1_fault);
	/* The stream was closed, or the direction that was open ended. */
	void (*settle)(struct h1 *);
	/* No message follows the one that was sent whole. */
	bool (*sent_last)(const struct h1 *);
};

enum h1_in {
	IN_IDLE,	/* client: no request is out */
	IN_HEAD,
	IN_BODY,
	IN_DONE,	/* message complete; what follows stays with the caller */
	IN_DRAIN,	/* server: rest of a body that nobody reads */
	IN_TUNNEL,
	IN_OFF,		/* nothing is read any more */
};

enum h1_sending { OUT_HEAD, OUT_BODY, OUT_DONE };

struct h1 {
	struct codec          base;
	const struct h1_role *role;
	const struct http_limits *limits;
	struct arena         *arena;	/* of the exchange */
	struct arena          own_arena;	/* server: the same one each time */

	enum stream_error     late_reset;	/* for the user, by the task */

	/* life */
	bool                  in_feed;
	bool                  is_draining;
	bool                  keep_alive;	/* after this exchange */

	/* the exchange */
	struct stream         stream;
	bool                  is_open;		/* the user has the stream */
	bool                  is_mute;		/* on_reset was given */
	bool                  is_paused;
	bool                  continued;	/* server: 100 was sent */
	bool                  answered;		/* client: a byte has come */
	struct h1_request_notes asked;		/* client */
	size_t                info_count, info_bytes;	/* client: of 1xx */

	/* input */
	enum h1_in            in;
	struct h1_scan        scan;
	struct h1_message    *message;
	struct h1_body        body;
	bool                  body_begun;	/* a byte of it has come */
	size_t                drained;		/* in IN_DRAIN, bytes */
	bool                  eof;
	bool                  has_leftover;	/* the caller kept bytes or eof */

	/* output */
	enum h1_sending       sending;
	struct h1_out         out;
	size_t                unsent;		/* bytes of this exchange */
	size_t                unsent_before;	/* of what came earlier */
	bool                  was_high;
};

void h1_init(struct h1 *, const struct h1_role *, const struct codec_vtable *,
    struct loop *, const struct http_limits *, const struct codec_events *,
    void *owner);
/* Opens the stream of a new exchange. */
void h1_open(struct h1 *, const struct stream_vtable *);
/* The head that h1_scan found at the front of b, moved to the arena. */
char *h1_take_head(struct h1 *, struct buf *b, size_t *len);
/* The head that was read is that of a message; its body, if any, is next. */
void h1_begin_body(struct h1 *);
void h1_reset(struct h1 *, enum stream_error);	/* tells the user, once */
void h1_finish(struct h1 *, enum codec_end);	/* tells the owner, once */
void h1_want_input(struct h1 *);
/* Ends the connection in order, whatever output is still to leave. */
void h1_finish_in_order(struct h1 *);
/* The user has the stream and was not told of its end. */
bool h1_hears(const struct h1 *);
/* Nothing may be sent any more: the user does not know yet. */
bool h1_is_deaf(const struct h1 *);

/* Bracket what is written for the stream, and charge it. */
size_t h1_write_begin(const struct h1 *);
void h1_write_end(struct h1 *, size_t begun);
/* The message that is sent was ended; not ok: it can never be complete. */
void h1_end_sending(struct h1 *, bool ok);
/* Both directions become opaque bytes. */
void h1_begin_tunnel(struct h1 *);

/* For the vtables. */
void h1_feed(struct codec *, struct buf *, bool eof);
void h1_before_telling(struct codec *);
void h1_output_sent(struct codec *, size_t);
bool h1_wants_input(const struct codec *);
bool h1_is_in_head(const struct codec *);
void h1_abort(struct codec *, enum stream_error);
void h1_free(struct codec *);
void h1_send_body(struct stream *, struct buf *, bool end);
void h1_send_trailers(struct stream *, const struct http_fields *);
void h1_pause(struct stream *, bool paused);
void h1_close(struct stream *, enum stream_error);
struct h1 *h1_of_codec(struct codec *);
const struct h1 *h1_of_const_codec(const struct codec *);
struct h1 *h1_of_stream(struct stream *);

#endif
