#include "chain/l7_body.h"
#include "modes/proxy/ext_authz_exchange.h"
#include "modes/proxy/ext_authz_rule.h"
#include "modes/proxy/router.h"

struct state {
	struct ext_authz_ask   *ask;	/* NULL: it is not being asked */
	struct ext_authz_answer answer;	/* ALLOW: for the response, too */
	struct buf              body;
	bool                    is_asked, is_part;
};

static struct ext_authz_provider *
provider_of(struct l7_ctx *ctx)
{
	union { const void *from; struct ext_authz_provider *to; } u = {
		ctx->shared };

	return u.to;
}

static void
on_answer(void *arg, const struct ext_authz_answer *a)
{
	struct l7_ctx *ctx = arg;
	struct state *s = ctx->state;
	const struct ext_authz_provider *p = provider_of(ctx);
	const struct l7_summary *sum = l7_summary(ctx);
	const struct ext_authz_by by = { sum->service, sum->route, p->name };

	s->ask = NULL;
	s->answer = *a;
	ext_authz_count(l7_env(ctx)->mode, &by, &p->settings, a);
	if (a->result == EXT_AUTHZ_ERROR)
		ext_authz_tell(l7_env(ctx)->mode, &by, &p->settings, a);
	if (!ext_authz_lets_pass(&p->settings, a)) {
		ext_authz_refuse(ctx, &p->settings, a);
		return;
	}
	if (a->len > 0)
		l7_summary(ctx)->is_personal = true;
	ext_authz_change_request(a, l7_arena(ctx), l7_request(ctx));
	l7_resume(ctx, DIR_UP);
}

static void
ask(struct l7_ctx *ctx)
{
	struct state *s = ctx->state;
	struct ext_authz_provider *p = provider_of(ctx);
	struct ext_authz_question q;

	ext_authz_question_of(ctx, l7_summary(ctx)->service, &q);
	ext_authz_show_body(&q, &p->settings, buf_pull(&s->body,
	    buf_len(&s->body)), s->is_part);
	s->is_asked = true;
	s->ask = ext_authz_ask(l7_env(ctx)->mode, p, &q, l7_arena(ctx),
	    on_answer, ctx);
}

/* The browser's question before the request, which carries no credentials. */
static bool
is_preflight(struct l7_ctx *ctx)
{
	const struct router_job *job = l7_terminal_arg(ctx);

	return job != NULL && job->choice != NULL &&
	    job->choice->status == 204;
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct ext_authz_settings *set = &provider_of(ctx)->settings;
	struct state *s = ctx->state;

	if (dir == DIR_DOWN) {
		if (s->is_asked)
			ext_authz_change_response(&s->answer, h);
		return PASS;
	}
	if (l7_conn(ctx) == NULL || is_preflight(ctx))
		return PASS;
	if (set->body_max == 0 || !ext_authz_has_body(h, end))
		ask(ctx);
	else if (set->allows_part)
		l7_collect_part(ctx, dir, set->body_max);
	else
		l7_collect(ctx, dir, set->body_max);
	return HOLD;
}

static enum verdict
body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	struct state *s = ctx->state;

	if (dir == DIR_DOWN || s->is_asked || l7_conn(ctx) == NULL ||
	    is_preflight(ctx))
		return PASS;
	buf_share(&s->body, b);
	s->is_part = !end;
	ask(ctx);
	return HOLD;
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct state *s = ctx->state;

	(void)sum;
	ext_authz_cancel(s->ask);
	s->ask = NULL;
	buf_fini(&s->body);
}

static void
release(void *shared)
{
	ext_authz_provider_unref(shared);
}

const struct l7_filter ext_authz_rule = {
	.base = { .name = "ext_authz", .state_size = sizeof(struct state),
	    .release = release },
	.head = head, .body = body, .done = done,
};
