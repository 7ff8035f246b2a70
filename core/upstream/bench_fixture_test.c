#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "upstream/bench_fixture.h"
#include "upstream/upstream_run.h"

static void
say(struct bench_call *c, const char *what)
{
	struct str *trace = &c->bench->trace;

	str_addf(trace, "%s%c:%s", trace->len > 0 ? " " : "", c->name, what);
}

/* --- waiting ------------------------------------------------------------------ */

static void
on_poll(void *arg)
{
	struct bench *b = arg;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (b->until(b)) {
		loop_stop(b->loop);
		return;
	}
	if (now.tv_sec > b->deadline.tv_sec)
		fail_msg("it did not happen; so far: %s", str_ptr(&b->trace));
	loop_defer_next(b->loop, &b->poll);
}

void
bench_run_until(struct bench *b, bench_until_fn *until)
{
	clock_gettime(CLOCK_MONOTONIC, &b->deadline);
	b->deadline.tv_sec += 20;
	b->until = until;
	loop_defer_next(b->loop, &b->poll);
	loop_run(b->loop);
}

bool
bench_are_all_over(struct bench *b)
{
	for (int i = 0; i < BENCH_CALLS; i++)
		if (b->calls[i].attempt != NULL)
			return false;
	return true;
}

struct upstream_counts
bench_counts(struct bench *b)
{
	struct upstream_counts c;

	upstream_count(b->up, &c);
	return c;
}

bool
bench_is_none_idle(struct bench *b)
{
	return bench_counts(b).idle == 0;
}

bool
bench_is_one_idle(struct bench *b)
{
	return bench_counts(b).idle == 1;
}

bool
bench_is_none_connecting(struct bench *b)
{
	return bench_counts(b).connecting == 0;
}

/* --- attempts ------------------------------------------------------------------ */

void
bench_finish(struct bench_call *c, enum attempt_result result)
{
	struct attempt *a = c->attempt;

	c->attempt = NULL;
	c->stream = NULL;
	attempt_finish(a, result, STREAM_OK);
}

static void
on_head(void *owner, struct http_head *h, bool end)
{
	struct bench_call *c = owner;

	say(c, h->status == 200 ? "200" : "other");
	if (end)
		bench_finish(c, ATTEMPT_OK);
}

static void
on_body(void *owner, struct buf *b, bool end)
{
	(void)b;
	if (end)
		bench_finish(owner, ATTEMPT_OK);
}

static void
on_trailers(void *owner, struct http_fields *t)
{
	(void)owner;
	(void)t;
}

static void
on_drained(void *owner)
{
	(void)owner;
}

static void
on_reset(void *owner, enum stream_error error)
{
	struct bench_call *c = owner;

	say(c, stream_error_name(error));
	bench_finish(c, ATTEMPT_FAILED);
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_drained = on_drained, .on_reset = on_reset,
};

static void
on_stream(void *owner, struct stream *s, const struct conn_peer *peer,
    bool reused)
{
	struct bench_call *c = owner;
	struct http_head h;

	if (c->bench->generation > 0 && !peer->is_tls) {
		struct conn_peer *proven = conn_peer_copy(peer);

		proven->is_tls = true;
		proven->bundle_generation = c->bench->generation;
		conn_set_peer(c->attempt->conn->conn, &proven);
	}
	say(c, reused ? "reused" : "fresh");
	c->stream = s;
	stream_set_owner(s, &stream_events, c);
	http_head_init(&h, &c->arena);
	h.method = SLICE("GET");
	h.method_id = METHOD_GET;
	h.authority = SLICE("a");
	h.path = SLICE("/");
	stream_send_head(s, &h, true);
}

static void
on_failed(void *owner, enum response_flag flag, const char *details)
{
	struct bench_call *c = owner;
	char then = c->bench->then;

	(void)flag;
	say(c, details);
	bench_finish(c, ATTEMPT_FAILED);
	c->bench->then = 0;
	if (then != 0)
		bench_start(c->bench, then);
}

