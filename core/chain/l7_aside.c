#include "base/mem.h"
#include "chain/l7_aside.h"
#include "chain/l7_run.h"

/* What stands for a caller: a stream that drops what it is sent. */
struct aside {
	struct stream      stream;
	struct arena       arena;
	struct list        link;	/* in env->asides */
	struct worker_env *env;
	struct l7_origin   origin;	/* a copy of the caller's */
	struct l7_run     *run;
	struct http_head   head;
	struct loop_task   start;
};

#define ASIDES_MAX	256	/* of a worker */

/* --- the stream ---------------------------------------------------------------- */

static void
drop_head(struct stream *s, const struct http_head *h, bool end)
{
	(void)s;
	(void)h;
	(void)end;
}

static void
drop_info(struct stream *s, const struct http_head *h)
{
	(void)s;
	(void)h;
}

static void
drop_body(struct stream *s, struct buf *b, bool end)
{
	(void)s;
	(void)end;
	buf_drain(b, buf_len(b));
}

static void
drop_trailers(struct stream *s, const struct http_fields *t)
{
	(void)s;
	(void)t;
}

/* There is no body to come. */
static void
pause_none(struct stream *s, bool paused)
{
	(void)s;
	(void)paused;
}

static void
close_aside(struct stream *s, enum stream_error error)
{
	struct aside *a = (struct aside *)(void *)s;

	(void)error;
	loop_task_cancel(&a->start);
	list_remove(&a->link);
	a->env->asides_len--;
	mem_free(a->origin.peer);
	arena_fini(&a->arena);
	mem_free(a);
}

static const struct stream_vtable vtable = {
	.send_head = drop_head, .send_info = drop_info, .send_body = drop_body,
	.send_trailers = drop_trailers, .pause = pause_none,
	.close = close_aside,
};

static void
ignore(void *arg)
{
	(void)arg;
}

static const struct l7_owner_ops nobody = {
	.request_ended = ignore, .finished = ignore,
};

/* --- its life ------------------------------------------------------------------ */

static void
on_start(void *arg)
{
	struct aside *a = arg;

	l7_put_head(a->run, DIR_UP, &a->head, true);
}

/* The same chains; of their filters those from that one on. */
static void
take_filters(struct l7_run *to, struct l7_run *from, int first)
{
	to->route = from->route;
	l7_chain_ref(to->route.chain);
	for (int i = 0; i < to->route.behind_len; i++)
		l7_chain_ref(to->route.behind[i]);
	to->extended_len = from->extended_len;
	to->extended = arena_alloc(to->stream->arena,
	    (size_t)from->extended_len * sizeof(struct l7_chain *) + 1);
	for (int i = 0; i < to->extended_len; i++)
		to->extended[i] = l7_chain_ref(from->extended[i]);
	to->slots_len = from->len - first;
	to->slots = arena_zalloc(to->stream->arena,
	    (size_t)to->slots_len * sizeof(struct l7_slot) + 1);
	for (int i = first; i < from->len; i++)
		l7_run_add(to, l7_slot(from, i)->entry);
}

bool
l7_aside(struct l7_ctx *ctx, const struct http_head *head)
{
	struct l7_run *from = ctx->run;

	if (from->over || from->l4 == NULL || from->route.again == NULL ||
	    from->env->asides_len >= ASIDES_MAX)
		return false;
	struct aside *a = mem_zalloc(sizeof(*a));

	arena_init(&a->arena);
	a->env = from->env;
	a->stream.vt = &vtable;
	a->stream.arena = &a->arena;
	a->origin.peer = conn_peer_copy(l7_peer(ctx));
	a->origin.addr = *l7_addr(ctx, &a->origin.addr);
	a->origin.local = *l7_local(ctx, &a->origin.local);
	http_head_copy(&a->head, &a->arena, head);
	a->run = l7_run_new(&a->stream, from->listener, from->env,
	    &from->env->flow, &nobody, NULL);
	a->run->origin = &a->origin;
	a->run->request = &a->head;
	l7_run_note_request(a->run, &a->head);
	a->run->summary.route = arena_dup(&a->arena, from->summary.route);
	a->run->summary.is_personal = from->summary.is_personal;
	take_filters(a->run, from, ctx->index);
	a->run->route.terminal_arg = from->route.again(
	    from->route.terminal_arg, &a->arena);
	l7_run_add_terminal(a->run);
	list_append(&a->env->asides, &a->link);
	a->env->asides_len++;
	loop_task_init(&a->start, on_start, a);
	loop_defer(from->loop, &a->start);
	return true;
}

bool
l7_is_aside(const struct l7_ctx *ctx)
{
	return ctx->run->l4 == NULL;
}

void
l7_asides_end(struct worker_env *env)
{
	LIST_FOREACH_SAFE(at, &env->asides) {
		struct aside *a = list_entry(at, struct aside, link);

		a->stream.events->on_reset(a->stream.owner, STREAM_CANCEL);
	}
}
