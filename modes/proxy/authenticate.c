#include <string.h>

#include "base/clock.h"
#include "filter/token_places.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/key_wait.h"
#include "modes/proxy/verifier.h"
#include "policy/token_cache.h"
#include "stat/metrics.h"

#define NOTE		"token"
#define PAST		"authenticated"

struct state {
	struct l7_ctx      *ctx;
	struct http_head   *head;
	struct authn       *rules;	/* counted */
	struct slice        service;	/* asked for; in the arena */
	struct authn_found *found;
	size_t              found_len;
	uint8_t             key[HASH_LEN];	/* in the worker's cache */
	struct verifying   *verifying;
	struct authn_proof *proof;	/* counted */
	struct key_wait     wait;
	bool                has_waited;
	struct authenticated past;
};

static enum verdict look(struct state *);
static struct authn *find_rules(struct state *);

static struct proxy_worker *
worker_of(struct l7_ctx *ctx)
{
	return l7_env(ctx)->mode;
}

const struct authz_token *
authenticate_token(struct l7_ctx *ctx)
{
	return l7_note_get(ctx, NOTE);
}

void
authenticate_as(struct l7_ctx *ctx, struct authz_token *token)
{
	l7_note_set(ctx, NOTE, token);
}

/* --- outcomes --------------------------------------------------------------------- */

static void
count(const struct state *s, const char *outcome)
{
	struct slice labels[3];

	metric_service(labels, s->service);
	labels[2] = slice_str(outcome);
	worker_env_count(l7_env(s->ctx), METRIC_TOKENS, labels, 3, 1);
}

/* RFC 6750, section 3.1; the rest is for who reads the log. */
void
authenticate_refuse(struct l7_ctx *ctx, const char *why)
{
	struct arena *a = l7_arena(ctx);
	struct http_head *head = arena_alloc(a, sizeof(*head));
	struct buf body = { 0 };

	http_head_init(head, a);
	head->status = 401;
	http_fields_add(&head->fields, SLICE("www-authenticate"),
	    SLICE("Bearer error=\"invalid_token\""));
	http_fields_add_id(&head->fields, FIELD_CONTENT_TYPE,
	    SLICE("text/plain"));
	buf_addf(&body, "invalid token\n");
	l7_reply_with(ctx, head, &body, FLAG_UAEX, "invalid_token");
	buf_fini(&body);
	l7_summary(ctx)->details = arena_printf(a, "invalid_token[%s]", why);
}

static void
refuse(struct state *s, const char *why)
{
	count(s, why);
	authenticate_refuse(s->ctx, why);
}

static void
let_by(struct state *s, struct authn_proof *p, const char *outcome)
{
	struct arena *a = l7_arena(s->ctx);

	s->proof = p;
	s->past.has_token = true;
	count(s, outcome);
	l7_summary(s->ctx)->is_personal = true;
	token_places_strip(s->rules, p, s->head, a);
	token_outputs_put(s->rules, p, s->head, a);
	authenticate_as(s->ctx, &p->token);
}

static void
overload(struct state *s)
{
	count(s, "overload");
	l7_reply(s->ctx, 503, FLAG_OM, "token_overload", SLICE_NONE);
}

/* --- waiting for keys ------------------------------------------------------------- */

static void
on_keys(void *arg)
{
	struct state *s = arg;

	authn_unref(s->rules);
	if (look(s) == PASS)
		l7_resume(s->ctx, DIR_UP);
}

static void
on_late(void *arg)
{
	refuse(arg, "key");
}

static const struct key_wait_ops key_wait_ops = { on_keys, on_late };

/* False: there are no others, or nobody who could be asked. */
static bool
awaits_keys(struct state *s, size_t rule)
{
	enum key_wait_result r = s->has_waited ? KEY_WAIT_FINAL :
	    key_wait_start(&s->wait, worker_of(s->ctx), &s->rules->rules[rule],
	    &key_wait_ops, s);

	s->has_waited = true;
	if (r == KEY_WAIT_FULL)
		overload(s);
	return r != KEY_WAIT_FINAL;
}

/* Keys may have come while it was judged without: nobody waits for them. */
static bool
is_judged_by_old(struct state *s)
{
	struct authn *now = find_rules(s);

	authn_unref(now);
	return now != s->rules;
}

static void
on_verdict(void *arg, const struct authn_verdict *v)
{
	struct state *s = arg;

	s->verifying = NULL;
	if (v->proof == NULL) {
		if (is_judged_by_old(s))
			on_keys(s);
		else if (v->fault != JWT_KEY || !awaits_keys(s, v->rule))
			refuse(s, jwt_fault_name(v->fault));
		return;
	}
	token_cache_put(worker_of(s->ctx)->tokens, s->key, v->proof);
	let_by(s, v->proof, "verified");
	l7_resume(s->ctx, DIR_UP);
}

/* --- the request ------------------------------------------------------------------ */

