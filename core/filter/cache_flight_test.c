#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/unit.h"
#include "filter/bench_test.h"
#include "filter/cache_flight.h"
#include "filter/origin_test.h"

/* --- tickets, on many loops ----------------------------------------------------- */

#define ROUNDS	3000

struct flyer {
	struct loop          *loop;
	struct cache_flights *flights;
	struct cache_ticket  *ticket;
	struct loop_task      next;
	int                   rounds;
	int                   ends[FLIGHT_LATE + 1];
	bool                  may_wake;
};

static atomic_int flying;

static void
again(struct flyer *f)
{
	f->may_wake = false;
	if (--f->rounds > 0)
		loop_defer_next(f->loop, &f->next);
	else if (atomic_fetch_sub(&flying, 1) >= 1)
		loop_stop(f->loop);
}

static void
on_woken(void *arg, enum flight_end end)
{
	struct flyer *f = arg;

	assert_true(f->may_wake);
	f->ends[end]++;
	f->ticket = NULL;
	again(f);
}

/* Lands what it led, or leaves what it waits for; else joins. */
static void
on_turn(void *arg)
{
	struct flyer *f = arg;
	const struct flight_waiter w = { f->loop, on_woken, f, 60000 };

	if (f->ticket != NULL) {
		if (f->rounds % 7 == 0)
			cache_flight_leave(&f->ticket);
		else
			cache_flight_land(&f->ticket, f->rounds % 5 == 0 ?
			    FLIGHT_FAILED : FLIGHT_LANDED, 1);
		again(f);
		return;
	}
	f->may_wake = true;
	switch (cache_flight_join(f->flights, SLICE("k"), &w, 1, &f->ticket)) {
	case FLIGHT_LEADS:
		loop_defer_next(f->loop, &f->next);
		break;
	case FLIGHT_FOLLOWS:
		if (f->rounds % 11 == 0) {
			cache_flight_leave(&f->ticket);
			again(f);
		}
		break;
	case FLIGHT_ALONE:
		fail_msg("nothing was useless");
	}
}

TEST(cache_flight_leaves_nobody_behind_under_threads)
{
	struct cache_flights *flights = cache_flights_new();
	struct flyer v[3] = { 0 };

	atomic_store(&flying, 3);
	for (int i = 0; i < 3; i++) {
		v[i].loop = loop_new("flyer");
		v[i].flights = flights;
		v[i].rounds = ROUNDS + i;
		loop_task_init(&v[i].next, on_turn, &v[i]);
		loop_defer_next(v[i].loop, &v[i].next);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_thread_start(v[i].loop), 0);
	for (int i = 0; i < 3; i++)
		loop_thread_join(v[i].loop);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(v[i].rounds, 0);
		assert_int_equal(v[i].ends[FLIGHT_LATE], 0);
		assert_int_equal(v[i].ends[FLIGHT_USELESS], 0);
		loop_free(v[i].loop);
	}
	cache_flights_free(flights);
}

static void
on_end(void *arg, enum flight_end end)
{
	struct flyer *f = arg;

	f->ends[end]++;
	f->ticket = NULL;
	loop_stop(f->loop);
}

TEST(cache_flight_waits_no_longer_than_it_says)
{
	struct cache_flights *flights = cache_flights_new();
	struct flyer a = { .loop = loop_new("a") }, b = { .loop = a.loop };
	const struct flight_waiter wa = { a.loop, on_end, &a, 1 };
	const struct flight_waiter wb = { a.loop, on_end, &b, 1 };
	struct slice k = SLICE("k");

	assert_int_equal(cache_flight_join(flights, k, &wa, 1, &a.ticket),
	    FLIGHT_LEADS);
	assert_int_equal(cache_flight_join(flights, k, &wb, 1, &b.ticket),
	    FLIGHT_FOLLOWS);
	loop_run(a.loop);
	assert_int_equal(b.ends[FLIGHT_LATE], 1);
	assert_null(b.ticket);
	/* Where it was of no use, the next do not wait; for a while. */
	cache_flight_land(&a.ticket, FLIGHT_USELESS, 1000);
	assert_null(a.ticket);
	assert_int_equal(cache_flight_join(flights, k, &wb, 10999, &b.ticket),
	    FLIGHT_ALONE);
	assert_null(b.ticket);
	assert_int_equal(cache_flight_join(flights, k, &wb, 11000, &b.ticket),
	    FLIGHT_LEADS);
	cache_flight_leave(&b.ticket);
	loop_free(a.loop);
	cache_flights_free(flights);
}

/* --- the filter ------------------------------------------------------------------- */

#define CALLERS	5
#define GET(fields)	"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n" \
	fields "\r\n"

/* What the service was asked and has not answered yet; how often at all. */
static struct l7_ctx *open_ones[CALLERS * 2];
static size_t open_len, asked;

static void
be_asked(struct l7_ctx *ctx)
{
	open_ones[open_len++] = ctx;
	asked++;
}

struct reply {
	int         status;	/* 0: broken off */
	const char *cache_control, *body;
};

