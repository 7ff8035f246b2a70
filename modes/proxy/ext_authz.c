#include <string.h>

#include "base/mem.h"
#include "filter/ext_authz_grpc.h"
#include "filter/ext_authz_http.h"
#include "modes/proxy/egress.h"
#include "modes/proxy/ext_authz.h"
#include "modes/proxy/router.h"

struct ext_authz_ask {
	struct proxy_worker       *worker;
	struct ext_authz_provider *provider;	/* counted */
	struct cluster            *cluster;	/* counted; of its version */
	struct ext_authz_question  question;
	struct arena              *to;		/* the answer's */
	ext_authz_done            *done;
	void                      *arg;
	struct arena               arena;
	struct http_head           head;
	struct buf                 body, sent;	/* of the question */
	struct attempt            *attempt;
	bool                       is_repeated;
	uint64_t                   start_us;
	struct loop_timer          timer;
	struct loop_task           failed;	/* nobody could be asked */
	const struct http_head    *answer;	/* NULL: none yet */
	const struct http_fields  *trailers;
	struct buf                 said;	/* body of the answer */
};

static void start(struct ext_authz_ask *, bool is_wary);

/* --- ends ------------------------------------------------------------------------ */

static void
release(void *p)
{
	struct ext_authz_ask *a = p;

	buf_fini(&a->body);
	buf_fini(&a->sent);
	buf_fini(&a->said);
	cluster_unref(a->cluster);
	ext_authz_provider_unref(a->provider);
	arena_fini(&a->arena);
	mem_free(a);
}

static void
drop(struct ext_authz_ask *a, enum attempt_result result,
    enum stream_error error)
{
	struct attempt *attempt = a->attempt;

	a->attempt = NULL;
	if (attempt != NULL)
		attempt_finish(attempt, result, error);
}

/* The stream that says so lies in the arena, which goes later in the turn. */
static void
end(struct ext_authz_ask *a, enum attempt_result result,
    enum stream_error error)
{
	loop_timer_stop(&a->timer);
	loop_task_cancel(&a->failed);
	drop(a, result, error);
	loop_free_later(a->worker->env.loop, release, a);
}

static void
tell(struct ext_authz_ask *a, struct ext_authz_answer *answer)
{
	answer->took_us = loop_now_us(a->worker->env.loop) - a->start_us;
	a->done(a->arg, answer);
}

/* By HTTP the head of an answer decides; its body is for people. */
static bool
has_said(const struct ext_authz_ask *a)
{
	return a->answer != NULL && !a->provider->settings.is_grpc &&
	    a->answer->status != 200;
}

/* Whether something of an answer was there, which may have said no. */
static bool
has_begun(const struct ext_authz_ask *a, enum stream_error error)
{
	return error == STREAM_TOO_LARGE || error == STREAM_PROTOCOL ||
	    error == STREAM_TRUNCATED || buf_len(&a->said) > 0;
}

/* A refusal is one whatever becomes of its page, or it might be let by. */
static void
fail(struct ext_authz_ask *a, const char *why, enum stream_error error)
{
	struct ext_authz_answer answer;

	if (has_said(a))
		ext_authz_http_read(&a->provider->settings, &a->question,
		    a->answer, SLICE(""), a->to, &answer);
	else if (has_begun(a, error))
		ext_authz_spoil(&answer, why);
	else
		ext_authz_fail(&answer, why);
	end(a, ATTEMPT_FAILED, error);
	tell(a, &answer);
}

static void
finish(struct ext_authz_ask *a)
{
	const struct ext_authz_settings *s = &a->provider->settings;
	struct slice body = buf_pull(&a->said, buf_len(&a->said));
	struct ext_authz_answer answer;

	if (s->is_grpc)
		ext_authz_grpc_read(a->answer, body, a->trailers, a->to,
		    &answer);
	else
		ext_authz_http_read(s, &a->question, a->answer, body, a->to,
		    &answer);
	end(a, answer.result == EXT_AUTHZ_ERROR ? ATTEMPT_FAILED : ATTEMPT_OK,
	    STREAM_OK);
	tell(a, &answer);
}

/* --- the answer ------------------------------------------------------------------- */

static void
on_head(void *owner, struct http_head *head, bool is_end)
{
	struct ext_authz_ask *a = owner;

	attempt_answered(a->attempt, head->status);
	a->answer = head;
	if (is_end)
		finish(a);
}

static void
on_body(void *owner, struct buf *b, bool is_end)
{
	struct ext_authz_ask *a = owner;

	buf_move(&a->said, b);
	if (buf_len(&a->said) > EXT_AUTHZ_ANSWER_MAX)
		fail(a, "its answer is too large", STREAM_TOO_LARGE);
	else if (is_end)
		finish(a);
}

static void
on_trailers(void *owner, struct http_fields *t)
{
	struct ext_authz_ask *a = owner;

	a->trailers = t;
	finish(a);
}

static void
on_drained(void *owner)
{
	(void)owner;
}

