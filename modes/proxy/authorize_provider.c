#include <stdio.h>
#include <string.h>

#include "chain/l7_body.h"
#include "modes/proxy/authorize_run.h"
#include "modes/proxy/ext_authz_exchange.h"

struct asking {
	struct authz_ask           asks[AUTHZ_ASKS_MAX];	/* names are ours */
	struct ext_authz_answer    answers[AUTHZ_ASKS_MAX];
	size_t                     len, at;	/* at: whose turn it is */
	struct ext_authz_provider *provider;	/* counted; while it is asked */
	struct ext_authz_ask      *ask;
	struct buf                 body;
	bool                       is_waiting;	/* for the body, */
	bool                       is_part;	/* which is longer than this */
};

static struct asking *
asking_of(struct l7_ctx *ctx)
{
	const struct authorize_request *r = ctx->state;

	return r->asking;
}

bool
asking_has(const struct asking *a, const char *provider)
{
	for (size_t i = 0; a != NULL && i < a->at; i++)
		if (strcmp(a->asks[i].provider, provider) == 0)
			return true;
	return false;
}

void
asking_change_response(const struct asking *a, struct http_head *h)
{
	for (size_t i = 0; a != NULL && i < a->at; i++)
		ext_authz_change_response(&a->answers[i], h);
}

static void
stop(struct asking *a)
{
	ext_authz_cancel(a->ask);
	ext_authz_provider_unref(a->provider);
	a->ask = NULL;
	a->provider = NULL;
}

void
asking_end(struct asking *a)
{
	if (a == NULL)
		return;
	stop(a);
	buf_fini(&a->body);
}

/* --- one after another -------------------------------------------------------------- */

static void
note_refusal(struct l7_ctx *ctx, const struct authz_ask *ask, const char *what)
{
	struct authorize_at at;
	struct authz_facts f;
	char why[256];

	snprintf(why, sizeof(why), "provider %.64s: %.96s; rule %d of %s asks it",
	    ask->provider, what, ask->rule, ask->policy);
	if (authorize_facts(ctx, &at, &f))
		authorize_note_refusal(l7_env(ctx)->mode, &at, &f, ask, why);
}

static enum verdict ask_next(struct l7_ctx *);

static void
refuse(struct l7_ctx *ctx, const struct ext_authz_settings *s,
    const struct ext_authz_answer *answer)
{
	const struct asking *a = asking_of(ctx);
	char status[32];

	snprintf(status, sizeof(status), "it says no with %d", answer->status);
	note_refusal(ctx, &a->asks[a->at], answer->result == EXT_AUTHZ_DENY ?
	    status : answer->why);
	ext_authz_refuse(ctx, s, answer);
}

/* Of what is let by without an answer nothing else is said. */
static void
note(struct l7_ctx *ctx, const struct ext_authz_answer *answer)
{
	const struct asking *a = asking_of(ctx);
	struct authorize_at at;
	struct authz_facts f;

	if (!authorize_facts(ctx, &at, &f))
		at.service = SLICE("");
	const struct ext_authz_by by = { at.service,
		slice_str(a->asks[a->at].policy), a->provider->name };

	ext_authz_count(l7_env(ctx)->mode, &by, &a->provider->settings, answer);
	if (answer->result == EXT_AUTHZ_ERROR &&
	    ext_authz_lets_pass(&a->provider->settings, answer))
		ext_authz_tell(l7_env(ctx)->mode, &by, &a->provider->settings,
		    answer);
}

static void
on_answer(void *arg, const struct ext_authz_answer *answer)
{
	struct l7_ctx *ctx = arg;
	struct asking *a = asking_of(ctx);
	const struct ext_authz_settings *s = &a->provider->settings;

	a->ask = NULL;
	a->answers[a->at] = *answer;
	note(ctx, answer);
	if (!ext_authz_lets_pass(s, answer)) {
		refuse(ctx, s, answer);
		return;
	}
	if (answer->result == EXT_AUTHZ_ERROR)
		ext_authz_clear(&s->up_allow, l7_arena(ctx),
		    &l7_request(ctx)->fields);
	if (answer->len > 0)
		l7_summary(ctx)->is_personal = true;
	ext_authz_change_request(answer, l7_arena(ctx), l7_request(ctx));
	stop(a);
	a->at++;
	if (ask_next(ctx) == PASS)
		l7_resume(ctx, DIR_UP);
}

static void
ask(struct l7_ctx *ctx, struct ext_authz_provider *p, struct slice service)
{
	struct asking *a = asking_of(ctx);
	struct ext_authz_question q;

	a->provider = ext_authz_provider_ref(p);
	ext_authz_question_of(ctx, arena_dup(l7_arena(ctx), service), &q);
	ext_authz_show_body(&q, &p->settings, buf_pull(&a->body,
	    buf_len(&a->body)), a->is_part);
	a->ask = ext_authz_ask(l7_env(ctx)->mode, p, &q, l7_arena(ctx),
	    on_answer, ctx);
}

