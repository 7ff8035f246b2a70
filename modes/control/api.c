#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/json.h"
#include "modes/control/api_caller.h"
#include "stat/memo.h"

struct api_state {
	struct api_call *call;
};

/* --- life ---------------------------------------------------------------- */

struct api_call *
api_call_ref(struct api_call *call)
{
	call->refs++;
	return call;
}

void
api_call_unref(struct api_call *call)
{
	if (--call->refs > 0)
		return;
	buf_fini(&call->body);
	arena_fini(&call->arena);
	mem_free(call);
}

static struct api_call *
call_new(struct l7_ctx *ctx, const struct http_head *head)
{
	const struct door *door = ctx->shared;
	struct api_call *call = mem_zalloc(sizeof(*call));

	call->refs = 1;
	call->ctx = ctx;
	call->server = door->server;
	arena_init(&call->arena);
	list_init(&call->link);
	call->query = head->query.ptr == NULL ? SLICE_NONE :
	    arena_dup(&call->arena, head->query);
	api_caller_identify(call, door->role);
	return call;
}

static void
detach(struct api_call *call)
{
	const struct api_stream_ops *ops = call->stream;

	call->ctx = NULL;
	call->stream = NULL;
	if (ops != NULL)
		loop_timer_stop(&call->linger);
	list_remove(&call->link);
	if (ops != NULL)
		ops->gone(call->stream_arg);
}

/* --- dispatch ------------------------------------------------------------- */

/* The methods that a path has (RFC 9110, 10.2.1). */
static struct slice
allowed(struct api_call *call, unsigned role, struct slice path)
{
	static const struct {
		enum http_method id;
		const char      *name;
	} methods[] = {
		{ METHOD_GET, "GET" }, { METHOD_POST, "POST" },
		{ METHOD_PUT, "PUT" }, { METHOD_DELETE, "DELETE" },
	};
	const char *text = "";

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (api_route_find(api_routes, role, methods[i].id, path,
		    &call->route, call->params) == API_FOUND)
			text = arena_printf(&call->arena, "%s%s%s", text,
			    *text ? ", " : "", methods[i].name);
	return slice_str(text);
}

static bool
find_route(struct api_call *call, const struct http_head *head)
{
	struct slice path = arena_dup(&call->arena, head->path);
	const struct door *door = call->ctx->shared;

	switch (api_route_find(api_routes, door->role, head->method_id, path,
	    &call->route, call->params)) {
	case API_FOUND:
		break;
	case API_NO_PATH:
		api_answer_fail(call, ERR_NOT_FOUND, "there is nothing at %.*s",
		    SLICE_ARG(path));
		return false;
	case API_NO_METHOD:
		call->allow = allowed(call, door->role, path);
		call->route = NULL;
		api_answer_json(call, 405, SLICE("{\"error\":{\"kind\":\"usage\","
		    "\"message\":\"this path has no such method\"}}\n"));
		return false;
	}
	return api_caller_may(call);
}

static void
run(struct api_call *call)
{
	struct err err = ERR_INIT;

	if (call->is_answered)
		return;
	if (call->route->body_max > 0) {
		size_t len = buf_len(&call->body);
		struct slice text = len == 0 ? SLICE("") : arena_dup(
		    &call->arena, buf_pull(&call->body, len));

		buf_fini(&call->body);
		call->json = conf_json_read(&call->arena, text, "body", &err);
		if (call->json == NULL) {
			api_answer_err(call, &err);
			return;
		}
	}
	call->route->run(call);
}

/* Bodies come as slowly as their senders like, who may have lost all meanwhile. */
static void
run_with_body(struct api_call *call)
{
	const struct door *door = call->ctx->shared;

	if (call->is_answered)
		return;
	api_caller_identify(call, door->role);
	if (api_caller_may(call))
		run(call);
}

static void
too_large(struct api_call *call)
{
	buf_fini(&call->body);
	api_answer_fail(call, ERR_TOO_LARGE, "the body is larger than %zu bytes",
	    call->route->body_max);
}

static void
on_head(struct l7_ctx *ctx, struct http_head *head, bool end)
{
	struct api_state *state = ctx->state;
	struct api_call *call = state->call = call_new(ctx, head);

	if (!find_route(call, head))
		return;
	if (call->route->body_max == 0 || end) {
		run(call);
	} else if (head->content_length > (int64_t)call->route->body_max) {
		too_large(call);
	} else if (head->expects_continue) {
		struct http_head *info = arena_alloc(l7_arena(ctx),
		    sizeof(*info));

		http_head_init(info, l7_arena(ctx));
		info->status = 100;
		l7_respond_info(ctx, info);
	}
}

static void
on_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	struct api_call *call = ((struct api_state *)ctx->state)->call;

	if (call->stream != NULL) {
		call->stream->bytes(call->stream_arg, b, end);
		return;
	}
	if (call->is_answered || call->route == NULL ||
	    call->route->body_max == 0)
		return;
	buf_move(&call->body, b);
	if (buf_len(&call->body) > call->route->body_max)
		too_large(call);
	else if (end)
		run_with_body(call);
}

static void
on_trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	struct api_call *call = ((struct api_state *)ctx->state)->call;

	(void)t;
	if (call->route != NULL && call->route->body_max > 0)
		run_with_body(call);
}

