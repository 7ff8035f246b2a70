#include "base/mem.h"
#include "base/unit.h"
#include "chain/bench_test.h"
#include "chain/l7_aside.h"

TEST(l7_up_runs_forward_and_down_in_reverse)
{
	struct bench b;

	bench_init(&b, "a b");
	bench_head(false);
	bench_body("hi", true);
	bench_answer(200, "yo");
	bench_expect("a:head^ b:head^ ^head a:[hi]^$ b:[hi]^$ ^[hi]$ "
	    "b:headv a:headv <200 b:[yo]v$ a:[yo]v$ <[yo]$");
	bench_turn();
	bench_expect("done:200:- b:done a:done close:0");
	assert_true(b.finished);
	bench_fini(&b);
}

TEST(l7_chains_behind_the_listener_s_are_one_row_with_it)
{
	struct bench b;

	bench_init(&b, "a | b c");
	bench_head(false);
	bench_body("hi", true);
	bench_expect("a:head^ b:head^ c:head^ ^head a:[hi]^$ b:[hi]^$ c:[hi]^$ "
	    "^[hi]$");
	bench_answer(204, NULL);
	bench_turn();
	bench_expect("c:headv$ b:headv$ a:headv$ <204$ done:204:- c:done b:done "
	    "a:done close:0");
	bench_fini(&b);
}

TEST(l7_filters_that_are_not_concerned_are_not_in_the_way)
{
	struct bench b;

	bench_init(&b, "- a - | bh^ - + - c");
	bench_head(false);
	bench_body("hi", true);
	bench_expect("a:head^ b:head^");
	l7_extend(b.holder, &b.extension, 1);
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:head^ ^head a:[hi]^$ b:[hi]^$ c:[hi]^$ ^[hi]$");
	bench_answer(204, NULL);
	bench_turn();
	bench_expect("c:headv$ b:headv$ a:headv$ <204$ done:204:- c:done b:done "
	    "a:done close:0");
	bench_fini(&b);
}

TEST(l7_an_aside_is_of_the_filters_from_its_own_on)
{
	struct addr one, other;
	struct l7_ctx *first;
	struct bench b;

	bench_init(&b, "a bh^ c | d");
	bench_head(true);
	bench_expect("a:head^$ b:head^$");
	first = b.holder;
	assert_false(l7_is_aside(first));
	assert_true(l7_aside(first, l7_request(first)));
	assert_int_equal(b.env.asides_len, 1);
	bench_expect("");
	bench_turn();
	bench_expect("b:head^$");
	assert_ptr_not_equal(b.holder, first);
	assert_true(l7_is_aside(b.holder));
	assert_string_equal(l7_peer(b.holder)->id, l7_peer(first)->id);
	assert_true(addr_eq(l7_addr(b.holder, &one), l7_addr(first, &other)));
	/* There is one beside an exchange, and none beside that. */
	assert_false(l7_aside(b.holder, l7_request(b.holder)));
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:head^$ d:head^$ ^head$");
	bench_answer(200, "yo");
	bench_turn();
	bench_expect("d:headv c:headv b:headv d:[yo]v$ c:[yo]v$ b:[yo]v$ "
	    "done:200:- d:done c:done b:done");
	assert_int_equal(b.env.asides_len, 0);
	l7_resume(first, DIR_UP);
	bench_turn();
	bench_expect("c:head^$ d:head^$ ^head$");
	bench_answer(204, NULL);
	bench_turn();
	bench_expect("d:headv$ c:headv$ b:headv$ a:headv$ <204$ done:204:- d:done "
	    "c:done b:done a:done close:0");
	bench_fini(&b);
}

