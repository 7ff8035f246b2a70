#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/unit.h"
#include "chain/http.h"
#include "conf/yaml.h"
#include "filter/origin_test.h"
#include "filter/table.h"

struct origin {
	struct loop         *loop;
	struct worker_env    env;
	struct l4_chain     *l4;
	struct l7_chain     *l7;
	struct filter_stats *stats;
	struct http_options  options;
	const struct origin_answer *answer;
	int                  client, asked;
	struct loop_task     poll;
	struct timespec      deadline;
	struct str           got, request;
	bool                 has_ended;
};

static struct origin O;

static void
add_fields(struct http_head *h, struct arena *a, const char *text)
{
	struct slice rest = slice_str(text), line;

	while (slice_cut(&rest, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');

		if (colon > 0)
			http_fields_add(&h->fields, arena_dup(a,
			    slice_of(line.ptr, (size_t)colon)), arena_dup(a,
			    slice_trim(slice_from(line, (size_t)colon + 1))));
	}
}

static void
answer(struct l7_ctx *ctx)
{
	const struct origin_answer *o = O.answer;
	const struct http_fields *f = &l7_request(ctx)->fields;
	struct arena *a = l7_arena(ctx);
	struct http_head *head = arena_alloc(a, sizeof(*head));

	O.asked++;
	str_clear(&O.request);
	for (size_t i = 0; i < f->len; i++)
		str_addf(&O.request, "%.*s=%.*s;", SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value));
	http_head_init(head, a);
	head->status = o->status;
	head->content_length = o->length;
	add_fields(head, a, o->fields);
	bool is_empty = o->body[0] == NULL ||
	    l7_request(ctx)->method_id == METHOD_HEAD;

	l7_respond_head(ctx, head, is_empty);
	for (int i = 0; !is_empty && o->body[i] != NULL; i++) {
		struct buf b = { 0 };

		buf_add(&b, o->body[i], strlen(o->body[i]));
		l7_respond_body(ctx, &b, o->body[i + 1] == NULL &&
		    o->trailer == NULL);
		buf_fini(&b);
	}
	if (!is_empty && o->trailer != NULL) {
		struct http_fields *t = arena_alloc(a, sizeof(*t));

		http_fields_init(t, a);
		http_fields_add(t, SLICE("x-end"), slice_str(o->trailer));
		l7_respond_trailers(ctx, t);
	}
}

static void
term_head(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	(void)h;
	if (end)
		answer(ctx);
}

static void
term_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	buf_drain(b, buf_len(b));
	if (end)
		answer(ctx);
}

static void
term_trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	(void)t;
	answer(ctx);
}

static void
term_cancel(struct l7_ctx *ctx)
{
	(void)ctx;
}

static const struct l7_terminal terminal = {
	.name = "origin", .head = term_head, .body = term_body,
	.trailers = term_trailers, .cancel = term_cancel,
};

static void
route(void *arg, struct l7_ctx *ctx, struct http_head *h, struct l7_route *r)
{
	(void)arg;
	(void)ctx;
	(void)h;
	r->chain = O.l7;
	r->terminal = &terminal;
}

static void
ignore_data(struct conn *c, void *owner)
{
	(void)c;
	(void)owner;
}

static void
ignore_closed(struct conn *c, void *owner, enum close_reason why)
{
	(void)c;
	(void)owner;
	(void)why;
}

static const struct conn_ops no_ops = { ignore_data, NULL, ignore_closed };

static void
on_poll(void *arg)
{
	struct timespec now;
	char bytes[4096];
	ssize_t n;

	(void)arg;
	while ((n = recv(O.client, bytes, sizeof(bytes), 0)) > 0)
		str_add_slice(&O.got, slice_of(bytes, (size_t)n));
	O.has_ended |= n == 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (O.has_ended && O.env.runs_len == 0) {
		loop_stop(O.loop);
		return;
	}
	if (now.tv_sec > O.deadline.tv_sec)
		fail_msg("it did not end; so far: %s", str_ptr(&O.got));
	loop_defer_next(O.loop, &O.poll);
}

void
origin_start(const char *filter, const char *yaml)
{
	const struct filter_row *row = filter_find_l7(filter);
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	void *shared;

	O = (struct origin){ .loop = loop_new("origin") };
	loop_task_init(&O.poll, on_poll, NULL);
	O.stats = filter_stats_new(1);
	worker_env_init(&O.env, O.loop, 0, NULL);
	O.l4 = l4_chain_new("origin", O.stats);
	O.l7 = l7_chain_new("origin", O.stats);
	struct conf_node *node = yaml == NULL ? NULL : conf_yaml_read(&a,
	    slice_str(yaml), "t.yaml", &err);

	if (row->l7->base.configure(&shared, node, &err) != 0)
		fail_msg("%s", err.text);
	arena_fini(&a);
	l7_chain_add(O.l7, row->l7, shared);
	O.options = http_options_default;
	O.options.listener = (struct l7_listener){
		.name = "origin", .route = route
	};
}

void
origin_stop(void)
{
	loop_free(O.loop);
	l4_chain_unref(O.l4);
	l7_chain_unref(O.l7);
	filter_stats_free(O.stats);
	str_fini(&O.got);
	str_fini(&O.request);
}

void
origin_says(const struct origin_answer *a)
{
	O.answer = a;
}

const struct str *
origin_ask_as(const char *id, const char *request)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	struct conn *c = conn_new(O.loop, fds[0], NULL, NULL, &no_ops, NULL);

	conn_peer(c)->id = id;
	l4_start(O.l4, c, &O.env, "origin", &http_terminal, &O.options);
	O.client = fds[1];
	O.has_ended = false;
	str_clear(&O.got);
	assert_int_equal(send(O.client, request, strlen(request),
	    MSG_NOSIGNAL), strlen(request));
	clock_gettime(CLOCK_MONOTONIC, &O.deadline);
	O.deadline.tv_sec += 20;
	loop_defer_next(O.loop, &O.poll);
	loop_run(O.loop);
	close(O.client);
	return &O.got;
}

const struct str *
origin_ask(const char *request)
{
	return origin_ask_as("", request);
}

int
origin_asked(void)
{
	return O.asked;
}

const char *
origin_request(void)
{
	return str_ptr(&O.request);
}

/* --- reading answers ------------------------------------------------------------ */

const char *
origin_field(const struct str *got, const char *name)
{
	static char value[512];
	size_t n = strlen(name);
	const char *line = str_ptr(got);

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncmp(line, "\r\n", 2) == 0)
			return "";
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		snprintf(value, sizeof(value), "%.*s",
		    (int)strcspn(line + n + 2, "\r"), line + n + 2);
		return value;
	}
	return "";
}

struct str
origin_body(const struct str *got)
{
	struct str body = { 0 };
	const char *at = strstr(str_ptr(got), "\r\n\r\n");
	const char *end = str_ptr(got) + got->len;

	assert_non_null(at);
	at += 4;
	if (strcmp(origin_field(got, "transfer-encoding"), "chunked") != 0) {
		str_add_slice(&body, slice_of(at, (size_t)(end - at)));
		return body;
	}
	for (;;) {
		char *data;
		size_t n = strtoul(at, &data, 16);

		assert_true(n <= (size_t)(end - data));
		if (n == 0)
			return body;
		str_add_slice(&body, slice_of(data + 2, n));
		at = data + 2 + n + 2;
	}
}
