#include "base/clock.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/login_forward.h"
#include "route/query.h"
#include "upstream/fetch.h"

#define PROVIDER_MS	5000
#define ANSWER_MAX	((size_t)64 << 10)	/* bytes of tokens */
#define FETCHES_MAX	64	/* of a worker, with providers */

struct state {
	struct l7_ctx        *ctx;
	struct http_head     *head;
	struct login         *login;	/* counted */
	struct fetch         *fetch;
	struct login_way      way;	/* of a callback */
	struct login_session  session;	/* of a refresh */
	struct http_fields    cookies;	/* that the answer sets */
};

static struct proxy_worker *
worker_of(const struct state *s)
{
	return l7_env(s->ctx)->mode;
}

/* --- answers ---------------------------------------------------------------------- */

struct answer {
	int          status;
	const char  *text;
	struct slice location;	/* or absent */
	const char  *details;	/* for the log */
};

static void
answer(struct state *s, const struct answer *a)
{
	struct arena *arena = l7_arena(s->ctx);
	struct http_head *head = arena_alloc(arena, sizeof(*head));
	struct buf body = { 0 };

	http_head_init(head, arena);
	head->status = a->status;
	http_fields_add(&head->fields, SLICE("cache-control"),
	    SLICE("no-store"));
	if (a->location.ptr != NULL)
		http_fields_add_id(&head->fields, FIELD_LOCATION, a->location);
	for (size_t i = 0; i < s->cookies.len; i++)
		http_fields_add_id(&head->fields, FIELD_SET_COOKIE,
		    s->cookies.v[i].value);
	http_fields_add_id(&head->fields, FIELD_CONTENT_TYPE,
	    SLICE("text/plain"));
	buf_addf(&body, "%s\n", a->text);
	l7_reply_with(s->ctx, head, &body, a->status < 400 ? FLAG_NONE :
	    FLAG_UAEX, a->status < 400 ? "" : "login");
	buf_fini(&body);
	l7_summary(s->ctx)->details = a->details;
}

static const char *
because(const struct state *s, const char *why)
{
	return arena_printf(l7_arena(s->ctx), "login[%s]", why);
}

/* The next one may find keys, or addresses, that are not there yet. */
static void
want_provider(const struct state *s)
{
	const struct proxy_worker *w = worker_of(s);
	const struct data_plane_options *o = &w->plane->options;
	const struct authn_rule *r = &s->login->rule;

	if (r->source.len > 0 && o->want_keys != NULL &&
	    issuer_keys_ask(r->keys, loop_now_ms(w->env.loop)) ==
	    ISSUER_KEYS_ASK)
		o->want_keys(o->arg, r->source);
}

static enum verdict
unavailable(struct state *s, const char *why)
{
	want_provider(s);
	answer(s, &(struct answer){ 503, "login is not possible now",
	    SLICE_NONE, because(s, why) });
	return STOP;
}

/* --- to the provider -------------------------------------------------------------- */

static struct slice
redirect_url(const struct state *s)
{
	const struct slice parts[] = { SLICE("https://"), s->head->authority,
		s->login->callback };

	return s->login->redirect_url.ptr != NULL ? s->login->redirect_url :
	    arena_join(l7_arena(s->ctx), parts, 3);
}

static bool
is_https(const struct state *s)
{
	return l7_peer(s->ctx)->is_tls || slice_is(http_fields_get(
	    &s->head->fields, FIELD_X_FORWARDED_PROTO), "https");
}

/* Somebody who goes where an answer leads, and can be asked there. */
static bool
is_browser(const struct http_head *h)
{
	struct slice accept = http_fields_get(&h->fields, FIELD_ACCEPT);

	return (h->method_id == METHOD_GET || h->method_id == METHOD_HEAD) &&
	    accept.ptr != NULL && memmem(accept.ptr, accept.len, "text/html",
	    9) != NULL;
}

static struct slice
path_of(const struct state *s)
{
	const struct http_head *h = s->head;
	const struct slice parts[] = { h->path, SLICE("?"), h->query };

	return arena_join(l7_arena(s->ctx), parts, h->query.ptr == NULL ? 1 :
	    3);
}

/* Cookies are for https alone; where that is, is known of the usual ports. */
static enum verdict
to_https(struct state *s)
{
	const struct http_head *h = s->head;
	bool is_usual = h->port == 0 || h->port == 80;
	struct slice parts[] = { SLICE("https://"), h->authority, path_of(s) };

	if (h->port == 80)
		parts[1].len -= strlen(":80");
	answer(s, is_usual ? &(struct answer){ 302, "to https",
	    arena_join(l7_arena(s->ctx), parts, 3), because(s, "https") } :
	    &(struct answer){ 403, "login needs https", SLICE_NONE,
	    because(s, "plain") });
	return STOP;
}

