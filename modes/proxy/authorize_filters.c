#include <string.h>

#include "base/unset.h"
#include "chain/http.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize_run.h"
#include "modes/proxy/ext_authz.h"
#include "modes/proxy/plain.h"

/* --- connections of bytes and of datagrams -------------------------------------- */

struct bytes_state {
	struct list     link;	/* in worker->let_in, or undecided */
	struct l4_ctx  *ctx;
	/* As it came: a gateway may say later that it is another's. */
	struct authz_ip source, destination;
	struct bytes_asking *asking;	/* NULL: nobody is asked, or was */
};

/* False: nothing is asked of it. */
static bool
bytes_facts(const struct bytes_state *s, struct authorize_at *at,
    struct authz_facts *f)
{
	struct l4_ctx *ctx = s->ctx;
	struct l4_run *run = ctx->run;
	struct proxy_worker *w = l4_env(run)->mode;
	const struct conn_peer *peer = l4_peer(ctx);
	struct addr room;
	const struct addr *local = conn_local(l4_conn(run), &room);
	bool is_udp = strcmp(peer->alpn, "mesh-udp/1") == 0;

	authorize_find(w, l4_listener(run), peer, local, is_udp, at);
	if (at->table == NULL)
		return false;
	*f = (struct authz_facts){
		.id = slice_str(peer->id), .is_foreign = peer->is_foreign,
		.sni = slice_str(peer->sni),
		.source = s->source, .remote = s->source,
		.destination = s->destination,
		.port = at->port, .app_port = at->app_port,
	};
	return true;
}

/* Who has not been asked, now or when it came, has not said yes. */
static struct authz_answer
bytes_answer(const struct bytes_state *s, const struct authz_verdict *v)
{
	for (size_t i = 0; i < v->asks_len; i++)
		if (!bytes_asking_has(s->asking, v->asks[i].provider))
			return (struct authz_answer){ true, v->asks[i].policy,
				v->asks[i].rule };
	return v->answer;
}

static bool
bytes_allowed(const struct bytes_state *s, enum authorize_when when)
{
	struct proxy_worker *w = l4_env(s->ctx->run)->mode;
	struct authorize_at at;
	struct authz_facts f;
	struct authz_verdict v;
	struct authz_answer by;

	if (!bytes_facts(s, &at, &f)) {
		if (at.is_gone)
			authorize_note_gone(w, &at, l4_peer(s->ctx));
		return !at.is_gone;
	}
	if (at.strict != NULL)
		return authorize_ask(w, &at, &f, when, &by);
	authz_decide(at.table, &f, &v);
	by = bytes_answer(s, &v);
	authorize_note(w, &at, &f, &v, &by, when);
	return !by.is_denied;
}

bool
authorize_bytes_let_in(struct l4_ctx *ctx)
{
	struct bytes_state *s = ctx->state;
	struct proxy_worker *w = l4_env(ctx->run)->mode;

	if (!bytes_allowed(s, AUTHORIZE_NEW)) {
		l4_abort(ctx->run, CLOSE_DENIED);
		return false;
	}
	list_append(&w->let_in, &s->link);
	return true;
}

void
authorize_bytes_refused(struct l4_ctx *ctx, const struct authz_ask *ask,
    const char *why)
{
	struct authorize_at at;
	struct authz_facts f;

	if (bytes_facts(ctx->state, &at, &f))
		authorize_note_refusal(l4_env(ctx->run)->mode, &at, &f, ask,
		    why);
	l4_abort(ctx->run, CLOSE_DENIED);
}

struct ext_authz_provider *
authorize_provider(const struct proxy_worker *w, const char *name)
{
	const struct snapshot *s = w->snapshot;

	for (size_t i = 0; i < s->providers_len; i++)
		if (slice_is(s->providers[i]->name, name))
			return s->providers[i];
	return NULL;
}

/* Its first bytes tell; until then it is not known what to ask. */
static bool
may_turn_http(struct l4_run *run, const struct snapshot *s)
{
	struct addr room;
	const struct inbound_port *p = strcmp(l4_listener(run),
	    "inbound-plain") != 0 ? NULL : plain_port(s, (uint16_t)addr_port(
	    conn_local(l4_conn(run), &room)));

	return p != NULL && p->cluster->protocol == CLUSTER_AUTO;
}

