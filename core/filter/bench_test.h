#ifndef FILTER_BENCH_TEST_H
#define FILTER_BENCH_TEST_H

#include <time.h>

#include "base/str.h"
#include "chain/http.h"
#include "filter/table.h"

/*
 * bench: one filter in a chain by itself, on real connections: the test plays
 * the client, and the service by a function that answers whole requests.  A
 * request comes by the rule that it names in x-rule.
 * Life: bench_init -> bench_connect, bench_send, bench_run ... -> bench_fini.
 * One at a time.
 */
struct bench {
	struct loop         *loop;
	struct worker_env    env;
	struct l4_chain     *l4;
	struct l7_chain     *l7;
	struct filter_stats *stats;
	struct http_options  options;
	void               (*answer)(struct l7_ctx *);
	int                  client;	/* whose bytes are read */
	struct loop_task     poll;
	bool               (*until)(const struct bench *);
	struct timespec      deadline;
	struct str           got;	/* by the client */
	bool                 ended;	/* its connection */
};

/* The filter of that name, both of them if there are two; yaml may be NULL. */
void bench_init(struct bench *, const char *filter, const char *yaml,
    void (*answer)(struct l7_ctx *));
void bench_fini(struct bench *);
/* Another connection, of the holder of that SPIFFE ID: the client's. */
void bench_connect(struct bench *, const char *id);
void bench_send(struct bench *, const char *bytes);
void bench_run(struct bench *, bool (*until)(const struct bench *));

bool bench_has_ended(const struct bench *);	/* the client's connection */
bool bench_is_gone(const struct bench *);	/* all connections, and asides */
/* Both, for whoever stops then. */
bool bench_is_over(const struct bench *);

/* yaml NULL: no configuration. */
int bench_configure(const struct filter_class *, const char *yaml, void **shared,
    struct err *);

#endif
