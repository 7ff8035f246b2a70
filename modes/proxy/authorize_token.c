/* Whether the tokens of requests that were let in are still good. */
#include "filter/token_places.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize_run.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/key_wait.h"
#include "modes/proxy/verifier.h"
#include "policy/token_cache.h"

#define UNDER_WAY_MAX	64	/* of a worker, with the verifier */
#define AT_ONCE_MAX	256	/* that are known already, of a turn */
#define FULL_MS		10

struct token_again {
	struct list          link;	/* in worker->token_turns, until its turn */
	struct l7_ctx       *ctx;
	struct authn        *rules;	/* counted; NULL: there are none now */
	const struct http_head *head;	/* as it came; NULL: by a login */
	struct authn_found  *found;
	size_t               found_len;
	uint8_t              key[HASH_LEN];
	struct verifying    *verifying;
	struct authn_proof  *proof;	/* counted */
	struct key_wait      wait;
	size_t               rule;	/* whose keys it waits for */
	bool                 has_waited;
	bool                 is_claimed;	/* what it claims is by a token */
};

static struct proxy_worker *
worker_of(const struct token_again *t)
{
	return l7_env(t->ctx)->mode;
}

/* A token's own end ends nothing that is open: it is judged as of then. */
static int64_t
came_s(const struct token_again *t)
{
	return l7_summary(t->ctx)->start_wall_us / 1000000;
}

static void
stop(struct token_again *t)
{
	struct proxy_worker *w = worker_of(t);

	list_remove(&t->link);
	key_wait_stop(&t->wait);
	if (t->verifying == NULL)
		return;
	verifier_cancel(t->verifying);
	t->verifying = NULL;
	w->token_turns_busy--;
	loop_defer(w->env.loop, &w->token_turn);
}

void
token_again_end(struct token_again *t)
{
	if (t == NULL)
		return;
	stop(t);
	authn_proof_unref(t->proof);
	authn_unref(t->rules);
	t->proof = NULL;
	t->rules = NULL;
}

/* --- outcomes ----------------------------------------------------------------------- */

/* Takes over a reference; NULL: none of its tokens counts. */
static void
claim(struct token_again *t, struct authn_proof *p)
{
	authn_proof_unref(t->proof);
	t->proof = p;
	if (p != NULL || t->is_claimed)
		authenticate_as(t->ctx, p == NULL ? NULL : &p->token);
	t->is_claimed = p != NULL;
}

static void
believe(struct token_again *t, struct authn_proof *p)
{
	claim(t, p);
	authorize_request_again(t->ctx);
}

static void
disbelieve(struct token_again *t, size_t rule, const char *why)
{
	const struct authn_rule *r = &t->rules->rules[rule];
	const struct authz_answer by = { true, r->policy, r->number };

	authorize_cut_token(t->ctx, &by, why);
}

/* --- one after another -------------------------------------------------------------- */

static void
queue(struct token_again *t)
{
	struct proxy_worker *w = worker_of(t);

	list_append(&w->token_turns, &t->link);
	loop_defer(w->env.loop, &w->token_turn);
}

static void
on_keys(void *arg)
{
	queue(arg);
}

static void
on_late(void *arg)
{
	struct token_again *t = arg;

	disbelieve(t, t->rule, jwt_fault_name(JWT_KEY));
}

static const struct key_wait_ops key_wait_ops = { on_keys, on_late };

static bool
awaits_keys(struct token_again *t, size_t rule)
{
	bool has_waited = t->has_waited;

	t->has_waited = true;
	t->rule = rule;
	return !has_waited && key_wait_start(&t->wait, worker_of(t),
	    &t->rules->rules[rule], &key_wait_ops, t) == KEY_WAIT_STARTED;
}

static void
on_verdict(void *arg, const struct authn_verdict *v)
{
	struct token_again *t = arg;
	struct proxy_worker *w = worker_of(t);

	t->verifying = NULL;
	w->token_turns_busy--;
	loop_defer(w->env.loop, &w->token_turn);
	if (v->proof != NULL) {
		token_cache_put(w->tokens, t->key, v->proof);
		believe(t, v->proof);
	} else if (v->fault != JWT_KEY || !awaits_keys(t, v->rule)) {
		disbelieve(t, v->rule, jwt_fault_name(v->fault));
	} else if (t->is_claimed) {
		/* Policies do not wait as long as that may take. */
		authorize_request_again(t->ctx);
	}
}

