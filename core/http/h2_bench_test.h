#ifndef HTTP_H2_BENCH_TEST_H
#define HTTP_H2_BENCH_TEST_H

#include <nghttp2/nghttp2.h>

#include "base/str.h"
#include "http/http2.h"

/*
 * h2_bench: runs an end of HTTP/2 on frames that are written as text, and says as
 * text what its users were told and what it sent, stream by stream
 * (h2_frames_test.h says how).
 */
#define H2_BENCH_STREAMS	300

struct h2_bench_stream {
	struct stream *stream;	/* open */
	struct str     told;	/* events */
	struct str     body;	/* not yet in told */
	struct str     sent;	/* frames */
	size_t         taken;	/* bytes of bodies */
	int            drained;
	bool           is_connect, is_switch;
	struct flow    flow;
	struct http_head *head;	/* the last that came */
};

struct h2_bench {
	struct loop     *loop;
	struct codec    *codec;
	struct http_limits limits;
	struct arena     arena;
	bool             is_server, is_member;
	bool             passive;	/* users neither answer nor close */
	bool             pauses;	/* users pause before they get a body */
	bool             keeps_output;	/* nothing of it ever leaves */
	bool             is_silent;	/* SETTINGS are not acknowledged */
	bool             is_unheard;	/* client: its server said nothing */
	bool             finished;
	enum codec_end   end;
	struct buf       in;
	struct str       out;		/* frames that were not yet shown */
	struct str       conn;		/* of the connection: G, P, bad ... */
	size_t           settings, windows;	/* frames sent of these kinds */
	uint64_t         window_bytes;	/* that they opened for the connection */
	size_t           data_bytes;	/* sent */
	size_t           begun;		/* streams */
	int              idle;
	nghttp2_hd_inflater *inflater;
	struct h2_bench_stream v[H2_BENCH_STREAMS];	/* by (id - 1) / 2 */
	size_t           opened;	/* client */
};

struct h2_bench *h2_bench_server(void);
struct h2_bench *h2_bench_client(void);
void h2_bench_free(struct h2_bench *);
/* After limits or is_member were changed, before anything else. */
void h2_bench_restart(struct h2_bench *);

/* Feeds them; a server's first ones are behind the preface and SETTINGS. */
void h2_bench_feed(struct h2_bench *, const char *frames);
void h2_bench_feed_bytes(struct h2_bench *, const void *, size_t);
void h2_bench_feed_eof(struct h2_bench *);
void h2_bench_turn(struct h2_bench *);	/* runs what was deferred */
struct h2_bench_stream *h2_bench_at(struct h2_bench *, int id);
/* Client: the next request; "POST /x?y" with fields "a=b c=d"; NULL: none. */
struct stream *h2_bench_ask(struct h2_bench *, const char *line,
    const char *fields, bool end);
void h2_bench_send(struct h2_bench *, int id, const char *body, bool end);
/* As a server answers. */
void h2_bench_reply(struct h2_bench *, int id, int status, const char *body);
void h2_bench_close(struct h2_bench *, int id, enum stream_error);
/* "1 GET / @a end > H :status=200 ... / conn: ..."; borrowed until the next. */
const char *h2_bench_text(struct h2_bench *);

#endif
