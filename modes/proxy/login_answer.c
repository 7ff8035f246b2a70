#include "base/clock.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/login_run.h"
#include "route/query.h"

/* --- answers ---------------------------------------------------------------------- */

void
login_answer(struct login_run *s, const struct login_answer *a)
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
	http_fields_add_id(&head->fields, FIELD_CONTENT_TYPE, a->text[0] == '<' ?
	    SLICE("text/html") : SLICE("text/plain"));
	http_fields_add(&head->fields, SLICE("content-security-policy"),
	    SLICE("default-src 'none'; frame-ancestors 'none'"));
	buf_addf(&body, "%s\n", a->text);
	l7_reply_with(s->ctx, head, &body, a->status < 400 ? FLAG_NONE :
	    FLAG_UAEX, a->status < 400 ? "" : "login");
	buf_fini(&body);
	l7_summary(s->ctx)->details = arena_printf(arena, "login[%s]",
	    a->details);
}

void
login_want_provider(const struct login_run *s)
{
	const struct proxy_worker *w = login_worker(s);
	const struct data_plane_options *o = &w->plane->options;
	const struct authn_rule *r = &s->login->rule;

	if (r->source.len > 0 && o->want_keys != NULL &&
	    issuer_keys_ask(r->keys, loop_now_ms(w->env.loop)) ==
	    ISSUER_KEYS_ASK)
		o->want_keys(o->arg, r->source);
}

enum verdict
login_unavailable(struct login_run *s, const char *why)
{
	login_want_provider(s);
	login_answer(s, &(struct login_answer){ 503, "login is not possible now",
	    SLICE_NONE, why });
	return STOP;
}

/* --- to the provider -------------------------------------------------------------- */

struct slice
login_redirect_url(const struct login_run *s)
{
	const struct slice parts[] = { SLICE("https://"), s->head->authority,
		s->login->callback };

	return s->login->redirect_url.ptr != NULL ? s->login->redirect_url :
	    arena_join(l7_arena(s->ctx), parts, 3);
}

static bool
is_https(const struct login_run *s)
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
path_of(const struct login_run *s)
{
	const struct http_head *h = s->head;
	const struct slice parts[] = { h->path, SLICE("?"), h->query };

	return arena_join(l7_arena(s->ctx), parts, h->query.ptr == NULL ? 1 :
	    3);
}

/* Cookies are for https alone; where that is, is known of the usual ports. */
static enum verdict
to_https(struct login_run *s)
{
	const struct http_head *h = s->head;
	bool is_usual = h->port == 0 || h->port == 80;
	struct slice parts[] = { SLICE("https://"), h->authority, path_of(s) };

	if (h->port == 80)
		parts[1].len -= strlen(":80");
	login_answer(s, is_usual ? &(struct login_answer){ 302, "to https",
	    arena_join(l7_arena(s->ctx), parts, 3), "https" } :
	    &(struct login_answer){ 403, "login needs https", SLICE_NONE,
	    "plain" });
	return STOP;
}

/* Where it is too long for a cookie, to what is left of it. */
static void
begin(struct login_run *s, struct login_way *way)
{
	struct arena *a = l7_arena(s->ctx);
	const struct http_head *h = s->head;
	const struct slice backs[] = { login_back(h->path, h->query, a),
		login_back(h->path, SLICE_NONE, a), SLICE("/") };

	for (size_t i = 0; i < sizeof(backs) / sizeof(backs[0]); i++) {
		login_way_new(way, backs[i], clock_wall_s(), a);
		if (login_way_put(&s->login->cookies, way, &s->cookies, a))
			return;
	}
}

enum verdict
login_challenge(struct login_run *s)
{
	const struct login *l = s->login;
	struct arena *a = l7_arena(s->ctx);
	struct login_way way;

	if (!is_browser(s->head)) {
		login_answer(s, &(struct login_answer){ 401, "login is needed",
		    SLICE_NONE, "needed" });
		return STOP;
	}
	if (l->is_secure && !is_https(s))
		return to_https(s);
	login_ways_trim(&l->cookies, &s->head->fields, &s->cookies, a);
	begin(s, &way);
	login_answer(s, &(struct login_answer){ 302, "to login",
	    login_address(l, &way, login_redirect_url(s), a), "begun" });
	return STOP;
}

/*
 * Whether a page of somebody else sent the browser here, which says so (Fetch
 * Metadata); hosts that share the session are not somebody else.
 */
static bool
is_sent(const struct login_run *s)
{
	struct slice from = http_fields_find(&s->head->fields,
	    SLICE("sec-fetch-site"));

	return slice_is(from, "cross-site") || (slice_is(from, "same-site") &&
	    !s->login->is_shared);
}

enum verdict
login_log_out(struct login_run *s)
{
	if (is_sent(s)) {
		login_answer(s, &(struct login_answer){ 403, "<!doctype html>"
		    "<title>Log out</title><p><a href=\"\">Log out</a>",
		    SLICE_NONE, "sent" });
		return STOP;
	}
	const struct login *l = s->login;
	struct arena *a = l7_arena(s->ctx);
	const struct slice home[] = { l->is_secure ? SLICE("https://") :
	    SLICE("http://"), s->head->authority, SLICE("/") };
	struct str query = { 0 };
	struct slice to = SLICE("/");

	login_session_put(&l->cookies, NULL, true, &s->cookies, a);
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
	login_answer(s, &(struct login_answer){ 302, "logged out", to,
	    "ended" });
	return STOP;
}