static enum verdict
bytes_open(struct l4_ctx *ctx)
{
	struct bytes_state *s = ctx->state;
	struct proxy_worker *w = l4_env(ctx->run)->mode;
	struct conn *c = l4_conn(ctx->run);
	struct authorize_at at;
	struct authz_facts f;
	struct authz_verdict v;
	struct addr room;

	/* Of HTTP each request is asked about. */
	if (l4_terminal_of(ctx->run) == &http_terminal)
		return PASS;
	s->ctx = ctx;
	s->source = authorize_ip(conn_addr(c, &room));
	s->destination = authorize_ip(conn_local(c, &room));
	if (may_turn_http(ctx->run, w->snapshot)) {
		list_prepend(&w->undecided, &s->link);
		return PASS;
	}
	if (bytes_facts(s, &at, &f) && at.strict == NULL) {
		authz_decide(at.table, &f, &v);
		if (v.asks_len > 0)
			return bytes_asking_begin(ctx, &v, &at, &s->asking);
	}
	return authorize_bytes_let_in(ctx) ? PASS : STOP;
}

bool
authorize_session(struct l4_run *run)
{
	struct proxy_worker *w = l4_env(run)->mode;

	LIST_FOREACH(at, &w->undecided) {
		struct bytes_state *s = list_entry(at, struct bytes_state, link);

		if (s->ctx->run != run)
			continue;
		list_remove(&s->link);
		list_append(&w->let_in, &s->link);
		return bytes_allowed(s, AUTHORIZE_NEW);
	}
	return true;
}

static void
bytes_close(struct l4_ctx *ctx, enum close_reason why)
{
	struct bytes_state *s = ctx->state;

	(void)why;
	bytes_asking_end(s->asking);
	s->asking = NULL;
	if (s->ctx != NULL)
		list_remove(&s->link);
}

const struct l4_filter authorize_bytes = {
	.base = { .name = "authorization",
	    .state_size = sizeof(struct bytes_state) },
	.open = bytes_open, .close = bytes_close,
};

/* --- requests --------------------------------------------------------------------- */

static struct slice
header_of(void *arg, struct slice name)
{
	struct l7_ctx *ctx = arg;
	const struct http_head *head = l7_request(ctx);

	/* A field without a value is there. */
	return slice_is(name, "host") ? head->authority :
	    http_fields_join(&head->fields, l7_arena(ctx), name, SLICE(", "));
}

/* At a gateway the farthest that trusted proxies vouch for; else the peer. */
static struct authz_ip
remote_of(struct l7_ctx *ctx, const struct authz_ip *source)
{
	struct slice list = http_fields_get(&l7_request(ctx)->fields,
	    FIELD_X_FORWARDED_FOR), first;
	struct authz_ip ip;

	if (strcmp(l7_listener_name(ctx), "gateway") != 0 ||
	    !slice_cut(&list, ',', &first))
		return *source;
	authz_ip_read(slice_trim(first), &ip);
	return ip;
}

bool
authorize_facts(struct l7_ctx *ctx, struct authorize_at *at,
    struct authz_facts *f)
{
	const struct authorize_request *s = ctx->state;
	struct proxy_worker *w = l7_env(ctx)->mode;
	const struct conn_peer *peer = l7_peer(ctx);
	UNSET struct addr room, local_room;
	const struct addr *local = l7_local(ctx, &local_room);

	authorize_find(w, l7_listener_name(ctx), peer, local, false, at);
	if (at->table == NULL)
		return false;
	*f = (struct authz_facts){
		.id = slice_str(peer->id), .is_foreign = peer->is_foreign,
		.sni = slice_str(peer->sni),
		.source = authorize_ip(l7_addr(ctx, &room)),
		.destination = authorize_ip(local),
		.port = at->port, .app_port = at->app_port, .is_http = true,
		.method = s->method, .path = s->path, .host = s->host,
		.authority = s->authority,
		.header = header_of, .header_arg = ctx,
		.token = authenticate_token(ctx),
	};
	f->remote = remote_of(ctx, &f->source);
	return true;
}

