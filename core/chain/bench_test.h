#ifndef CHAIN_BENCH_TEST_H
#define CHAIN_BENCH_TEST_H

#include "base/str.h"
#include "chain/l7_run.h"

/*
 * Exchanges against a stream that writes down what it is told.  The chain is
 * a row of letters, one filter each, whose hooks write "letter:event" into
 * the same trace; capital letters in the configuration make a filter hold,
 * reply, collect or abort at an event.  What stands behind "|" is a chain
 * behind that, and behind "+" one with which a test may extend them.
 * Life: bench_init -> bench_head, bench_body, bench_answer, bench_turn,
 * bench_expect ... -> bench_fini.  One at a time.
 */
struct bench {
	struct loop       *loop;
	struct worker_env  env;
	struct l4_chain   *l4;
	struct l7_chain   *chain, *behind, *extension;
	struct filter_stats *stats;
	struct stream      stream;
	struct arena       arena;
	struct str         trace;
	struct l7_ctx     *terminal;
	struct l7_ctx     *holder;	/* the filter that held last */
	enum dir           holder_dir;
	bool               finished, ended, silent_terminal;
	struct l7_listener listener;
	struct http_head   request;
	char              *letters;	/* the filters' texts point into it */
};

void bench_init(struct bench *, const char *filters);
void bench_fini(struct bench *);
void bench_turn(void);		/* runs what is deferred */
void bench_head(bool end);	/* of the request, from the stream */
void bench_body(const char *text, bool end);
/* From the terminal; text: the whole body, or NULL for none. */
void bench_answer(int status, const char *text);
void bench_expect(const char *trace);	/* since the last time */

#endif
