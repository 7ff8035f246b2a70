#include "base/clock.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/login_forward.h"
#include "modes/proxy/login_place.h"
#include "modes/proxy/login_run.h"

struct proxy_worker *
login_worker(const struct login_run *s)
{
	return l7_env(s->ctx)->mode;
}

/* NULL: it came in at no Gateway, or nobody logs in there. */
static const struct gateway_front *
front_of(struct l7_ctx *ctx)
{
	struct authorize_at at;
	struct addr room;

	authorize_find(l7_env(ctx)->mode, l7_listener_name(ctx), l7_peer(ctx),
	    l7_local(ctx, &room), false, &at);
	return at.front == NULL || at.front->logins_len == 0 ? NULL : at.front;
}

/* Of all documents there: a neighbour's session is no application's either. */
static void
strip_cookies(struct l7_ctx *ctx, struct http_head *h)
{
	const struct gateway_front *f = front_of(ctx);

	for (size_t i = 0; f != NULL && i < f->logins_len; i++)
		login_cookies_strip(&f->logins[i].login->cookies, &h->fields,
		    l7_arena(ctx));
}

void
login_let_by(struct login_run *s)
{
	struct arena *a = l7_arena(s->ctx);
	struct authz_token *token = arena_alloc(a, sizeof(*token));

	authn_token(token, a, s->session.claims, NULL, 0);
	authenticate_as(s->ctx, token);
	l7_summary(s->ctx)->is_personal = true;
	login_forward_put(s->login, &s->session, s->head, a);
	strip_cookies(s->ctx, s->head);
}

/* --- whose request it is ------------------------------------------------------------- */

/*
 * The way back may come to a path that is another document's, or nobody's: whose
 * it is, is who can read the browser's cookie.
 */
static struct login *
find_way(struct login_run *s, const struct gateway_front *f)
{
	for (size_t i = 0; i < f->logins_len; i++) {
		struct login *l = f->logins[i].login;

		if (l->barred == NULL && slice_eq(s->head->path, l->callback) &&
		    login_take_way(s, l))
			return l;
	}
	s->cookies.len = 0;
	return NULL;
}

/* Likewise who wants to leave, where no rule takes the path. */
static struct login *
find_session(struct login_run *s, const struct gateway_front *f)
{
	for (size_t i = 0; i < f->logins_len; i++) {
		struct login *l = f->logins[i].login;

		if (l->barred == NULL && slice_eq(s->head->path, l->logout) &&
		    login_session_get(&l->cookies, &s->head->fields,
		    l7_arena(s->ctx), &s->session))
			return l;
	}
	return NULL;
}

/* False: it is nobody's.  Whose callback it is, its way is in s->way. */
static bool
find_login(struct login_run *s, const struct gateway_front *f)
{
	const struct login_asked asked = login_asked_of(s->ctx);
	struct login *l = find_way(s, f);

	if (l == NULL)
		l = login_place_find(f->logins, f->logins_len, &asked);
	if (l == NULL && asked.rule == NULL)
		l = find_session(s, f);
	s->login = l == NULL ? NULL : login_ref(l);
	return l != NULL;
}

/* --- the request ------------------------------------------------------------------ */

static enum verdict
look(struct login_run *s)
{
	const struct login *l = s->login;
	bool is_back = slice_eq(s->head->path, l->callback);
	bool is_out = slice_eq(s->head->path, l->logout);

	/* Those two are no application's affair, whoever asks. */
	if (!is_back && !is_out && authenticate_token(s->ctx) != NULL) {
		strip_cookies(s->ctx, s->head);
		return PASS;
	}
	if (l->barred != NULL)
		return login_unavailable(s, l->barred);
	if (is_back)
		return login_come_back(s);
	if (is_out)
		return login_log_out(s);
	if (!login_session_get(&l->cookies, &s->head->fields, l7_arena(s->ctx),
	    &s->session))
		return login_challenge(s);
	if (clock_wall_s() < s->session.until_s) {
		login_let_by(s);
		return PASS;
	}
	return s->session.refresh.len > 0 ? login_refresh(s) :
	    login_challenge(s);
}

/* Where nobody logs in, a request costs no more than this. */
struct slot {
	struct login_run *run;	/* NULL: nothing is asked; in the arena */
};

static enum verdict
come_in(struct l7_ctx *ctx, struct http_head *h)
{
	const struct proxy_worker *w = l7_env(ctx)->mode;
	const struct gateway_front *f = w->snapshot->logins_len == 0 ? NULL :
	    front_of(ctx);
	struct slot *slot = ctx->state;
	struct login_run *s;

	if (f == NULL)
		return PASS;
	s = slot->run = arena_zalloc(l7_arena(ctx), sizeof(*s));
	s->ctx = ctx;
	s->head = h;
	http_fields_init(&s->cookies, l7_arena(ctx));
	if (find_login(s, f))
		return look(s);
	strip_cookies(ctx, h);
	return PASS;
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct slot *slot = ctx->state;
	const struct login_run *s = slot->run;

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
	const struct gateway_front *f = dir == DIR_DOWN || slot->run == NULL ?
	    NULL : front_of(ctx);

	for (size_t i = 0; f != NULL && i < f->logins_len; i++)
		login_forward_clear(f->logins[i].login, t);
	return PASS;
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct slot *slot = ctx->state;
	struct login_run *s = slot->run;

	(void)sum;
	if (s == NULL)
		return;
	login_cancel(s);
	login_unref(s->login);
	slot->run = NULL;
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
