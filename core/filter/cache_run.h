#ifndef FILTER_CACHE_RUN_H
#define FILTER_CACHE_RUN_H

#include <stdatomic.h>

#include "chain/l7.h"
#include "filter/cache_flight.h"
#include "filter/cache_rules.h"

/*
 * cache_run: the insides of the cache filter, shared by cache.c (configuration,
 * hooks), cache_ask.c (requests: what is given, who asks the service) and
 * cache_answer.c (what the service says: kept, refreshed, passed).
 */
struct cache {
	struct arena          arena;
	int64_t               max_bytes, max_object;
	struct cache_limits   limits;
	bool                  collapse, status_header;
	const char          **ignored_query;
	size_t                ignored_query_len;
	struct cache_store   *store;
	struct cache_flights *flights;
	atomic_llong          busy;	/* bytes on their way in and out */
};

struct cache_state {
	struct slice         key;	/* absent: this exchange goes by */
	struct slice         route;	/* the rule that it came by */
	struct http_fields  *request;	/* as it came here */
	struct cache_control wants;	/* what it says */
	struct cache_entry  *stale;	/* the service is asked about it */
	struct cache_ticket *ticket;	/* it leads, or waits for who does */
	struct http_head    *held;	/* while it waits */
	uint64_t             wait_until_ms;
	struct cache_entry  *fill;	/* made of the answer that passes */
	struct buf           body;	/* of fill, so far */
	int64_t              length;	/* that its head said, or -1 */
	long long            busy;	/* our part of the cache's */
	uint64_t             asked_ms;
	unsigned             changes;	/* of the key, when it was asked for */
	bool                 is_get, is_unsafe;
	bool                 is_question;	/* the service sees our conditions */
	bool                 is_claimed;	/* so others get stale meanwhile */
	const char          *forward;	/* why the service is asked; NULL: unsaid */
};

struct cache *cache_of(const struct l7_ctx *);
bool cache_is_busy(const struct cache *);
void cache_add_busy(struct cache *, struct cache_state *, size_t bytes);
void cache_say_status(const struct cache *, struct http_head *,
    const char *text);	/* NULL: nothing */

/* --- cache_ask.c --------------------------------------------------------------- */

enum verdict cache_ask(struct l7_ctx *, struct http_head *, bool end);
/* Answers with an entry, or that the caller has it. */
enum verdict cache_give(struct l7_ctx *, const struct cache_entry *,
    const char *status);
int64_t cache_age_ms(const struct cache_entry *);
/* Whether it is given although it is stale by no more than that. */
bool cache_may_be_stale(const struct cache_entry *,
    const struct cache_control *request, int64_t grace_ms);

/* --- cache_answer.c ------------------------------------------------------------ */

enum verdict cache_answered(struct l7_ctx *, struct http_head *, bool end);
/* More of the body of an answer that is being kept. */
void cache_add_body(struct l7_ctx *, struct buf *, bool end);
/* It is not kept after all. */
void cache_drop_fill(struct cache_state *, enum flight_end);

#endif