/* The caller is told no more than that; whoever reads the log is. */
static void
refuse(struct l7_ctx *ctx, const char *details)
{
	l7_reply(ctx, 403, FLAG_UAEX, "access_denied", SLICE(AUTHORIZE_BODY));
	l7_summary(ctx)->details = details;
}

void
authorize_refuse_by(struct l7_ctx *ctx, const struct authz_answer *by)
{
	refuse(ctx, by->policy == NULL ?
	    "rbac_access_denied_matched_policy[none]" :
	    arena_printf(l7_arena(ctx), "rbac_access_denied_matched_policy"
	    "[%s]-rule[%d]", by->policy, by->rule));
}

/* Counts and logs what is decided.  False: it was refused. */
static bool
conclude(struct l7_ctx *ctx, const struct authorize_at *at,
    const struct authz_facts *f, const struct authz_verdict *v,
    const struct authz_answer *answer, enum authorize_when when)
{
	struct proxy_worker *w = l7_env(ctx)->mode;

	authorize_note(w, at, f, v, answer, when);
	if (when == AUTHORIZE_NEW)
		l7_summary(ctx)->noted = authorize_noted(w, v, l7_arena(ctx));
	if (answer->is_denied)
		authorize_refuse_by(ctx, answer);
	return !answer->is_denied;
}

static bool
refuse_plain(struct l7_ctx *ctx, const struct authorize_at *at,
    const struct authz_facts *f, enum authorize_when when)
{
	struct authz_answer by;

	if (at->strict == NULL)
		return false;
	authorize_ask(l7_env(ctx)->mode, at, f, when, &by);
	refuse(ctx, "plain_text_refused");
	return true;
}

/* False: what its token was judged by is over, and it was refused. */
static bool
note_let_in(struct l7_ctx *ctx, struct authn *rules)
{
	struct authorize_request *s = ctx->state;
	struct proxy_worker *w = l7_env(ctx)->mode;

	s->ctx = ctx;
	list_append(&w->requests_let_in, &s->link);
	return token_again(&s->again, ctx, rules) != TOKEN_CUT;
}

/* It is too late to ask: who has not been asked about it has not said yes. */
static struct authz_answer
answer_again(const struct authorize_request *s, const struct authz_verdict *v)
{
	for (size_t i = 0; i < v->asks_len; i++)
		if (!asking_has(s->asking, v->asks[i].provider))
			return (struct authz_answer){ true, v->asks[i].policy,
				v->asks[i].rule };
	return v->answer;
}

bool
authorize_let_in(struct l7_ctx *ctx)
{
	struct authorize_at at;
	struct authz_facts f;
	struct authz_verdict v;
	struct authz_answer by;

	if (authorize_facts(ctx, &at, &f)) {
		if (refuse_plain(ctx, &at, &f, AUTHORIZE_NEW))
			return false;
		authz_decide(at.table, &f, &v);
		by = answer_again(ctx->state, &v);
		if (!conclude(ctx, &at, &f, &v, &by, AUTHORIZE_NEW))
			return false;
	}
	return note_let_in(ctx, at.rules);
}

static enum verdict
request_head(struct l7_ctx *ctx, enum dir dir, struct http_head *head,
    bool end)
{
	struct authorize_request *s = ctx->state;
	UNSET struct authorize_at at;
	UNSET struct authz_facts f;
	UNSET struct authz_verdict v;

	if (l7_conn(ctx) == NULL)
		return PASS;
	if (dir == DIR_DOWN) {
		asking_change_response(s->asking, head);
		return PASS;
	}
	s->method = head->method;
	s->path = head->path;
	s->host = head->host;
	s->authority = head->authority;
	if (authorize_facts(ctx, &at, &f)) {
		if (refuse_plain(ctx, &at, &f, AUTHORIZE_NEW))
			return STOP;
		do {
			authz_decide(at.table, &f, &v);
		} while (asking_clear(ctx, &at, &v, &head->fields));
		if (v.asks_len > 0)
			return asking_begin(ctx, &v, head, end);
		if (!conclude(ctx, &at, &f, &v, &v.answer, AUTHORIZE_NEW))
			return STOP;
	}
	return note_let_in(ctx, at.rules) ? PASS : STOP;
}

