#ifndef HTTP_CODEC_H
#define HTTP_CODEC_H

#include <stdbool.h>

#include "http/stream.h"
#include "loop/buf.h"
#include "loop/loop.h"

/*
 * codec: turns the bytes of one connection into streams and back.  It does
 * no I/O: bytes are fed in, bytes to send are taken from its output queue.
 *
 * Life: h1_server_new / h1_client_new -> codec_feed, codec_output ...
 *       -> codec_free.
 *
 * Whoever holds the connection (chain's http terminal, a pool's connection)
 * feeds what arrives, sends what codec_output holds whenever on_output says
 * so, and closes when on_finished comes.
 */
struct codec;

/* What a peer may make us keep; see the table of limits in mesh.yaml(5). */
struct http_limits {
	size_t head_bytes;	/* 60 KiB */
	size_t line_bytes;	/* 8 KiB: request line, one field */
	size_t fields;		/* 100 */
	size_t trailer_bytes;	/* counted together with the head */
	size_t chunk_ext_line;	/* 1 KiB */
	size_t chunk_ext_total;	/* 16 KiB */
	size_t info_count;	/* 10 informational responses */
	size_t drain_bytes;	/* 64 KiB read and dropped to keep a connection */
};
extern const struct http_limits http_limits_default;

enum codec_end {
	CODEC_END_CLEAN,	/* nothing was under way: close in order */
	CODEC_END_AFTER_FLUSH,	/* send the output, then close with a linger */
	CODEC_END_ERROR,	/* the peer broke the protocol; output may hold the reply */
};

struct codec_events {
	/*
	 * Server: a request begins; the callee sets the owner of the stream.
	 * Its on_head follows at once.  The arena of the stream is given by
	 * new_arena of the codec and freed after stream_close.
	 */
	void (*on_stream)(void *owner, struct stream *);
	/*
	 * Server: what could not be parsed, before any stream existed for it: for the log and
	 * the counters.  The codec has already queued the reply (400, 413, 414, 417, 431,
	 * 501, 505).  head holds as much as was understood.
	 */
	void (*on_bad_request)(void *owner, int status, const char *why);
	void (*on_output)(void *owner);	/* output queue became non-empty */
	/* No more streams can begin; nothing is under way. */
	void (*on_finished)(void *owner, enum codec_end);
	/*
	 * Client: a stream slot became free (h1: the exchange ended and the
	 * connection can be used again).
	 */
	void (*on_idle)(void *owner);
};

struct codec_vtable {
	void (*feed)(struct codec *, struct buf *, bool eof);
	struct stream *(*open_stream)(struct codec *, struct arena *,
	    const struct stream_events *, void *owner);
	void (*output_drained)(struct codec *);
	void (*drain)(struct codec *);
	bool (*is_idle)(const struct codec *);
	bool (*wants_input)(const struct codec *);
	void (*free)(struct codec *);
};

struct codec {
	const struct codec_vtable *vt;
	const struct codec_events *events;
	void                      *owner;
	struct loop               *loop;	/* for deferring */
	struct buf                 output;
};

/*
 * Takes what it can use of b; what stays is kept by the caller and fed again
 * (a paused stream leaves its body there).  eof: the peer ended; call once.
 */
void codec_feed(struct codec *, struct buf *b, bool eof);
/* Client: NULL when no further stream fits now. */
struct stream *codec_open_stream(struct codec *, struct arena *,
    const struct stream_events *, void *owner);
/* The caller took everything from ->output and it left for the socket. */
void codec_output_drained(struct codec *);
/* Finish what is under way, accept nothing new (Connection: close, GOAWAY). */
void codec_drain(struct codec *);
bool codec_is_idle(const struct codec *);	/* no stream under way */
/* False while a paused stream blocks the connection: stop reading (h1). */
bool codec_wants_input(const struct codec *);
/* The connection died: every stream gets on_reset(error); then codec_free. */
void codec_abort(struct codec *, enum stream_error);
void codec_free(struct codec *);

struct codec *h1_server_new(struct loop *, const struct http_limits *,
    const struct codec_events *, void *owner);
struct codec *h1_client_new(struct loop *, const struct http_limits *,
    const struct codec_events *, void *owner);

#endif
