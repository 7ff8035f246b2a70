#ifndef CHAIN_HTTP_BENCH_TEST_H
#define CHAIN_HTTP_BENCH_TEST_H

#include <time.h>

#include "base/str.h"
#include "chain/http.h"

#define GET	"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
#define HOLD	"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n"

/*
 * http_bench: a connection with the http terminal.  The test plays the client;
 * behind it requests are answered at once, except /hold, which waits for
 * http_bench_answer.  Times are short, and a test only waits for what is to come:
 * it never measures.
 * Life: http_bench_init -> http_bench_put, http_bench_run ... ->
 *     http_bench_fini.  One at a time.
 */
struct http_bench {
	struct loop         *loop;
	struct worker_env    env;
	struct l4_chain     *l4;
	struct l7_chain     *l7;
	struct filter_stats *stats;
	struct http_options  options;
	int                  client;
	struct conn         *conn;	/* the server's end */
	struct l7_ctx       *held;
	int                  cancelled;
	struct loop_task     poll;
	struct loop_timer    timer;
	bool                 timer_fired;
	bool               (*until)(struct http_bench *);
	struct timespec      deadline;
	struct str           got;	/* by the client */
	bool                 ended;	/* the client saw the end */
};

/* Each clock in ms; those that are not under test (0) never run out. */
void http_bench_init(struct http_bench *, uint64_t head_ms, uint64_t idle_ms,
    uint64_t body_ms);
/* With no clock but these. */
void http_bench_init_aged(struct http_bench *, struct age_limits);
void http_bench_fini(struct http_bench *);
void http_bench_put(struct http_bench *, const char *text);
void http_bench_receive(struct http_bench *);	/* what there is */
void http_bench_answer(struct l7_ctx *held);
/* Fails the test after 20 s. */
void http_bench_run(struct http_bench *, bool (*until)(struct http_bench *));
/* Lets time pass that is longer than a clock under test. */
void http_bench_pass(struct http_bench *, uint64_t ms);

bool http_bench_has_ended(struct http_bench *);	/* the client saw the end */
bool http_bench_has_answer(struct http_bench *);
bool http_bench_is_held(struct http_bench *);
bool http_bench_is_cancelled(struct http_bench *);
bool http_bench_is_gone(struct http_bench *);	/* the connection, here */

#endif