static enum verdict
request_body(struct l7_ctx *ctx, enum dir dir, struct buf *b, bool end)
{
	return dir == DIR_DOWN ? PASS : asking_body(ctx, b, end);
}

/* Some applications take what stands there for fields of the head. */
static enum verdict
request_trailers(struct l7_ctx *ctx, enum dir dir, struct http_fields *t)
{
	struct authorize_at at;
	struct authz_facts f;

	if (dir == DIR_UP && l7_conn(ctx) != NULL &&
	    authorize_facts(ctx, &at, &f))
		asking_clear(ctx, &at, NULL, t);
	return PASS;
}

static void
request_done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct authorize_request *s = ctx->state;

	(void)sum;
	asking_end(s->asking);
	token_again_end(s->again);
	s->asking = NULL;
	s->again = NULL;
	if (s->ctx != NULL)
		list_remove(&s->link);
	s->ctx = NULL;
}

const struct l7_filter authorize_requests = {
	.base = { .name = "authorization",
	    .state_size = sizeof(struct authorize_request) },
	.head = request_head, .body = request_body,
	.trailers = request_trailers, .done = request_done,
};

static void
refuse_gone(struct l7_ctx *ctx, const struct authorize_at *at)
{
	struct authorize_request *s = ctx->state;

	list_remove(&s->link);
	authorize_note_gone(l7_env(ctx)->mode, at, l7_peer(ctx));
	refuse(ctx, "port_is_gone");
}

static void
request_again(struct authorize_request *s)
{
	struct l7_ctx *ctx = s->ctx;
	struct authorize_at at;
	struct authz_facts f;
	struct authz_verdict v;
	struct authz_answer by;

	if (!authorize_facts(ctx, &at, &f)) {
		if (at.is_gone)
			refuse_gone(ctx, &at);
		return;
	}
	if (at.strict != NULL) {
		list_remove(&s->link);
		refuse_plain(ctx, &at, &f, AUTHORIZE_AGAIN);
		return;
	}
	if (token_again(&s->again, ctx, at.rules) != TOKEN_KNOWN)
		return;
	f.token = authenticate_token(ctx);
	authz_decide(at.table, &f, &v);
	by = answer_again(s, &v);
	if (by.is_denied)
		list_remove(&s->link);
	conclude(ctx, &at, &f, &v, &by, AUTHORIZE_AGAIN);
}

void
authorize_request_again(struct l7_ctx *ctx)
{
	struct authorize_request *s = ctx->state;

	if (list_is_linked(&s->link))
		request_again(s);
}

void
authorize_cut_token(struct l7_ctx *ctx, const struct authz_answer *by,
    const char *fault)
{
	struct authorize_request *s = ctx->state;
	struct authorize_at at;
	struct authz_facts f;

	if (!list_is_linked(&s->link))
		return;
	list_remove(&s->link);
	if (authorize_facts(ctx, &at, &f))
		authorize_note_token(l7_env(ctx)->mode, &at, &f, by, fault);
	authenticate_refuse(ctx, fault);
}

/* --- again -------------------------------------------------------------------------- */

void
authorize_all_again(struct proxy_worker *w)
{
	LIST_FOREACH_SAFE(at, &w->let_in) {
		struct bytes_state *s = list_entry(at, struct bytes_state, link);

		if (l4_terminal_of(s->ctx->run) != &http_terminal &&
		    !bytes_allowed(s, AUTHORIZE_AGAIN))
			l4_abort(s->ctx->run, CLOSE_DENIED);
	}
	LIST_FOREACH_SAFE(at, &w->requests_let_in)
		request_again(list_entry(at, struct authorize_request, link));
}

void
authorize_again(struct proxy_worker *w, const struct snapshot *old)
{
	/* An endpoint that comes or goes changes nothing here. */
	if (old == NULL || !authorize_is_same(old, w->snapshot))
		authorize_all_again(w);
}