static enum verdict
challenge(struct state *s)
{
	const struct login *l = s->login;
	struct arena *a = l7_arena(s->ctx);
	struct login_way way;

	if (!is_browser(s->head)) {
		answer(s, &(struct answer){ 401, "login is needed", SLICE_NONE,
		    because(s, "needed") });
		return STOP;
	}
	if (l->is_secure && !is_https(s))
		return to_https(s);
	login_way_new(&way, path_of(s), clock_wall_s(), a);
	login_way_put(&l->cookies, &way, &s->cookies, a);
	answer(s, &(struct answer){ 302, "to login", login_address(l, &way,
	    redirect_url(s), a), because(s, "begun") });
	return STOP;
}

/* --- tokens ----------------------------------------------------------------------- */

/* False: too many are under way. */
static bool
fetch_tokens(struct state *s, struct slice form,
    void (*done)(void *, const struct fetch_result *))
{
	struct proxy_worker *w = worker_of(s);
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
fetch_ended(struct state *s)
{
	s->fetch = NULL;
	worker_of(s)->logins_len--;
}

/* NULL, or why there is no session. */
static const char *
read_tokens(struct state *s, const struct fetch_result *r, struct slice nonce)
{
	const char *why;

	if (r->err.kind != ERR_NONE || r->status != 200)
		return r->err.kind == ERR_NONE ? "refused_by_provider" :
		    r->err.kind == ERR_DENIED ? "wrong_provider" :
		    "no_answer";
	why = login_tokens_read(s->login, r->body, nonce, clock_wall_s(),
	    l7_arena(s->ctx), &s->session);
	if (why != NULL && strcmp(why, jwt_fault_name(JWT_KEY)) == 0)
		want_provider(s);
	return why;
}

static bool
put_session(struct state *s)
{
	return login_session_put(&s->login->cookies, &s->session, &s->cookies,
	    l7_arena(s->ctx));
}

static void
let_by(struct state *s)
{
	struct arena *a = l7_arena(s->ctx);
	struct authz_token *token = arena_alloc(a, sizeof(*token));

	authn_token(token, a, s->session.claims, NULL, 0);
	authenticate_as(s->ctx, token);
	l7_summary(s->ctx)->is_personal = true;
	login_forward_put(s->login, &s->session, s->head, a);
}

/* --- the way back ----------------------------------------------------------------- */

static void
on_code_answer(void *arg, const struct fetch_result *r)
{
	struct state *s = arg;
	const char *why;

	fetch_ended(s);
	why = read_tokens(s, r, s->way.nonce);
	if (why == NULL && !put_session(s))
		why = "too_large";
	answer(s, why == NULL ? &(struct answer){ 302, "logged in",
	    s->way.back, because(s, "done") } : &(struct answer){ 502,
	    "login failed; try again", SLICE_NONE, because(s, why) });
}

static struct slice
param(const struct state *s, const char *name)
{
	struct arena *a = l7_arena(s->ctx);
	struct slice raw;
	size_t len;

	if (!query_find(s->head->query, slice_str(name), &raw))
		return SLICE_NONE;
	char *to = arena_alloc(a, raw.len + 1);

	query_decode(raw, to, raw.len, &len);
	return slice_of(to, len);
}

static enum verdict
come_back(struct state *s)
{
	struct arena *a = l7_arena(s->ctx);
	struct slice state = param(s, "state"), code = param(s, "code");

	if (state.ptr == NULL || !login_way_take(&s->login->cookies, state,
	    clock_wall_s(), &s->head->fields, &s->cookies, a, &s->way)) {
		answer(s, &(struct answer){ 400, "this login is too old, or "
		    "began elsewhere; go back and try again", SLICE_NONE,
		    because(s, "state") });
		return STOP;
	}
	if (code.len == 0) {
		answer(s, &(struct answer){ 403, "login was refused",
		    SLICE_NONE, because(s, "refused") });
		return STOP;
	}
	return fetch_tokens(s, login_code_form(&s->way, code, redirect_url(s),
	    a), on_code_answer) ? HOLD : unavailable(s, "overload");
}

static void
on_refresh_answer(void *arg, const struct fetch_result *r)
{
	struct state *s = arg;

	fetch_ended(s);
	if (read_tokens(s, r, SLICE_NONE) == NULL && put_session(s)) {
		let_by(s);
		l7_resume(s->ctx, DIR_UP);
		return;
	}
	/* Another request may have had the new one: its session is not ended. */
	s->cookies.len = 0;
	challenge(s);
}

static enum verdict
log_out(struct state *s)
{
	const struct login *l = s->login;
	struct arena *a = l7_arena(s->ctx);
	const struct slice home[] = { l->is_secure ? SLICE("https://") :
	    SLICE("http://"), s->head->authority, SLICE("/") };
	struct str query = { 0 };
	struct slice to = SLICE("/");

	login_session_put(&l->cookies, NULL, &s->cookies, a);
	if (l->end_session.len > 0) {
		query_add(&query, "client_id", l->client_id);
		query_add(&query, "post_logout_redirect_uri",
		    arena_join(a, home, 3));
		to = slice_str(arena_printf(a, "%.*s%c%s",
		    SLICE_ARG(l->end_session),
		    slice_find(l->end_session, '?') < 0 ? '?' : '&',
		    str_ptr(&query)));
		str_fini(&query);
	}
	answer(s, &(struct answer){ 302, "logged out", to,
	    because(s, "ended") });
	return STOP;
}

/* --- the request ------------------------------------------------------------------ */

static struct login *
find_login(struct state *s)
{
	const struct proxy_worker *w = worker_of(s);
	struct authorize_at at;
	struct addr room;

	authorize_find(w, l7_listener_name(s->ctx), l7_peer(s->ctx),
	    l7_local(s->ctx, &room), false, &at);
	return at.login == NULL ? NULL : login_ref(at.login);
}

/* No application's affair, whoever asks. */
static bool
is_own(const struct login *l, const struct http_head *h)
{
	return slice_eq(h->path, l->callback) || slice_eq(h->path, l->logout);
}

static enum verdict
look(struct state *s)
{
	const struct login *l = s->login;
	struct arena *a = l7_arena(s->ctx);

	if (l->barred != NULL)
		return unavailable(s, l->barred);
	if (slice_eq(s->head->path, l->callback))
		return come_back(s);
	if (slice_eq(s->head->path, l->logout))
		return log_out(s);
	if (!login_session_get(&l->cookies, &s->head->fields, a, &s->session))
		return challenge(s);
	if (clock_wall_s() < s->session.until_s) {
		let_by(s);
		return PASS;
	}
	if (s->session.refresh.len > 0 && fetch_tokens(s, login_refresh_form(
	    s->session.refresh, a), on_refresh_answer))
		return HOLD;
	return challenge(s);
}

void
login_enter(const struct gateway_front *f, struct l7_ctx *ctx,
    struct http_head *h)
{
	struct l7_summary *sum = l7_summary(ctx);

	if (f == NULL || f->login == NULL)
		return;
	login_forward_clear(f->login, &h->fields);
	if (slice_eq(h->path, f->login->callback))
		sum->query = login_query_hide(sum->query, l7_arena(ctx));
}

/* Where nobody logs in, a request costs no more than this. */
struct slot {
	struct state *state;	/* NULL: nothing is asked; in the arena */
};

static enum verdict
come_in(struct l7_ctx *ctx, struct http_head *h)
{
	const struct proxy_worker *w = l7_env(ctx)->mode;
	struct slot *slot = ctx->state;
	struct state *s;

	if (w->snapshot->logins_len == 0)
		return PASS;
	s = slot->state = arena_zalloc(l7_arena(ctx), sizeof(*s));
	s->ctx = ctx;
	s->head = h;
	s->login = find_login(s);
	if (s->login == NULL)
		return PASS;
	if (authenticate_token(ctx) != NULL && !is_own(s->login, h)) {
		login_cookies_strip(&s->login->cookies, &h->fields,
		    l7_arena(ctx));
		return PASS;
	}
	http_fields_init(&s->cookies, l7_arena(ctx));
	return look(s);
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct slot *slot = ctx->state;
	const struct state *s = slot->state;

	(void)end;
	if (dir == DIR_UP)
		return l7_conn(ctx) == NULL ? PASS : come_in(ctx, h);
	for (size_t i = 0; s != NULL && i < s->cookies.len; i++)
		http_fields_add_id(&h->fields, FIELD_SET_COOKIE,
		    s->cookies.v[i].value);
	return PASS;
}

/* Some applications take what stands there for fields of the head. */
static enum verdict
trailers(struct l7_ctx *ctx, enum dir dir, struct http_fields *t)
{
	const struct slot *slot = ctx->state;
	const struct state *s = slot->state;

	if (dir == DIR_UP && s != NULL && s->login != NULL)
		login_forward_clear(s->login, t);
	return PASS;
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct slot *slot = ctx->state;
	struct state *s = slot->state;

	(void)sum;
	if (s == NULL)
		return;
	if (s->fetch != NULL) {
		fetch_cancel(s->fetch);
		fetch_ended(s);
	}
	login_unref(s->login);
	slot->state = NULL;
}

static bool
concerns(const struct worker_env *env)
{
	const struct proxy_worker *w = env->mode;

	return w->snapshot->logins_len > 0;
}

const struct l7_filter login_requests = {
	.base = { .name = "login", .state_size = sizeof(struct slot) },
	.head = head, .trailers = trailers, .done = done, .concerns = concerns,
};
