#ifndef HTTP_H2_STREAM_H
#define HTTP_H2_STREAM_H

#include "http/h2.h"

/*
 * h2_stream: one exchange of an HTTP/2 connection: what came and was not told,
 * what is to be sent and is not in frames.
 *
 * Life: h2_stream_new -> (its user closes it, nghttp2 closes it, in any order)
 *       -> h2_stream_check frees it when the turn ends.
 */

/* Heads that came and were not told: informational ones, then the final one. */
struct h2_noted {
	struct h2_noted *next;
	struct http_head head;
};

struct h2_nv;
struct h2_stream {
	struct stream     stream;
	struct h2        *h;
	struct list       link;		/* in h->streams */
	struct list       ready;	/* in h->ready: something is to be told */
	struct arena      own_arena;	/* server */
	int32_t           id;		/* 0: no request was sent */
	uint64_t          since_ms;
	uint64_t          moved_ms;	/* bytes came or left */

	bool              is_open;	/* the user has it */
	bool              is_mute;	/* the user was told of its end */
	bool              is_gone;	/* nghttp2 has closed it */
	bool              is_paused;
	bool              is_connect;	/* CONNECT of either kind */
	bool              is_switch;	/* ... the extended one */
	bool              is_head;	/* the request was HEAD */
	struct slice      protocol;	/* client: that it asked for, with */
	struct slice      websocket_key;	/* ... this, or absent */
	struct h2_nv     *held;		/* ... until the peer says that it may */

	/* what came */
	struct h2_block  *block;	/* while its fields come */
	struct h2_noted  *noted, **noted_end;
	bool              has_head;	/* the final one came */
	bool              told_head;
	struct buf        in;
	struct http_fields *trailers;
	bool              in_ended;	/* END_STREAM came */
	bool              told_end;
	bool              body_begun;
	size_t            infos;
	enum stream_error reset;	/* to be told */
	struct h2_fault   bad;		/* likewise, to the owner of the codec */

	/* what is sent */
	bool              head_sent;	/* by the user; the final one */
	bool              wants_continue;	/* server: the peer waits for 100 */
	struct buf        out;		/* not yet in frames */
	bool              out_ended;	/* by the user */
	bool              end_sent;	/* END_STREAM is in the output */
	bool              is_deferred;	/* nghttp2 waits for more */
	struct http_fields *out_trailers;
	int64_t           owed;		/* of the stated length; -1: any */
	bool              drops_body;	/* HEAD, 204, 304 */
	size_t            left;		/* bytes in frames, not yet discharged */
	bool              was_high, tell_drained;
};

struct h2_stream *h2_stream_new(struct h2 *, int32_t id);
/* Freed when neither the user nor nghttp2 has it. */
void h2_stream_check(struct h2_stream *);
/* Something is to be told of it. */
void h2_ready(struct h2_stream *);
void h2_note_reset(struct h2_stream *, enum stream_error);
/* The user has it and was not told of its end. */
bool h2_hears(const struct h2_stream *);

/* Gives nghttp2 what the user sends as a body. */
nghttp2_data_provider h2_data_provider(struct h2_stream *);
/* Nothing may be sent any more: the user may not know yet. */
bool h2_is_deaf(const struct h2_stream *);
/* The bytes of a DATA frame have left the stream's queue. */
void h2_moved_out(struct h2_stream *, size_t len);
/* Resets it, unless both ends have ended it. */
void h2_stream_reset(struct h2_stream *, uint32_t code);
void h2_send_body(struct stream *, struct buf *, bool end);
void h2_send_trailers(struct stream *, const struct http_fields *);
void h2_pause(struct stream *, bool paused);
void h2_close(struct stream *, enum stream_error);
struct h2_stream *h2_of_stream(struct stream *);
/* Both directions become opaque bytes. */
void h2_begin_tunnel(struct h2_stream *);

#endif