/* Whose tokens they are to the verifier. */
static struct slice
peer_of(const struct state *s, char ip[ADDR_TEXT_MAX])
{
	const struct conn_peer *peer = l7_peer(s->ctx);
	struct addr room;

	if (peer->id[0] != '\0')
		return slice_str(peer->id);
	addr_format_ip(conn_addr(l7_conn(s->ctx), &room), ip);
	return slice_str(ip);
}

/* Known, or to be waited for. */
static enum verdict
judge(struct state *s)
{
	struct proxy_worker *w = worker_of(s->ctx);
	char ip[ADDR_TEXT_MAX];
	struct authn_proof *p;

	token_cache_key(w->tokens, s->rules, s->found, s->found_len, s->key);
	p = token_cache_get(w->tokens, s->key, clock_wall_s());
	if (p != NULL) {
		let_by(s, p, "known");
		return PASS;
	}
	s->verifying = verifier_start(w->plane->verifier, w->env.loop,
	    &(struct verifier_question){ s->rules, s->found, s->found_len,
	    clock_wall_s(), peer_of(s, ip) }, on_verdict, s);
	if (s->verifying != NULL)
		return HOLD;
	overload(s);
	return STOP;
}

/* The rules of what is asked for; NULL: there are none. */
static struct authn *
find_rules(struct state *s)
{
	struct proxy_worker *w = worker_of(s->ctx);
	struct authorize_at at;
	struct addr room;

	authorize_find(w, l7_listener_name(s->ctx),
	    l7_peer(s->ctx), l7_local(s->ctx, &room), false, &at);
	if (at.rules == NULL)
		return NULL;
	s->service = arena_dup(l7_arena(s->ctx), at.service);
	return authn_ref(at.rules);
}

/*
 * What is taken out of it here is looked for again there, and what others put
 * into it, as a login's or a provider's word, is not.
 */
static struct http_head *
as_it_came(const struct http_head *head, struct arena *a)
{
	struct http_head *h = arena_alloc(a, sizeof(*h));
	size_t size = head->fields.len * sizeof(*h->fields.v);

	*h = *head;
	h->fields.v = arena_alloc(a, size + 1);
	memcpy(h->fields.v, head->fields.v, size);
	h->fields.cap = h->fields.len;
	return h;
}

const struct authenticated *
authenticate_past(struct l7_ctx *ctx)
{
	return l7_note_get(ctx, PAST);
}

static enum verdict
look(struct state *s)
{
	struct arena *a = l7_arena(s->ctx);
	struct l7_summary *sum = l7_summary(s->ctx);
	bool are_few;

	s->rules = find_rules(s);
	s->past = (struct authenticated){ s->rules, s->head, false };
	if (s->rules == NULL)
		return PASS;
	s->found = arena_alloc(a, sizeof(*s->found) * AUTHN_TOKENS_MAX);
	are_few = token_places_find(s->rules, s->head, a, s->found,
	    &s->found_len);
	s->past.head = as_it_came(s->head, a);
	l7_note_set(s->ctx, PAST, &s->past);
	token_outputs_clear(s->rules, &s->head->fields);
	sum->query = token_places_hide(s->rules, sum->query, a);
	if (!are_few) {
		refuse(s, "too-many");
		return STOP;
	}
	return s->found_len == 0 ? PASS : judge(s);
}

/* Where no rules are in force, a request costs no more than this. */
struct slot {
	struct state *state;	/* NULL: nothing is asked; in the arena */
};

static enum verdict
request_head(struct l7_ctx *ctx, enum dir dir, struct http_head *head, bool end)
{
	const struct proxy_worker *w = l7_env(ctx)->mode;
	struct slot *slot = ctx->state;

	(void)end;
	if (dir == DIR_DOWN || l7_conn(ctx) == NULL ||
	    w->snapshot->authn_len == 0)
		return PASS;
	slot->state = arena_zalloc(l7_arena(ctx), sizeof(*slot->state));
	slot->state->ctx = ctx;
	slot->state->head = head;
	return look(slot->state);
}

/* Some applications take what stands there for fields of the head. */
static enum verdict
request_trailers(struct l7_ctx *ctx, enum dir dir, struct http_fields *t)
{
	const struct slot *slot = ctx->state;
	const struct state *s = slot->state;

	if (dir == DIR_UP && s != NULL && s->rules != NULL)
		token_outputs_clear(s->rules, t);
	return PASS;
}

static void
request_done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct slot *slot = ctx->state;
	struct state *s = slot->state;

	(void)sum;
	if (s == NULL)
		return;
	if (s->verifying != NULL)
		verifier_cancel(s->verifying);
	s->verifying = NULL;
	key_wait_stop(&s->wait);
	authn_proof_unref(s->proof);
	authn_unref(s->rules);
	s->proof = NULL;
	s->rules = NULL;
}

static bool
concerns(const struct worker_env *env)
{
	const struct proxy_worker *w = env->mode;

	return w->snapshot->authn_len > 0;
}

const struct l7_filter authenticate_requests = {
	.base = { .name = "authentication",
	    .state_size = sizeof(struct slot) },
	.head = request_head, .trailers = request_trailers,
	.done = request_done, .concerns = concerns,
};