TEST(l7_an_aside_ends_with_its_worker_not_with_its_caller)
{
	struct l7_ctx *first;
	struct bench b;

	bench_init(&b, "ah^ b");
	bench_head(true);
	first = b.holder;
	assert_true(l7_aside(first, l7_request(first)));
	bench_turn();
	l7_resume(b.holder, DIR_UP);
	b.stream.events->on_reset(b.stream.owner, STREAM_CANCEL);
	bench_turn();
	bench_expect("a:head^$ a:head^$ b:head^$ ^head$ a:done close:1");
	l7_asides_end(&b.env);
	bench_expect("cancel");
	bench_turn();
	bench_expect("done:0:DC b:done a:done");
	assert_int_equal(b.env.asides_len, 0);
	bench_fini(&b);
}

TEST(l7_chains_may_come_while_the_last_filter_holds_the_head)
{
	struct bench b;

	bench_init(&b, "a bh^ + c d");
	bench_head(false);
	bench_body("one", true);
	bench_expect("a:head^ b:head^");
	l7_extend(b.holder, &b.extension, 1);
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:head^ d:head^ ^head a:[one]^$ b:[one]^$ c:[one]^$ "
	    "d:[one]^$ ^[one]$");
	bench_answer(200, "yo");
	bench_turn();
	bench_expect("d:headv c:headv b:headv a:headv <200 d:[yo]v$ c:[yo]v$ "
	    "b:[yo]v$ a:[yo]v$ <[yo]$ done:200:- d:done c:done b:done a:done "
	    "close:0");
	bench_fini(&b);
}

TEST(l7_filters_that_came_late_reply_like_others)
{
	struct bench b;

	bench_init(&b, "a bh^ + cr^ d");
	bench_head(true);
	l7_extend(b.holder, &b.extension, 1);
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("a:head^$ b:head^$ c:head^$ b:headv a:headv <403 b:[no]v$ "
	    "a:[no]v$ <[no]$ c:done b:done a:done close:0");
	bench_fini(&b);
}

TEST(l7_hold_head_waits_and_body_follows_in_order)
{
	struct bench b;

	bench_init(&b, "a bh^ c");
	bench_head(false);
	bench_body("one", false);
	bench_body("two", true);
	bench_expect("a:head^ b:head^");
	l7_resume(b.holder, DIR_UP);
	bench_expect("");
	bench_turn();
	bench_expect("c:head^ ^head a:[onetwo]^$ b:[onetwo]^$ c:[onetwo]^$ "
	    "^[onetwo]$");
	bench_answer(204, NULL);
	bench_turn();
	bench_expect("c:headv$ b:headv$ a:headv$ <204$ done:204:- c:done b:done "
	    "a:done close:0");
	bench_fini(&b);
}

TEST(l7_hold_of_a_body_goes_on_behind_the_holder)
{
	struct bench b;

	bench_init(&b, "a bb^ c");
	bench_head(false);
	bench_body("one", false);
	bench_body("two", true);
	bench_expect("a:head^ b:head^ c:head^ ^head a:[one]^ b:[one]^");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:[one]^ ^[one] a:[two]^$ b:[two]^$");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:[two]^$ ^[two]$");
	bench_fini(&b);
}

TEST(l7_hold_of_parts_shows_the_rest_again)
{
	struct bench b;

	bench_init(&b, "a bp^ c");
	bench_head(false);
	bench_body("12345", false);
	bench_body("6", true);
	bench_expect("a:head^ b:head^ c:head^ ^head a:[12345]^ b:[12345]^");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:[12]^ ^[12] b:[345]^");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:[34]^ ^[34] b:[5]^");
	/* What came meanwhile passes the filters in front too. */
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:[5]^ ^[5] a:[6]^$ b:[6]^$");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:[6]^$ ^[6]$");
	bench_fini(&b);
}

TEST(l7_two_filters_may_hold_parts_of_one_body)
{
	struct bench b;

	bench_init(&b, "bp^ cp^");
	bench_head(false);
	bench_body("123", true);
	bench_expect("b:head^ c:head^ ^head b:[123]^$");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:[12]^");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("^[12] b:[3]^$");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:[3]^$");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("^[3]$");
	bench_fini(&b);
}