static const struct attempt_events attempt_events = { on_stream, on_failed };

struct bench_call *
bench_start(struct bench *b, char name)
{
	struct bench_call *c = &b->calls[name - 'A'];

	c->bench = b;
	c->name = name;
	arena_init(&c->arena);
	const struct attempt_order order = {
		.cluster = b->cluster, .endpoint = &b->cluster->v[0],
		.arena = &c->arena, .is_idempotent = !b->is_unsafe,
	};

	c->attempt = attempt_start(b->up, &order, &attempt_events, c);
	return c;
}

/* --- the server ------------------------------------------------------------------ */

/* Takes new connections; gives whether so many have sent something. */
static int
asking(struct bench *b)
{
	int n = 0, fd;

	while ((fd = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		b->peers[b->peers_len++] = fd;
	for (int i = 0; i < b->peers_len; i++) {
		char byte;

		n += recv(b->peers[i], &byte, 1, MSG_PEEK) == 1;
	}
	return n;
}

bool
bench_is_one_asking(struct bench *b)
{
	return asking(b) == 1;
}

bool
bench_are_two_asking(struct bench *b)
{
	return asking(b) == 2;
}

void
bench_answer(struct bench *b, int peer, const char *text)
{
	char request[1024];

	assert_true(recv(b->peers[peer], request, sizeof(request), 0) > 0);
	assert_int_equal(send(b->peers[peer], text, strlen(text), 0),
	    strlen(text));
}

void
bench_reset(struct bench *b, int peer)
{
	struct linger l = { 1, 0 };

	setsockopt(b->peers[peer], SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(b->peers[peer]);
	b->peers[peer] = -1;
}

void
bench_exchange(struct bench *b, char name, int peer, const char *text)
{
	bench_start(b, name);
	bench_run_until(b, bench_is_one_asking);
	bench_answer(b, peer, text);
	bench_run_until(b, bench_are_all_over);
}

void
bench_init(struct bench *b)
{
	struct endpoint e = { .weight = 1 };
	struct err err = ERR_INIT;

	*b = (struct bench){ .loop = loop_new("bench") };
	worker_env_init(&b->env, b->loop, 0, NULL);
	b->upstream_env.limits = &http_limits_default;
	b->up = upstream_new(&b->env, &b->upstream_env);
	b->registry = cluster_registry_new();
	loop_task_init(&b->poll, on_poll, b);
	assert_int_equal(addr_from_ip(SLICE("127.0.0.1"), 0, &e.addr, &err), 0);
	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(b->listener, &e.addr.sa, e.addr.len), 0);
	assert_int_equal(listen(b->listener, 16), 0);
	assert_int_equal(getsockname(b->listener, &e.addr.sa, &e.addr.len), 0);
	b->cluster = cluster_new(b->registry, SLICE("default/web"),
	    SLICE("80"));
	cluster_add(b->cluster, b->registry, &e);
	cluster_seal(b->cluster);
}

void
bench_fini(struct bench *b)
{
	assert_true(bench_are_all_over(b));
	upstream_close(b->up);
	bench_run_until(b, bench_is_none_idle);
	assert_int_equal(bench_counts(b).active, 0);
	assert_int_equal(b->cluster->state->requests, 0);
	assert_int_equal(b->cluster->state->conns, 0);
	assert_int_equal(b->cluster->state->pending, 0);
	assert_int_equal(b->cluster->v[0].state->active, 0);
	upstream_free(b->up);
	cluster_unref(b->cluster);
	loop_free(b->loop);
	cluster_registry_free(b->registry);
	for (int i = 0; i < BENCH_CALLS; i++)
		arena_fini(&b->calls[i].arena);
	for (int i = 0; i < b->peers_len; i++)
		if (b->peers[i] >= 0)
			close(b->peers[i]);
	if (b->listener >= 0)
		close(b->listener);
	str_fini(&b->trace);
}
