#include "base/clock.h"
#include "base/mem.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/login_run.h"

#define PROVIDER_MS	5000
#define ANSWER_MAX	((size_t)64 << 10)	/* bytes of tokens */
#define FETCHES_MAX	64	/* of a worker, with providers */

/* --- tokens ----------------------------------------------------------------------- */

/* NULL: too many are under way. */
static struct fetch *
fetch_tokens(struct proxy_worker *w, const struct login *l, struct slice form,
    void (*done)(void *, const struct fetch_result *), void *arg)
{
	const struct fetch_request q = {
		.handshaker = w->plane->options.handshaker,
		.url = l->token, .roots = l->roots,
		.allows_plain = true, .accept = SLICE("application/json"),
		.authorization = l->authorization, .form = form,
		.timeout_ms = PROVIDER_MS, .body_max = ANSWER_MAX,
		.files = w->plane->options.provider_files,
	};

	if (w->logins_len >= FETCHES_MAX)
		return NULL;
	w->logins_len++;
	return fetch_start(w->env.loop, &q, done, arg);
}

static void
code_ended(struct login_run *s)
{
	s->fetch = NULL;
	login_worker(s)->logins_len--;
}

/* It may be asked again: it has not said no. */
static bool
is_down(const struct fetch_result *r)
{
	return r->err.kind != ERR_NONE || r->status >= 500 || r->status == 429;
}

/* NULL, or why there is no session. */
static const char *
read_tokens(struct login_run *s, const struct fetch_result *r,
    struct slice nonce)
{
	const char *why;

	if (r->err.kind != ERR_NONE || r->status != 200)
		return r->err.kind == ERR_DENIED ? "wrong_provider" :
		    is_down(r) ? "no_answer" : "refused_by_provider";
	why = login_tokens_read(s->login, r->body, nonce, clock_wall_s(),
	    l7_arena(s->ctx), &s->session);
	if (why != NULL && strcmp(why, jwt_fault_name(JWT_KEY)) == 0)
		login_want_provider(s);
	return why;
}

static bool
put_session(struct login_run *s)
{
	return login_session_put(&s->login->cookies, &s->session,
	    s->head->minor < 2, &s->cookies, l7_arena(s->ctx));
}

/* --- the way back ----------------------------------------------------------------- */

static void
on_code_answer(void *arg, const struct fetch_result *r)
{
	struct login_run *s = arg;
	const char *why;

	code_ended(s);
	why = read_tokens(s, r, s->way.nonce);
	if (why == NULL && !put_session(s))
		why = "too_large";
	login_answer(s, why == NULL ? &(struct login_answer){ 302, "logged in",
	    s->way.back, "done" } : &(struct login_answer){ 502,
	    "login failed; try again", SLICE_NONE, why });
}

bool
login_take_way(struct login_run *s, const struct login *l)
{
	struct slice state = login_param(s->head->query, "state",
	    l7_arena(s->ctx));

	s->cookies.len = 0;
	s->has_way = state.ptr != NULL && login_way_take(&l->cookies, state,
	    clock_wall_s(), &s->head->fields, &s->cookies, l7_arena(s->ctx),
	    &s->way);
	return s->has_way;
}

