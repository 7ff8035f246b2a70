#ifndef UPSTREAM_BENCH_FIXTURE_H
#define UPSTREAM_BENCH_FIXTURE_H

#include <time.h>

#include "base/str.h"
#include "upstream/upstream.h"

/*
 * bench_fixture: attempts against a server on loopback that the test plays by
 * hand.  Each attempt is a letter; what happens to it is written into one
 * trace: "A:fresh A:200".
 * Life: bench_init -> bench_start, bench_answer ... -> bench_fini, which
 * checks that nothing is left.
 */
#define BENCH_CALLS	6
#define BENCH_PEERS	8
#define BENCH_OK	"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

struct bench;
typedef bool bench_until_fn(struct bench *);

struct bench_call {
	struct bench   *bench;
	struct attempt *attempt;	/* NULL: over */
	struct stream  *stream;
	struct arena    arena;
	char            name;
};

struct bench {
	struct loop             *loop;
	struct worker_env        env;
	struct upstream_env      upstream_env;
	struct upstream         *up;
	struct cluster_registry *registry;
	struct cluster          *cluster;	/* of one endpoint, the server */
	int                      listener, peers[BENCH_PEERS];
	int                      peers_len;
	struct bench_call        calls[BENCH_CALLS];
	struct str               trace;
	struct loop_task         poll;
	bench_until_fn          *until;
	struct timespec          deadline;
	uint64_t                 generation;	/* 0: plain text */
	bool                     is_unsafe;	/* requests are not idempotent */
	char                     then;	/* begins when one fails; 0: none */
};

void bench_init(struct bench *);
void bench_fini(struct bench *);
/* Runs the loop until that is true; the test fails after 20 s. */
void bench_run_until(struct bench *, bench_until_fn *);
struct upstream_counts bench_counts(struct bench *);
#define bench_assert_trace(b, text)					\
	assert_string_equal(str_ptr(&(b)->trace), text)

/* What can be waited for. */
bench_until_fn bench_are_all_over, bench_is_none_idle, bench_is_one_idle,
    bench_is_none_connecting;
/* So many connections have sent something that was not read yet. */
bench_until_fn bench_is_one_asking, bench_are_two_asking;

struct bench_call *bench_start(struct bench *, char name);	/* 'A' to 'D' */
void bench_finish(struct bench_call *, enum attempt_result);
/* The server's side; peers are counted from 0 as they connect. */
void bench_answer(struct bench *, int peer, const char *text);
void bench_reset(struct bench *, int peer);
/* One exchange from begin to end. */
void bench_exchange(struct bench *, char name, int peer, const char *text);

#endif