/* False: the verifier has too much to do. */
static bool
judge(struct token_again *t)
{
	struct proxy_worker *w = worker_of(t);
	struct authn_proof *p;

	token_cache_key(w->tokens, t->rules, t->found, t->found_len, t->key);
	p = token_cache_get(w->tokens, t->key, came_s(t));
	if (p != NULL) {
		believe(t, p);
		return true;
	}
	t->verifying = verifier_start(w->plane->verifier, w->env.loop,
	    &(struct verifier_question){ t->rules, t->found, t->found_len,
	    came_s(t), SLICE("") }, on_verdict, t);
	w->token_turns_busy += t->verifying != NULL;
	return t->verifying != NULL;
}

static void
on_turn(void *arg)
{
	struct proxy_worker *w = arg;

	for (int i = 0; i < AT_ONCE_MAX && w->token_turns_busy < UNDER_WAY_MAX;
	    i++) {
		struct list *at = w->token_turns.next;

		if (at == &w->token_turns)
			return;
		list_remove(at);
		if (judge(list_entry(at, struct token_again, link)))
			continue;
		list_prepend(&w->token_turns, at);
		loop_timer_start(&w->token_retry, FULL_MS);
		return;
	}
	/* The end of one that is under way goes on. */
	if (w->token_turns_busy < UNDER_WAY_MAX)
		loop_defer_next(w->env.loop, &w->token_turn);
}

/* False: it was cut off. */
static bool
look(struct token_again *t)
{
	struct arena *a = l7_arena(t->ctx);
	bool are_few = true;

	t->found_len = 0;
	if (t->rules != NULL && t->head != NULL) {
		t->found = arena_alloc(a, sizeof(*t->found) * AUTHN_TOKENS_MAX);
		are_few = token_places_find(t->rules, t->head, a, t->found,
		    &t->found_len);
	}
	if (!are_few)
		disbelieve(t, 0, "too-many");
	else if (t->found_len == 0)
		claim(t, NULL);
	else
		queue(t);
	return are_few;
}

/* --- a request ------------------------------------------------------------------------ */

static struct token_again *
token_again_new(struct l7_ctx *ctx, const struct authenticated *past)
{
	struct token_again *t = arena_zalloc(l7_arena(ctx), sizeof(*t));

	t->ctx = ctx;
	/* Before there were rules; but a login's word stands in it, too. */
	t->head = past != NULL ? past->head : authenticate_token(ctx) != NULL ?
	    NULL : l7_request(ctx);
	t->is_claimed = past != NULL && past->has_token;
	return t;
}

static enum token_again_result
result_of(const struct token_again *t)
{
	bool is_waiting = list_is_linked(&t->wait.link) && !t->is_claimed;

	return list_is_linked(&t->link) || t->verifying != NULL || is_waiting ?
	    TOKEN_PENDING : TOKEN_KNOWN;
}

enum token_again_result
token_again(struct token_again **at, struct l7_ctx *ctx, struct authn *rules)
{
	const struct authenticated *past = authenticate_past(ctx);
	struct token_again *t = *at;

	if (rules == (t != NULL ? t->rules : past != NULL ? past->rules : NULL))
		return t == NULL ? TOKEN_KNOWN : result_of(t);
	if (t == NULL)
		t = *at = token_again_new(ctx, past);
	stop(t);
	authn_unref(t->rules);
	t->rules = rules == NULL ? NULL : authn_ref(rules);
	t->has_waited = false;
	return look(t) ? result_of(t) : TOKEN_CUT;
}

void
token_turns_init(struct proxy_worker *w)
{
	list_init(&w->token_turns);
	loop_task_init(&w->token_turn, on_turn, w);
	loop_timer_init(&w->token_retry, w->env.loop, on_turn, w);
}

void
token_turns_stop(struct proxy_worker *w)
{
	loop_timer_stop(&w->token_retry);
}