enum verdict
login_come_back(struct login_run *s)
{
	struct arena *a = l7_arena(s->ctx);
	struct slice query = s->head->query;
	struct slice code = login_param(query, "code", a);
	struct answer {
		bool                is_so;
		struct login_answer text;
	} v[] = {
		{ !s->has_way, { 400, "this login is too old, or began "
		    "elsewhere; go back and try again", SLICE_NONE, "state" } },
		{ login_is_from_another(s->login, query, a), { 400, "somebody "
		    "else answers for this login", SLICE_NONE, "issuer" } },
		{ code.len == 0, { 403, "login was refused", SLICE_NONE,
		    "refused" } },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (v[i].is_so) {
			login_answer(s, &v[i].text);
			return STOP;
		}
	s->fetch = fetch_tokens(login_worker(s), s->login,
	    login_code_form(&s->way, code, login_redirect_url(s), a),
	    on_code_answer, s);
	return s->fetch != NULL ? HOLD : login_unavailable(s, "overload");
}

/* --- the next tokens ---------------------------------------------------------------- */

/*
 * A refresh token that is with the provider.  It goes on when the request that
 * began it ends: what is said is the session of the browser's other requests.
 */
struct spending {
	struct proxy_worker *worker;
	struct login        *login;	/* counted */
	struct fetch        *fetch;
	struct loop_task     last;	/* the loop ends */
	uint8_t              key[HASH_LEN];
};

static void
spent(struct spending *p, const struct fetch_result *r)
{
	struct proxy_worker *w = p->worker;

	login_flights_end(w->plane->logins, p->key, r, !is_down(r),
	    loop_now_ms(w->env.loop));
	loop_task_cancel(&p->last);
	w->logins_len--;
	login_unref(p->login);
	mem_free(p);
}

static void
on_spent(void *arg, const struct fetch_result *r)
{
	spent(arg, r);
}

static void
on_loop_end(void *arg)
{
	struct spending *p = arg;
	struct fetch_result none = { .err = ERR_INIT };

	fetch_cancel(p->fetch);
	err_set(&none.err, ERR_UNAVAILABLE, "the proxy ends");
	spent(p, &none);
}

/* What comes of it, be it that too many are under way, all who wait are told. */
static void
spend(struct login_run *s, const uint8_t key[HASH_LEN])
{
	struct proxy_worker *w = login_worker(s);
	struct spending *p = mem_zalloc(sizeof(*p));
	struct fetch_result none = { .err = ERR_INIT };

	memcpy(p->key, key, HASH_LEN);
	p->worker = w;
	p->fetch = fetch_tokens(w, s->login, login_refresh_form(
	    s->session.refresh, l7_arena(s->ctx)), on_spent, p);
	if (p->fetch == NULL) {
		mem_free(p);
		err_set(&none.err, ERR_TOO_MANY, "too many logins are under way");
		login_flights_end(w->plane->logins, key, &none, false,
		    loop_now_ms(w->env.loop));
		return;
	}
	p->login = login_ref(s->login);
	loop_task_init(&p->last, on_loop_end, p);
	loop_at_end(w->env.loop, &p->last);
}

static void
on_refresh_answer(void *arg, const struct fetch_result *r)
{
	struct login_run *s = arg;

	s->ticket = NULL;
	if (read_tokens(s, r, SLICE_NONE) == NULL && put_session(s)) {
		login_let_by(s);
		l7_resume(s->ctx, DIR_UP);
		return;
	}
	/* Another proxy may have had the new one: its session is not ended. */
	s->cookies.len = 0;
	if (is_down(r))
		login_unavailable(s, "no_answer");
	else
		login_challenge(s);
}

/* The token of one document; who has another's cannot know it. */
static void
key_of(const struct login_run *s, uint8_t key[HASH_LEN])
{
	const struct slice parts[] = { slice_str(s->login->doc->key),
		SLICE(" "), s->session.refresh };

	hash_sha256(key, arena_join(l7_arena(s->ctx), parts, 3));
}

enum verdict
login_refresh(struct login_run *s)
{
	struct proxy_worker *w = login_worker(s);
	uint8_t key[HASH_LEN];
	bool leads;

	key_of(s, key);
	s->ticket = login_flights_join(w->plane->logins, key, w->env.loop,
	    on_refresh_answer, s, &leads);
	if (leads)
		spend(s, key);
	return HOLD;
}

void
login_cancel(struct login_run *s)
{
	if (s->ticket != NULL)
		login_flights_leave(login_worker(s)->plane->logins, s->ticket);
	s->ticket = NULL;
	if (s->fetch == NULL)
		return;
	fetch_cancel(s->fetch);
	code_ended(s);
}