TEST(l7_a_caller_may_leave_in_the_middle_of_parts)
{
	struct bench b;

	bench_init(&b, "bp^");
	bench_head(false);
	bench_body("12345", true);
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("b:head^ ^head b:[12345]^$ ^[12] b:[345]^$");
	bench_fini(&b);		/* nothing leaks */
}

TEST(l7_reply_goes_down_through_entered_filters_only)
{
	struct bench b;

	bench_init(&b, "a br^ c");
	bench_head(true);
	bench_turn();
	bench_expect("a:head^$ b:head^$ a:headv <403 a:[no]v$ <[no]$ b:done a:done "
	    "close:0");
	bench_fini(&b);
}

TEST(l7_reply_from_a_body_cancels_the_terminal)
{
	struct bench b;

	bench_init(&b, "a brb");
	bench_head(false);
	bench_body("evil", false);
	bench_turn();
	bench_expect("a:head^ b:head^ ^head a:[evil]^ b:[evil]^ cancel a:headv <403 "
	    "a:[no]v$ <[no]$ done:403:UAEX b:done a:done close:1");
	bench_fini(&b);
}

TEST(l7_collect_delivers_the_whole_body_before_the_head)
{
	struct bench b;

	bench_init(&b, "a bc^ c");
	bench_head(false);
	bench_body("one", false);
	bench_body("two", true);
	bench_expect("a:head^ b:head^ a:[onetwo]^$ b:[onetwo]^$ c:head^ ^head "
	    "c:[onetwo]^$ ^[onetwo]$");
	bench_fini(&b);
}

TEST(l7_collect_of_an_empty_body)
{
	struct bench b;

	bench_init(&b, "bc^ c");
	bench_head(true);
	bench_expect("b:head^$ b:[]^$ c:head^$ ^head$");
	bench_fini(&b);
}

TEST(l7_collect_above_its_limit_is_413)
{
	struct bench b;

	bench_init(&b, "a bc^ c");
	bench_head(false);
	bench_body("123456789", false);
	bench_turn();
	assert_non_null(strstr(str_ptr(&b.trace), "<413"));
	assert_null(strstr(str_ptr(&b.trace), "^head c"));
	bench_fini(&b);
}

TEST(l7_collect_refuses_at_once_what_says_that_it_is_too_large)
{
	struct bench b;

	bench_init(&b, "a bc^ c");
	b.request.content_length = 9;
	b.request.expects_continue = true;
	bench_head(false);
	bench_turn();
	assert_non_null(strstr(str_ptr(&b.trace), "<413"));
	assert_null(strstr(str_ptr(&b.trace), "<100"));
	bench_fini(&b);
}

TEST(l7_collect_asks_for_the_body_of_who_waits)
{
	struct bench b;

	bench_init(&b, "a bc^");
	b.request.expects_continue = true;
	bench_head(false);
	bench_expect("a:head^ b:head^ <100");
	bench_body("one", true);
	bench_expect("a:[one]^$ b:[one]^$ ^head ^[one]$");
	bench_fini(&b);
	/* Nobody asks for it where it is not collected. */
	bench_init(&b, "a");
	b.request.expects_continue = true;
	bench_head(false);
	bench_expect("a:head^ ^head");
	bench_fini(&b);
}

TEST(l7_collect_sees_one_end_where_trailers_follow)
{
	struct http_fields t;
	struct bench b;

	bench_init(&b, "a bc^ c");
	http_fields_init(&t, &b.arena);
	bench_head(false);
	bench_body("one", false);
	b.stream.events->on_trailers(b.stream.owner, &t);
	bench_expect("a:head^ b:head^ a:[one]^ b:[one]^$ c:head^ ^head c:[one]^ "
	    "^[one] a:T^ c:T^ ^T$");
	bench_fini(&b);
}

