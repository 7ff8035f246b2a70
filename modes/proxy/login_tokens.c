#include "base/clock.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/login_run.h"

#define PROVIDER_MS	5000
#define ANSWER_MAX	((size_t)64 << 10)	/* bytes of tokens */
#define FETCHES_MAX	64	/* of a worker, with providers */

/* --- tokens ----------------------------------------------------------------------- */

/* False: too many are under way. */
static bool
fetch_tokens(struct login_run *s, struct slice form,
    void (*done)(void *, const struct fetch_result *))
{
	struct proxy_worker *w = login_worker(s);
	const struct fetch_request q = {
		.handshaker = w->plane->options.handshaker,
		.url = s->login->token, .roots = s->login->roots,
		.allows_plain = true, .accept = SLICE("application/json"),
		.authorization = s->login->authorization, .form = form,
		.timeout_ms = PROVIDER_MS, .body_max = ANSWER_MAX,
		.files = w->plane->options.provider_files,
	};

	if (w->logins_len >= FETCHES_MAX)
		return false;
	w->logins_len++;
	s->fetch = fetch_start(w->env.loop, &q, done, s);
	return true;
}

static void
fetch_ended(struct login_run *s)
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

	fetch_ended(s);
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
	return fetch_tokens(s, login_code_form(&s->way, code,
	    login_redirect_url(s), a), on_code_answer) ? HOLD :
	    login_unavailable(s, "overload");
}

static void
on_refresh_answer(void *arg, const struct fetch_result *r)
{
	struct login_run *s = arg;

	fetch_ended(s);
	if (read_tokens(s, r, SLICE_NONE) == NULL && put_session(s)) {
		login_let_by(s);
		l7_resume(s->ctx, DIR_UP);
		return;
	}
	/* Another request may have had the new one: its session is not ended. */
	s->cookies.len = 0;
	if (is_down(r))
		login_unavailable(s, "no_answer");
	else
		login_challenge(s);
}

enum verdict
login_refresh(struct login_run *s)
{
	return fetch_tokens(s, login_refresh_form(s->session.refresh,
	    l7_arena(s->ctx)), on_refresh_answer) ? HOLD : login_challenge(s);
}

void
login_cancel(struct login_run *s)
{
	if (s->fetch == NULL)
		return;
	fetch_cancel(s->fetch);
	fetch_ended(s);
}
