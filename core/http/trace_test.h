#ifndef HTTP_TRACE_TEST_H
#define HTTP_TRACE_TEST_H

#include "base/str.h"
#include "http/http2.h"

/*
 * trace: runs a codec on bytes and writes what happened as one line of text,
 * for tables in tests.
 *
 *	GET /p?q @host {name=value,...} cl=3 body(abc) end > 200 keep
 *
 * is a request with its body, the statuses of what was sent back, and how the
 * connection stands.  The user of the server answers each complete request
 * with 200 and the body "ok"; the user of the client closes when all is there.
 */
struct trace {
	struct loop   *loop;
	struct codec  *codec;
	const struct http_limits *limits;	/* of a server */
	struct arena   arena;
	struct str     text;
	struct str     body;		/* not yet written to text */
	struct buf     in;		/* what the codec left with us */
	struct str     out;		/* what it sent */
	struct stream *stream;		/* open */
	bool           is_server;
	bool           is_connect;	/* the request that was last read */
	bool           eof;
	bool           finished;
	bool           output_ended;
	bool           asked_for_input;

	/* the message that was last read */
	struct http_head   *head;
	struct http_fields *trailers;		/* NULL: none */
	struct str          payload;
	int                 pieces;		/* that payload came in */
	size_t              message_at;		/* its place in text */
	bool                complete;

	/* how the user behaves */
	bool           passive;		/* neither answers nor closes */
	bool           end_to_end;	/* shows nothing that is of one hop */
	bool           pauses;		/* after each event, until trace_resume */
	const char    *answer;		/* body of the answers; "ok" */
	int            drained;		/* on_drained so far */
	size_t         most_output;	/* that lay in the codec at once */
};

void trace_init_server(struct trace *, const struct http_limits *);
/* Sends one request: its head is made of method, path and what is set. */
void trace_init_client(struct trace *, const struct http_limits *,
    const char *method);
/* The same over HTTP/2; nothing is sent but the preface and SETTINGS. */
void trace_init_h2_server(struct trace *, const struct http_limits *);
void trace_init_h2_client(struct trace *, const struct http_limits *);
/* What one has sent is fed to the other. */
void trace_pipe(struct trace *from, struct trace *to);
/* The head that trace_init_client sends, in t->arena, for changing. */
struct http_head *trace_request(struct trace *, const char *method);
void trace_open(struct trace *, const struct http_head *, bool end);
void trace_fini(struct trace *);

void trace_feed(struct trace *, const void *p, size_t len);
void trace_feed_eof(struct trace *);
void trace_turn(struct trace *);	/* runs what was deferred */
void trace_reply(struct trace *, int status, const char *body);
void trace_close(struct trace *, enum stream_error);
/* What text says of the last message, once it is complete; borrowed. */
const char *trace_message(struct trace *);
/* Sends that message on through the stream of another codec. */
void trace_forward(struct trace *from, struct trace *to);
/* Ends the line: "> statuses how"; borrowed. */
const char *trace_end(struct trace *);

/* A server whose user does nothing by itself, and in as its first bytes. */
void trace_start(struct trace *, const char *in);
void trace_say(struct trace *, const char *in);
/* Through the stream; the head carries "x: y". */
void trace_send_head(struct trace *, int status, int64_t length, bool end);
void trace_send_info(struct trace *, int status);
void trace_send_body(struct trace *, const char *s, bool end);
/* Runs what was deferred; exactly this was sent since the last time. */
void trace_expect_out(struct trace *, const char *out);

#endif