TEST(l7_collect_of_a_part_lets_the_rest_follow)
{
	struct bench b;

	/* All of it, if it is short. */
	bench_init(&b, "a bC^ c");
	bench_head(false);
	bench_body("one", true);
	bench_expect("a:head^ b:head^ a:[one]^$ b:[one]^$ c:head^ ^head "
	    "c:[one]^$ ^[one]$");
	bench_fini(&b);

	bench_init(&b, "a bC^ c");
	b.request.content_length = 9;
	bench_head(false);
	bench_body("one", false);
	bench_expect("a:head^ b:head^");
	bench_body("two", false);
	bench_expect("a:[onetwo]^ b:[onetwo]^ c:head^ ^head c:[onetwo]^ "
	    "^[onetwo]");
	assert_int_equal(b.request.content_length, 9);
	bench_body("six", true);
	bench_expect("a:[six]^$ b:[six]^$ c:[six]^$ ^[six]$");
	bench_fini(&b);
}

/* What comes while the beginning is held comes behind it, and is seen by all. */
TEST(l7_collect_of_a_part_that_is_held)
{
	struct http_fields t;
	struct bench b;

	bench_init(&b, "a bH^ c");
	bench_head(false);
	bench_body("onetwo", false);
	bench_body("six", false);
	bench_body("ten", true);
	bench_expect("a:head^ b:head^ a:[onetwo]^ b:[onetwo]^");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("c:head^ ^head c:[onetwo]^ ^[onetwo] a:[sixten]^$ "
	    "b:[sixten]^$ c:[sixten]^$ ^[sixten]$");
	bench_fini(&b);

	/* Trailers follow. */
	bench_init(&b, "a bH^ c");
	http_fields_init(&t, &b.arena);
	bench_head(false);
	bench_body("onetwo", false);
	b.stream.events->on_trailers(b.stream.owner, &t);
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("a:head^ b:head^ a:[onetwo]^ b:[onetwo]^ c:head^ ^head "
	    "c:[onetwo]^ ^[onetwo] a:T^ b:T^ c:T^ ^T$");
	bench_fini(&b);

	/* One behind it holds the head. */
	bench_init(&b, "a bC^ ch^");
	bench_head(false);
	bench_body("onetwo", false);
	bench_body("six", true);
	bench_expect("a:head^ b:head^ a:[onetwo]^ b:[onetwo]^ c:head^");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("^head c:[onetwo]^ ^[onetwo] a:[six]^$ b:[six]^$ "
	    "c:[six]^$ ^[six]$");
	bench_fini(&b);
}

TEST(l7_collect_twice_sees_what_the_first_one_did)
{
	struct http_fields t;
	struct bench b;

	bench_init(&b, "ac^ b cc^ d");
	bench_head(false);
	bench_body("onetwo", true);
	bench_expect("a:head^ a:[onetwo]^$ b:head^ c:head^ b:[onetwo]^$ "
	    "c:[onetwo]^$ d:head^ ^head d:[onetwo]^$ ^[onetwo]$");
	bench_fini(&b);

	bench_init(&b, "ac^ cc^ d");
	http_fields_init(&t, &b.arena);
	bench_head(false);
	bench_body("one", false);
	b.stream.events->on_trailers(b.stream.owner, &t);
	bench_expect("a:head^ a:[one]^$ c:head^ c:[one]^$ d:head^ ^head "
	    "d:[one]^ ^[one] d:T^ ^T$");
	bench_fini(&b);

	/* Of a part one that wants all of it has too little. */
	bench_init(&b, "aC^ bC^ d");
	bench_head(false);
	bench_body("onetwo", false);
	bench_body("six", true);
	bench_expect("a:head^ a:[onetwo]^ b:head^ b:[onetwo]^ d:head^ ^head "
	    "d:[onetwo]^ ^[onetwo] a:[six]^$ b:[six]^$ d:[six]^$ ^[six]$");
	bench_fini(&b);
	bench_init(&b, "aC^ bc^ d");
	bench_head(false);
	bench_body("onetwo", false);
	bench_turn();
	assert_non_null(strstr(str_ptr(&b.trace), "<413"));
	assert_null(strstr(str_ptr(&b.trace), "^head d"));
	bench_fini(&b);
}

