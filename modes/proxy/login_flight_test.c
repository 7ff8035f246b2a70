#include "base/unit.h"
#include "modes/proxy/login_flight.h"

static const uint8_t key[HASH_LEN] = { 1 }, other[HASH_LEN] = { 2 };

/* Somebody who waits. */
struct one {
	struct login_ticket *ticket;
	bool                 leads;
	int                  calls, status;
	char                 body[8];
};

static void
on_done(void *arg, const struct fetch_result *r)
{
	struct one *o = arg;

	o->calls++;
	o->status = r->status;
	assert_true(r->body.len < sizeof(o->body));
	memcpy(o->body, r->body.ptr, r->body.len);
	o->body[r->body.len] = '\0';
}

static void
join(struct login_flights *all, const uint8_t at[HASH_LEN], struct loop *loop,
    struct one *o)
{
	*o = (struct one){ .calls = 0 };
	o->ticket = login_flights_join(all, at, loop, on_done, o, &o->leads);
	assert_int_equal(o->calls, 0);
}

static const struct fetch_result good = { .status = 200, .body = { "new", 3 } };

TEST(login_flights_ask_once_for_all_who_come_with_one_token)
{
	struct login_flights *all = login_flights_new();
	struct loop *a = loop_new("a"), *b = loop_new("b");
	struct one first, second, else_where, late;

	join(all, key, a, &first);
	join(all, key, b, &second);
	join(all, other, b, &else_where);
	assert_true(first.leads && !second.leads && else_where.leads);
	login_flights_end(all, key, &good, true, loop_now_ms(a));
	loop_finish(a);
	loop_finish(b);
	assert_int_equal(first.calls + second.calls, 2);
	assert_string_equal(first.body, "new");
	assert_string_equal(second.body, "new");
	assert_int_equal(else_where.calls, 0);
	/* With the old cookie, a moment later. */
	join(all, key, b, &late);
	assert_false(late.leads);
	loop_finish(b);
	assert_int_equal(late.calls, 1);
	assert_int_equal(late.status, 200);
	login_flights_leave(all, else_where.ticket);
	login_flights_end(all, other, &good, false, loop_now_ms(a));
	loop_free(a);
	loop_free(b);
	login_flights_free(all);
}

TEST(login_flights_call_nobody_who_has_left)
{
	struct login_flights *all = login_flights_new();
	struct loop *a = loop_new("a");
	struct one leader, waits, early;

	/* The answer is the others', and those' that come later. */
	join(all, key, a, &leader);
	join(all, key, a, &waits);
	join(all, key, a, &early);
	login_flights_leave(all, leader.ticket);
	login_flights_end(all, key, &good, true, loop_now_ms(a));
	login_flights_leave(all, early.ticket);	/* on its way already */
	loop_finish(a);
	assert_int_equal(leader.calls, 0);
	assert_int_equal(early.calls, 0);
	assert_int_equal(waits.calls, 1);
	loop_free(a);
	login_flights_free(all);
}

TEST(login_flights_forget_what_is_old_or_no_answer)
{
	static const struct {
		bool     keeps;
		uint64_t age_ms;
		bool     leads;	/* who comes then */
	} v[] = {
		{ true, 0, false },
		{ true, LOGIN_FLIGHT_KEEP_MS, false },
		{ true, LOGIN_FLIGHT_KEEP_MS + 1000, true },
		{ false, 0, true },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct login_flights *all = login_flights_new();
		struct loop *a = loop_new("a");
		struct one first, next;

		join(all, key, a, &first);
		/* As if it had been so long ago. */
		login_flights_end(all, key, &good, v[i].keeps,
		    loop_now_ms(a) - v[i].age_ms);
		join(all, key, a, &next);
		assert_int_equal(next.leads, v[i].leads);
		if (next.leads)
			login_flights_end(all, key, &good, false,
			    loop_now_ms(a));
		loop_finish(a);
		assert_int_equal(next.calls, 1);
		loop_free(a);
		login_flights_free(all);
	}
}