/* An idle connection may have ended as the question was on its way. */
static void
on_reset(void *owner, enum stream_error error)
{
	struct ext_authz_ask *a = owner;

	if (a->answer == NULL && !a->is_repeated &&
	    attempt_is_reused(a->attempt)) {
		a->is_repeated = true;
		drop(a, ATTEMPT_CANCELLED, error);
		start(a, true);
		return;
	}
	fail(a, stream_error_name(error), error);
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_drained = on_drained, .on_reset = on_reset,
};

/* --- the way there ------------------------------------------------------------------ */

/* To members of the mesh: who asks, and that the host may be another's. */
static void
name_link(struct ext_authz_ask *a)
{
	struct http_fields *f = &a->head.fields;
	const struct endpoint *e = attempt_endpoint(a->attempt);
	bool is_member = e->id.len > 0;

	http_fields_remove_id(f, FIELD_MESH_HOST);
	http_fields_remove_id(f, FIELD_MESH_SOURCE);
	http_fields_remove_id(f, FIELD_MESH_VERSION);
	http_fields_remove(f, SLICE(EXT_AUTHZ_QUESTION));
	if (is_member || e->has_sidecar)
		http_fields_set(f, SLICE(EXT_AUTHZ_QUESTION), SLICE("1"));
	if (!is_member)
		return;
	http_fields_set_id(f, FIELD_MESH_HOST, a->head.host);
	if (a->worker->env.workload.len > 0)
		http_fields_set_id(f, FIELD_MESH_SOURCE,
		    a->worker->env.workload);
	if (a->cluster->is_h2)
		http_fields_set_id(f, FIELD_MESH_VERSION, SLICE("2"));
}

static void
on_stream(void *owner, struct stream *st, const struct conn_peer *peer,
    bool reused)
{
	struct ext_authz_ask *a = owner;
	const struct attempt *attempt = a->attempt;
	bool is_whole = buf_len(&a->body) == 0;

	(void)peer;
	(void)reused;
	stream_set_owner(st, &stream_events, a);
	name_link(a);
	stream_send_head(st, &a->head, is_whole);
	if (is_whole || a->attempt != attempt)
		return;
	buf_share(&a->sent, &a->body);
	stream_send_body(st, &a->sent, true);
}

static void
on_failed(void *owner, enum response_flag flag, const char *details)
{
	(void)flag;
	fail(owner, details, STREAM_OK);
}

static const struct attempt_events attempt_events = {
	.on_stream = on_stream, .on_failed = on_failed,
};

static void
on_timer(void *arg)
{
	fail(arg, "it did not answer in time", STREAM_TIMEOUT);
}

static void
on_nobody(void *arg)
{
	struct ext_authz_ask *a = arg;

	fail(a, a->provider->cluster == NULL ? "there is no such service" :
	    "it has no endpoint", STREAM_OK);
}

static void
start(struct ext_authz_ask *a, bool is_wary)
{
	const struct pick p = { .now_ms = loop_now_ms(a->worker->env.loop) };
	const struct endpoint *e = a->cluster == NULL ? NULL :
	    cluster_pick(a->cluster, &p);
	const struct attempt_order order = {
		.cluster = a->cluster, .endpoint = e, .arena = &a->arena,
		.is_idempotent = true, .is_wary = is_wary,
	};

	if (e == NULL)
		loop_defer(a->worker->env.loop, &a->failed);
	else
		a->attempt = attempt_start(a->worker->upstream, &order,
		    &attempt_events, a);
}

static void
write_question(struct ext_authz_ask *a)
{
	const struct ext_authz_provider *p = a->provider;

	if (p->settings.is_grpc) {
		ext_authz_grpc_ask(&p->settings, p->authority, &a->arena,
		    &a->head);
		ext_authz_grpc_put(&p->settings, &a->question, &a->body);
		a->head.content_length = (int64_t)buf_len(&a->body);
	} else {
		ext_authz_http_ask(&p->settings, &a->question, &a->arena,
		    &a->head);
		buf_add_slice(&a->body, a->question.body);
	}
	if (a->cluster != NULL)
		egress_address(a->cluster, &a->head, &a->head, &a->arena);
}

struct ext_authz_ask *
ext_authz_ask(struct proxy_worker *w, struct ext_authz_provider *p,
    const struct ext_authz_question *q, struct arena *to,
    ext_authz_done *done, void *arg)
{
	struct ext_authz_ask *a = mem_zalloc(sizeof(*a));

	a->worker = w;
	a->provider = ext_authz_provider_ref(p);
	a->question = *q;
	a->to = to;
	a->done = done;
	a->arg = arg;
	a->start_us = loop_now_us(w->env.loop);
	arena_init(&a->arena);
	if (p->cluster != NULL)
		a->cluster = cluster_ref(router_version(p->cluster,
		    p->settings.is_grpc));
	loop_task_init(&a->failed, on_nobody, a);
	loop_timer_init(&a->timer, w->env.loop, on_timer, a);
	loop_timer_start(&a->timer, p->settings.timeout_ms);
	write_question(a);
	start(a, false);
	return a;
}

void
ext_authz_cancel(struct ext_authz_ask *a)
{
	if (a != NULL)
		end(a, ATTEMPT_CANCELLED, STREAM_CANCEL);
}