static void
on_pause(struct l7_ctx *ctx, bool is_paused)
{
	struct api_call *call = ((struct api_state *)ctx->state)->call;

	call->is_paused = is_paused;
	if (call->stream != NULL)
		call->stream->paused(call->stream_arg, is_paused);
}

static void
on_cancel(struct l7_ctx *ctx)
{
	struct api_state *state = ctx->state;

	if (state->call != NULL)
		detach(state->call);
}

/* --- counting -------------------------------------------------------------- */

static void
count(struct server *s, const struct api_call *call, const struct l7_summary *m)
{
	char code[12];
	struct slice resource = call->route == NULL ? SLICE("none") :
	    slice_str(call->route->resource);

	snprintf(code, sizeof(code), "%d", m->status);
	server_count(s, METRIC_CONTROL_API_REQUESTS, (struct slice[]){
	    m->method, resource, slice_str(code) });
	if (call->is_answered) {	/* not those without an end */
		struct stat_series *series = stat_series_get(s->stats,
		    METRIC_CONTROL_API_DURATION, &resource);

		stat_histogram_add(s->env.stat, series, m->end_us - m->start_us);
		stat_series_unref(series);
	}
}

static void
on_done(struct l7_ctx *ctx, const struct l7_summary *m)
{
	struct api_state *state = ctx->state;
	struct api_call *call = state->call;

	if (call == NULL)
		return;
	state->call = NULL;
	count(call->server, call, m);
	detach(call);
	api_call_unref(call);
}

const struct l7_terminal api_terminal = {
	.name = "api", .state_size = sizeof(struct api_state),
	.head = on_head, .body = on_body, .trailers = on_trailers,
	.pause = on_pause, .cancel = on_cancel, .done = on_done,
};

/* --- streams ---------------------------------------------------------------- */

/* It was told that there is no more, and still has something to say. */
static void
on_linger(void *arg)
{
	struct api_call *call = arg;

	l7_abort(call->ctx, FLAG_NONE, "stream_ended");
}

bool
api_stream_start(struct api_call *call, const char *upgrade,
    const struct api_stream_ops *ops, void *arg)
{
	struct http_head *head;

	if (call->ctx == NULL)
		return false;
	if (l7_request(call->ctx)->method_id == METHOD_HEAD) {
		api_answer(call, 200, "application/json", SLICE(""));
		return false;
	}
	head = arena_alloc(l7_arena(call->ctx), sizeof(*head));
	http_head_init(head, l7_arena(call->ctx));
	head->status = upgrade != NULL ? 101 : 200;
	head->content_length = -1;
	api_add_date(call, head);
	if (upgrade != NULL) {
		head->upgrade = slice_str(upgrade);
		l7_tunnel(call->ctx);
	} else {
		http_fields_add_id(&head->fields, FIELD_CONTENT_TYPE,
		    SLICE("application/x-ndjson"));
	}
	call->stream = ops;
	call->stream_arg = arg;
	loop_timer_init(&call->linger, call->server->loop, on_linger, call);
	list_append(&call->server->streams, &call->link);
	l7_respond_head(call->ctx, head, false);
	return call->ctx != NULL;
}

void
api_stream_write(struct api_call *call, struct buf *b)
{
	if (call->ctx != NULL && !call->is_ended)
		l7_respond_body(call->ctx, b, false);
	buf_fini(b);
}

void
api_stream_end(struct api_call *call)
{
	struct buf none = { 0 };

	if (call->ctx == NULL || call->is_ended)
		return;
	call->is_ended = true;
	loop_timer_start(&call->linger, API_STREAM_LINGER_MS);
	l7_respond_body(call->ctx, &none, true);
}

void
api_streams_end(struct server *s)
{
	LIST_FOREACH_SAFE(at, &s->streams)
		api_stream_end(list_entry(at, struct api_call, link));
}

void
api_streams_end_of(struct server *s, struct slice actor)
{
	LIST_FOREACH_SAFE(at, &s->streams) {
		struct api_call *call = list_entry(at, struct api_call, link);

		if (slice_eq(call->who.actor, actor))
			api_stream_end(call);
	}
}

void
api_streams_expire(struct server *s, int64_t now_s)
{
	LIST_FOREACH_SAFE(at, &s->streams) {
		struct api_call *call = list_entry(at, struct api_call, link);

		if (call->not_after == 0 || now_s <= call->not_after ||
		    call->is_ended)
			continue;
		log_info("api", "%.*s: its %s is over, and its stream ends",
		    SLICE_ARG(call->who.actor), slice_is(call->who.how,
		    "certificate") ? "certificate" : "token");
		api_stream_end(call);
	}
}

void
api_streams_judge(struct server *s)
{
	struct arena a;

	arena_init(&a);
	LIST_FOREACH_SAFE(at, &s->streams) {
		struct api_call *call = list_entry(at, struct api_call, link);
		struct rights now;

		if ((call->role & API_PEOPLE) == 0 || call->is_ended)
			continue;
		api_caller_rights(call, &a, &now);
		if (rights_same(&now, &call->rights))
			continue;
		log_info("api", "%.*s: its rights are others now, and its stream "
		    "ends", SLICE_ARG(call->who.actor));
		api_stream_end(call);
	}
	arena_fini(&a);
}

void
api_streams_abort(struct server *s)
{
	LIST_FOREACH_SAFE(at, &s->streams)
		l7_abort(list_entry(at, struct api_call, link)->ctx, FLAG_NONE,
		    "ending");
}