/* About a question to itself it would be asked the next one. */
static bool
is_question_to(const struct ext_authz_provider *p, struct l7_ctx *ctx,
    const struct authorize_at *at)
{
	const struct authorize_request *r = ctx->state;

	return l7_summary(ctx)->is_question && at->port == p->port &&
	    slice_eq(p->service, at->service) &&
	    ext_authz_is_question(&p->settings, r->method, r->path);
}

/*
 * HOLD: the next one is asked; PASS: all said yes, and it is let in; STOP: it was
 * refused.
 */
static enum verdict
ask_next(struct l7_ctx *ctx)
{
	struct asking *a = asking_of(ctx);
	struct authorize_at at;
	struct authz_facts f;

	if (!authorize_facts(ctx, &at, &f)) {
		at.service = SLICE("");
		at.port = 0;
	}
	for (; a->at < a->len; a->at++) {
		const struct authz_ask *next = &a->asks[a->at];
		struct ext_authz_provider *p = authorize_provider(l7_env(ctx)->mode,
		    next->provider);

		if (p == NULL) {
			note_refusal(ctx, next, "it is not in the MeshConfig");
			authorize_refuse_by(ctx, &(struct authz_answer){ true,
			    next->policy, next->rule });
			return STOP;
		}
		if (is_question_to(p, ctx, &at))
			continue;
		ask(ctx, p, at.service);
		return HOLD;
	}
	return authorize_let_in(ctx) ? PASS : STOP;
}

/* --- what only they may say ---------------------------------------------------------- */

static bool
is_to_ask(const struct authz_verdict *v, const char *provider)
{
	for (size_t i = 0; v != NULL && i < v->asks_len; i++)
		if (strcmp(v->asks[i].provider, provider) == 0)
			return true;
	return false;
}

bool
asking_clear(struct l7_ctx *ctx, const struct authorize_at *at,
    const struct authz_verdict *v, struct http_fields *fields)
{
	size_t n, removed = 0;
	const char *const *names = authz_providers(at->table, &n);

	for (size_t i = 0; i < n; i++) {
		const struct ext_authz_provider *p = authorize_provider(
		    l7_env(ctx)->mode, names[i]);

		/* Questions to itself say what it is to see. */
		if (p != NULL && !is_to_ask(v, names[i]) &&
		    !is_question_to(p, ctx, at))
			removed += ext_authz_clear(&p->settings.up_allow,
			    l7_arena(ctx), fields);
	}
	return removed > 0;
}

/* --- at first ----------------------------------------------------------------------- */

/* Bytes of the body that are wanted; 0: none.  *is_part: of a longer one, too. */
static size_t
wanted(struct l7_ctx *ctx, const struct asking *a, bool *is_part)
{
	size_t most = 0, strict = SIZE_MAX;

	for (size_t i = 0; i < a->len; i++) {
		const struct ext_authz_provider *p = authorize_provider(
		    l7_env(ctx)->mode, a->asks[i].provider);
		size_t max = p == NULL ? 0 : p->settings.body_max;

		if (max > most)
			most = max;
		if (max > 0 && !p->settings.allows_part && max < strict)
			strict = max;
	}
	*is_part = strict == SIZE_MAX;
	return *is_part ? most : strict;
}

enum verdict
asking_begin(struct l7_ctx *ctx, const struct authz_verdict *v,
    struct http_head *head, bool end)
{
	struct authorize_request *r = ctx->state;
	struct arena *arena = l7_arena(ctx);
	struct asking *a = arena_zalloc(arena, sizeof(*a));
	bool is_part;

	/* The tables may change while it is asked. */
	for (; a->len < v->asks_len; a->len++)
		a->asks[a->len] = (struct authz_ask){
			arena_strdup(arena, v->asks[a->len].provider),
			arena_strdup(arena, v->asks[a->len].policy),
			v->asks[a->len].rule };
	r->asking = a;
	size_t max = wanted(ctx, a, &is_part);

	if (max == 0 || !ext_authz_has_body(head, end))
		return ask_next(ctx);
	a->is_waiting = true;
	if (is_part)
		l7_collect_part(ctx, DIR_UP, max);
	else
		l7_collect(ctx, DIR_UP, max);
	return HOLD;
}

enum verdict
asking_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	struct asking *a = asking_of(ctx);

	if (a == NULL || !a->is_waiting)
		return PASS;
	a->is_waiting = false;
	a->is_part = !end;
	buf_share(&a->body, b);
	return ask_next(ctx);
}