TEST(l7_reply_at_a_response_head_is_the_only_answer)
{
	struct bench b;

	bench_init(&b, "ahv brv");
	bench_head(true);
	bench_answer(200, "body");
	bench_expect("a:head^$ b:head^$ ^head$ b:headv cancel a:headv");
	l7_resume(b.holder, DIR_DOWN);
	bench_turn();
	bench_expect("<403 a:[no]v$ <[no]$ done:403:UAEX b:done a:done close:0");
	bench_fini(&b);
}

TEST(l7_emit_goes_before_the_trailers)
{
	struct http_fields t;
	struct bench b;

	bench_init(&b, "a be c");
	http_fields_init(&t, &b.arena);
	bench_head(false);
	b.stream.events->on_trailers(b.stream.owner, &t);
	bench_expect("a:head^ b:head^ c:head^ ^head a:T^ b:T^ c:[tail]^ ^[tail] "
	    "c:T^ ^T$");
	bench_fini(&b);
}

TEST(l7_emit_that_is_held_holds_the_trailers)
{
	struct http_fields t;
	struct bench b;

	bench_init(&b, "a be cb^ d");
	http_fields_init(&t, &b.arena);
	bench_head(false);
	b.stream.events->on_trailers(b.stream.owner, &t);
	bench_expect("a:head^ b:head^ c:head^ d:head^ ^head a:T^ b:T^ c:[tail]^");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	bench_expect("d:[tail]^ ^[tail] c:T^ d:T^ ^T$");
	bench_fini(&b);
}

TEST(l7_response_head_held_then_released)
{
	struct bench b;

	bench_init(&b, "a bhv");
	bench_head(true);
	bench_answer(200, "body");
	bench_expect("a:head^$ b:head^$ ^head$ b:headv");
	l7_resume(b.holder, DIR_DOWN);
	bench_turn();
	bench_expect("a:headv <200 b:[body]v$ a:[body]v$ <[body]$ done:200:- b:done "
	    "a:done close:0");
	bench_fini(&b);
}

TEST(l7_abort_ends_without_an_answer)
{
	struct bench b;

	bench_init(&b, "a bxv");
	bench_head(true);
	bench_answer(200, "body");
	bench_turn();
	bench_expect("a:head^$ b:head^$ ^head$ b:headv cancel done:0:LR b:done "
	    "a:done close:9");
	bench_fini(&b);
}

TEST(l7_reset_by_the_caller_cancels)
{
	struct bench b;

	bench_init(&b, "a");
	bench_head(false);
	b.stream.events->on_reset(b.stream.owner, STREAM_CONN_RESET);
	bench_turn();
	bench_expect("a:head^ ^head cancel done:0:DC a:done close:6");
	bench_fini(&b);
}

TEST(l7_early_answer_ends_the_exchange)
{
	struct bench b;

	bench_init(&b, "a");
	bench_head(false);
	bench_body("part", false);
	bench_answer(401, "no");
	bench_turn();
	bench_expect("a:head^ ^head a:[part]^ ^[part] a:headv <401 a:[no]v$ <[no]$ "
	    "done:401:- a:done close:1");
	bench_fini(&b);
}

TEST(l7_hold_pauses_the_source_at_the_watermark)
{
	struct bench b;
	char *big = mem_zalloc(FLOW_HIGH + 1);

	bench_init(&b, "ah^");
	bench_head(false);
	memset(big, 'x', FLOW_HIGH);
	bench_body(big, false);
	bench_body("y", false);
	bench_expect("a:head^ pause");
	l7_resume(b.holder, DIR_UP);
	bench_turn();
	assert_non_null(strstr(str_ptr(&b.trace), " go "));
	mem_free(big);
	bench_fini(&b);
}