static void
reply(const struct reply *a)
{
	struct l7_ctx *ctx = open_ones[0];
	struct http_head *h = arena_alloc(l7_arena(ctx), sizeof(*h));
	struct buf b = { 0 };

	memmove(open_ones, open_ones + 1, --open_len * sizeof(open_ones[0]));
	if (a->status == 0) {
		l7_abort(ctx, FLAG_UC, "gone");
		return;
	}
	http_head_init(h, l7_arena(ctx));
	h->status = a->status;
	http_fields_add(&h->fields, SLICE("cache-control"),
	    slice_str(a->cache_control));
	http_fields_add(&h->fields, SLICE("etag"), SLICE("\"a\""));
	l7_respond_head(ctx, h, a->body == NULL);
	if (a->body == NULL)
		return;
	buf_add(&b, a->body, strlen(a->body));
	l7_respond_body(ctx, &b, true);
	buf_fini(&b);
}

static struct bench B;
static unsigned long long held_want;

static void
add_held(void *arg, const char *chain, const char *filter,
    enum filter_count what, unsigned long long n)
{
	(void)chain;
	(void)filter;
	if (what == FILTER_HELD)
		*(unsigned long long *)arg += n;
}

static bool
all_came(const struct bench *b)
{
	unsigned long long held = 0;

	filter_stats_each(b->stats, add_held, &held);
	return held == held_want;
}

static size_t asked_want;

static bool
all_asked(const struct bench *b)
{
	(void)b;
	return asked >= asked_want;
}

static void
call(int clients[CALLERS], const char *request)
{
	for (int i = 0; i < CALLERS; i++) {
		bench_connect(&B, "");
		clients[i] = B.client;
		bench_send(&B, request);
	}
}

/* What a caller got, until its connection ended. */
static const struct str *
await(int client)
{
	str_clear(&B.got);
	B.client = client;
	B.ended = false;
	bench_run(&B, bench_has_ended);
	return &B.got;
}

static const struct {
	const char *yaml, *fields;
	struct reply first, then;
	size_t led;	/* ask before the first is answered */
	size_t asked;	/* at all */
	int    status;	/* of those behind the first */
	const char *body, *cache_status;
} crowds[] = {
	{ "", "", { 200, "max-age=60", "one" }, { 200, "", "two" }, 1, 1,
	    200, "one", "mesh; fwd=uri-miss; collapsed" },
	/* Of no use to others: they ask for themselves, at once. */
	{ "", "", { 200, "private", "one" }, { 200, "", "two" }, 1,
	    CALLERS, 200, "two", "mesh; fwd=uri-miss; collapsed=?0" },
	{ "", "", { 503, "", "oops" }, { 200, "", "two" }, 1,
	    CALLERS, 200, "two", "mesh; fwd=uri-miss; collapsed=?0" },
	{ "maxObject: 4, ", "", { 200, "max-age=60", "too long" },
	    { 200, "", "two" }, 1, CALLERS, 200, "two",
	    "mesh; fwd=uri-miss; collapsed=?0" },
	{ "", "", { 200, "max-age=0", "one" }, { 200, "", "two" }, 1,
	    CALLERS, 200, "two", "mesh; fwd=stale; collapsed=?0" },
	/* One that goes away makes place for another. */
	{ "", "", { 0, "", NULL }, { 200, "max-age=60", "two" }, 1, 2,
	    200, "two", "mesh; fwd=uri-miss" },
	/* Who insists, and where it is not wanted: all ask. */
	{ "", "cache-control: max-age=0\r\n", { 200, "max-age=60", "one" },
	    { 200, "", "two" }, CALLERS, CALLERS, 200, "two",
	    "mesh; fwd=uri-miss" },
	{ "", "if-none-match: \"b\"\r\n", { 304, "", NULL },
	    { 304, "", NULL }, CALLERS, CALLERS, 304, "",
	    "mesh; fwd=uri-miss" },
	{ "collapse: false, ", "", { 200, "max-age=60", "one" },
	    { 200, "", "two" }, CALLERS, CALLERS, 200, "two",
	    "mesh; fwd=uri-miss" },
};

TEST(cache_asks_once_for_many_who_want_the_same)
{

	for (size_t i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++) {
		char yaml[80], request[160];
		int clients[CALLERS];

		snprintf(yaml, sizeof(yaml), "{%sstatusHeader: true}",
		    crowds[i].yaml);
		snprintf(request, sizeof(request), GET("%s"), crowds[i].fields);
		bench_init(&B, "cache", yaml, be_asked);
		open_len = asked = 0;
		call(clients, request);
		held_want = CALLERS - crowds[i].led;
		bench_run(&B, all_came);
		asked_want = crowds[i].led;
		bench_run(&B, all_asked);
		reply(&crowds[i].first);
		while (asked < crowds[i].asked || open_len > 0) {
			if (open_len > 0) {
				reply(&crowds[i].then);
				continue;
			}
			asked_want = asked + 1;
			bench_run(&B, all_asked);
		}
		for (int k = 0; k < CALLERS; k++) {
			const struct str *got = await(clients[k]);
			struct str body;

			if (k == 0)
				continue;
			body = origin_body(got);
			if (atoi(str_ptr(got) + 9) != crowds[i].status ||
			    strcmp(str_ptr(&body), crowds[i].body) != 0 ||
			    strncmp(origin_field(got, "cache-status"),
			    crowds[i].cache_status,
			    strlen(crowds[i].cache_status)) != 0)
				fail_msg("%zu, %d: %s", i, k, str_ptr(got));
			str_fini(&body);
		}
		if (asked != crowds[i].asked)
			fail_msg("%zu: asked %zu times", i, asked);
		for (int k = 0; k < CALLERS; k++)
			close(clients[k]);
		B.client = -1;
		bench_fini(&B);
	}
}
