#ifndef HTTP_H2_H
#define HTTP_H2_H

#include <nghttp2/nghttp2.h>

#include "base/list.h"
#include "http/codec_base.h"
#include "http/h2_block.h"
#include "http/h2_flood.h"
#include "http/http2.h"

/*
 * h2: what the two ends of an HTTP/2 connection have in common (RFC 9113).
 * Private to h2.c (life), h2_session.c, h2_recv.c and h2_send.c (nghttp2 and
 * what it calls), h2_deliver.c (what users are told), h2_stream.c (what they
 * call), h2_server.c and h2_client.c.
 *
 * nghttp2 reads and writes frames and keeps the states of streams.  While it
 * reads it calls us, and we only note what came, stream by stream; users are told
 * when it has returned (h2_deliver), so that they may do anything then.  What
 * users send is queued in their stream and becomes frames when the turn's
 * deferred calls run (h2_pump), no more of them than one connection may have in
 * its output.
 *
 * Flow control couples both sides: the window of a stream opens again as its user
 * takes bytes, that of the connection as they come, so that a stream that is
 * paused holds up nobody else.
 *
 * A stream lives until its user has closed it and nghttp2 has.  Life of the
 * memory: h2_free marks it; it goes when the turn ends, or when the last user
 * closes its stream.
 */
#define H2_OUTPUT_MAX	(64 * 1024)	/* bytes in the output before it waits */

struct h2;
struct h2_stream;

struct h2_role {
	bool is_server;
	/* Server: the peer began it. */
	void (*begin)(struct h2_stream *);
	/* A header block of a stream is complete; it is noted or refused. */
	void (*take_head)(struct h2_stream *, struct h2_block *, bool end);
	/* What a reset says that came, or that nghttp2 sent. */
	enum stream_error (*error_of)(const struct h2_stream *, uint32_t code);
	void (*on_pong)(struct h2 *, const uint8_t *data);	/* or NULL */
	void (*on_goaway_sent)(struct h2 *, int32_t last_id);	/* or NULL */
	void (*on_settings)(struct h2 *);	/* the peer's came; or NULL */
};
extern const struct stream_vtable h2_server_stream;

struct h2 {
	struct codec          base;
	const struct h2_role *role;
	struct http_limits    limits;
	nghttp2_session      *session;
	struct list           streams;
	size_t                streams_len;
	struct list           ready;
	size_t                open;	/* streams that a user has */
	size_t                live;	/* streams that nghttp2 has */
	struct h2_flood       flood;

	struct h2_fault       bad;	/* of the peer: told by the task */

	/* life */
	bool                  in_feed;
	bool                  is_greeted;	/* the peer's first SETTINGS came */
	bool                  in_head;	/* a header block is not complete */
	unsigned              continuations;	/* of it, so far */
	bool                  is_broken;	/* the connection, by the peer */
	bool                  is_draining;	/* by codec_drain */
	uint64_t              draining_ms;
	bool                  is_going;	/* either end sent its last GOAWAY */
	bool                  peer_goes;	/* it sent one */

	struct buf           *feed;	/* what nghttp2 reads now */
	const char           *feed_at;	/* its first byte */
	size_t                unsent;	/* bytes in the output, or on their way */
};

/* --- h2.c ------------------------------------------------------------------ */

struct h2 *h2_new(struct loop *, const struct h2_role *,
    const struct codec_vtable *, const struct http_limits *,
    const struct codec_events *, void *owner);
struct h2 *h2_of_codec(struct codec *);
const struct h2 *h2_of_const_codec(const struct codec *);
void h2_tell_bad(struct h2 *, struct h2_fault *);	/* now, and clears it */
/* Tells users what was noted (h2_deliver.c). */
void h2_deliver(struct h2 *);
void h2_want_pump(struct h2 *);
/* Ends the connection for what the peer did. */
void h2_break(struct h2 *, uint32_t code, const char *why);
/* Nothing is under way and nothing new may begin. */
void h2_check_end(struct h2 *);

void h2_feed(struct codec *, struct buf *, bool eof);
void h2_before_telling(struct codec *);
void h2_output_sent(struct codec *, size_t);
bool h2_wants_input(const struct codec *);
bool h2_is_in_head(const struct codec *);
void h2_abort(struct codec *, enum stream_error);
void h2_ping(struct codec *);
void h2_expire(struct codec *, uint64_t idle_ms);
void h2_free(struct codec *);

#endif
