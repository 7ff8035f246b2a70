#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "modes/proxy/authorize_run.h"
#include "modes/proxy/ext_authz_exchange.h"

struct bytes_asking {
	struct arena               arena;
	struct l4_ctx             *ctx;
	struct authz_ask           asks[AUTHZ_ASKS_MAX];	/* names are ours */
	size_t                     len, at;	/* at: whose turn it is */
	struct slice               service;	/* "ns/name", or "" */
	struct ext_authz_provider *provider;	/* counted; while it is asked */
	struct ext_authz_ask      *ask;
};

bool
bytes_asking_has(const struct bytes_asking *a, const char *provider)
{
	for (size_t i = 0; a != NULL && i < a->at; i++)
		if (strcmp(a->asks[i].provider, provider) == 0)
			return true;
	return false;
}

static void
stop(struct bytes_asking *a)
{
	ext_authz_cancel(a->ask);
	ext_authz_provider_unref(a->provider);
	a->ask = NULL;
	a->provider = NULL;
}

void
bytes_asking_end(struct bytes_asking *a)
{
	if (a == NULL)
		return;
	stop(a);
	arena_fini(&a->arena);
	mem_free(a);
}

/* Only gRPC's question can do without a request. */
static bool
can_ask(const struct proxy_worker *w, const struct authz_verdict *v)
{
	for (size_t i = 0; i < v->asks_len; i++) {
		const struct ext_authz_provider *p = authorize_provider(w,
		    v->asks[i].provider);

		if (p == NULL || !p->settings.is_grpc)
			return false;
	}
	return v->asks_len > 0;
}

static enum verdict ask_next(struct bytes_asking *);

static void
refuse(struct bytes_asking *a, const struct ext_authz_answer *answer)
{
	const struct authz_ask *ask = &a->asks[a->at];
	char why[256];

	snprintf(why, sizeof(why), "provider %.64s: %.96s; rule %d of %s asks it",
	    ask->provider, answer->result == EXT_AUTHZ_DENY ? "it says no" :
	    answer->why, ask->rule, ask->policy);
	authorize_bytes_refused(a->ctx, ask, why);
}

static void
on_answer(void *arg, const struct ext_authz_answer *answer)
{
	struct bytes_asking *a = arg;
	struct proxy_worker *w = l4_env(a->ctx->run)->mode;
	const struct ext_authz_settings *s = &a->provider->settings;
	const struct ext_authz_by by = { a->service,
		slice_str(a->asks[a->at].policy), a->provider->name };
	bool passes = ext_authz_lets_pass(s, answer);

	a->ask = NULL;
	ext_authz_count(w, &by, s, answer);
	if (answer->result == EXT_AUTHZ_ERROR && passes)
		ext_authz_tell(w, &by, s, answer);
	if (!passes) {
		refuse(a, answer);
		return;
	}
	stop(a);
	a->at++;
	if (ask_next(a) == PASS)
		l4_resume(a->ctx, DIR_UP);
}

/* As its namesake of requests. */
static enum verdict
ask_next(struct bytes_asking *a)
{
	struct proxy_worker *w = l4_env(a->ctx->run)->mode;
	struct ext_authz_question q;

	for (; a->at < a->len; a->at++) {
		struct ext_authz_provider *p = authorize_provider(w,
		    a->asks[a->at].provider);
		static const struct ext_authz_answer gone = {
			.result = EXT_AUTHZ_ERROR,
			.why = "it is not in the MeshConfig" };

		if (p == NULL || !p->settings.is_grpc) {
			refuse(a, &gone);
			return STOP;
		}
		ext_authz_question_of_bytes(a->ctx, a->service, &a->arena, &q);
		a->provider = ext_authz_provider_ref(p);
		a->ask = ext_authz_ask(w, p, &q, &a->arena, on_answer, a);
		return HOLD;
	}
	return authorize_bytes_let_in(a->ctx) ? PASS : STOP;
}

enum verdict
bytes_asking_begin(struct l4_ctx *ctx, const struct authz_verdict *v,
    const struct authorize_at *at, struct bytes_asking **out)
{
	struct bytes_asking *a;

	if (!can_ask(l4_env(ctx->run)->mode, v))
		return authorize_bytes_let_in(ctx) ? PASS : STOP;
	a = mem_zalloc(sizeof(*a));
	arena_init(&a->arena);
	a->ctx = ctx;
	a->service = arena_dup(&a->arena, at->service);
	for (; a->len < v->asks_len; a->len++)
		a->asks[a->len] = (struct authz_ask){
			arena_strdup(&a->arena, v->asks[a->len].provider),
			arena_strdup(&a->arena, v->asks[a->len].policy),
			v->asks[a->len].rule };
	*out = a;
	return ask_next(a);
}
