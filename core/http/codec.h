#ifndef HTTP_CODEC_H
#define HTTP_CODEC_H

#include <stdbool.h>

#include "http/limits.h"
#include "http/stream.h"
#include "loop/buf.h"
#include "loop/loop.h"

/*
 * codec: turns the bytes of one connection into streams and back.  It does
 * no I/O: bytes are fed in, bytes to send are taken from its output queue.
 *
 * Life: h1_server_new / h1_client_new -> codec_feed, codec_output_sent ...
 *       -> on_finished -> codec_free.
 *
 * Whoever holds the connection (chain's http terminal, a pool's connection)
 * feeds what arrives, sends what ->output holds whenever on_output says so,
 * reports what has left, feeds again when on_input asks for it, and closes
 * when on_finished comes.
 *
 * on_stream and the events of streams come from inside codec_feed (on_drained
 * from codec_output_sent, on_reset also from codec_abort).  The others are
 * deferred: once for all that one turn of the loop did, in the order output,
 * output_end, finished, idle, input.  The codec may be freed from inside any.
 */
struct codec;

enum codec_end {
	CODEC_END_CLEAN,	/* nothing was under way: close in order */
	CODEC_END_AFTER_FLUSH,	/* send the output, then close with a linger */
	CODEC_END_ASKED,	/* as before, but the peer asked for it and owes
				 * nothing: no byte of it is to be awaited */
	CODEC_END_ERROR,	/* the peer broke the protocol; send the output
				 * (it may hold the reply), close with a linger */
	CODEC_END_ABORT,	/* a message was cut short that the peer would take
				 * for complete if we closed in order: reset */
};

struct codec_events {
	/*
	 * Server: a request begins; the callee sets the owner of the stream.
	 * Its on_head follows at once.  The arena of the stream is the codec's;
	 * it is recycled after stream_close.
	 */
	void (*on_stream)(void *owner, struct stream *);
	/*
	 * Server: what could not be parsed, before any stream existed for it:
	 * for the log and the counters.  The codec has already queued the reply
	 * (400, 405, 414, 417, 431, 501, 505); why is a constant sentence.
	 */
	void (*on_bad_request)(void *owner, int status, const char *why);
	/* Server: that reply, before it is queued: for fields.  May be NULL. */
	void (*on_refusal)(void *owner, struct http_head *, const char *why);
	void (*on_output)(void *owner);	/* the output queue is not empty */
	/*
	 * Nothing comes after this output (a tunnel's, or the last response):
	 * end our side with it (FIN) and go on feeding.
	 */
	void (*on_output_end)(void *owner);
	/*
	 * Input is wanted again (a stream was resumed, the next request may
	 * begin): read on, and call codec_feed with what was left.
	 */
	void (*on_input)(void *owner);
	/* No more streams can begin; nothing is under way.  Once. */
	void (*on_finished)(void *owner, enum codec_end);
	/*
	 * A stream slot became free (h1: the exchange ended and the connection
	 * can be used again).  A server's codec that is idle now and whose output
	 * has left may be freed unless it is multiplexed: a new one would do.
	 */
	void (*on_idle)(void *owner);
};

struct codec {
	const struct codec_vtable *vt;
	const struct codec_events *events;
	void                      *owner;
	struct loop               *loop;	/* for deferring */
	struct buf                 output;

	/* what the owner is to be told, by the task: codec_base.h */
	struct loop_task           task;
	bool                       tell_output, tell_output_end, tell_idle;
	bool                       tell_input;
	bool                       is_finished, told_finished, is_freed;
	enum codec_end             end;
};

/*
 * Takes what it can use of b; what stays is kept by the caller and fed again
 * (a paused stream leaves its body there, a request that came early waits
 * there for its turn).  eof: the peer has ended its side; may be repeated.
 */
void codec_feed(struct codec *, struct buf *b, bool eof);
/* Client: NULL when no further stream fits now. */
struct stream *codec_open_stream(struct codec *, struct arena *,
    const struct stream_events *, void *owner);
/* So many bytes that were taken from ->output have left for the socket. */
void codec_output_sent(struct codec *, size_t bytes);
/* All that was taken from ->output has left for the socket. */
void codec_output_drained(struct codec *);
/* Finish what is under way, accept nothing new (Connection: close, GOAWAY). */
void codec_drain(struct codec *);
/* No stream under way; server: and no input left that could begin one. */
bool codec_is_idle(const struct codec *);
/* Server: a head has begun and is not complete: the caller runs a deadline. */
bool codec_is_in_head(const struct codec *);
/* False while a paused stream blocks the connection: stop reading (h1). */
bool codec_wants_input(const struct codec *);
/*
 * Many streams share it: what their peer leaves waiting is a matter of each
 * (codec_expire), and when it idles it may not be freed: it has agreed on things.
 */
bool codec_is_multiplexed(const struct codec *);
/* Client: how many streams codec_open_stream would give now. */
size_t codec_room(const struct codec *);
/* Makes the peer say something, if it is there (h1: nothing). */
void codec_ping(struct codec *);
/* Resets the streams that have waited so long for their peer (h1: nothing). */
void codec_expire(struct codec *, uint64_t idle_ms);
/*
 * The connection died: every stream gets on_reset; codec_free comes next.  Client:
 * CONN_RESET and CONN_CLOSED become TRUNCATED once a response has begun.
 */
void codec_abort(struct codec *, enum stream_error);
/* Streams that are still open stay valid, and mute, until stream_close. */
void codec_free(struct codec *);

/* HTTP/1.0 and 1.1 (RFC 9112).  Keep limits, events and owner. */
struct codec *h1_server_new(struct loop *, const struct http_limits *,
    const struct codec_events *, void *owner);
struct codec *h1_client_new(struct loop *, const struct http_limits *,
    const struct codec_events *, void *owner);

#endif
