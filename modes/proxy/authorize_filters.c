#include <string.h>

#include "chain/http.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/plain.h"

/* --- connections of bytes and of datagrams -------------------------------------- */

struct bytes_state {
	struct list     link;	/* in worker->let_in, or undecided */
	struct l4_ctx  *ctx;
	/* As it came: a gateway may say later that it is another's. */
	struct authz_ip source, destination;
};

static bool
bytes_allowed(const struct bytes_state *s, enum authorize_when when)
{
	struct l4_ctx *ctx = s->ctx;
	struct l4_run *run = ctx->run;
	struct proxy_worker *w = l4_env(run)->mode;
	const struct conn_peer *peer = l4_peer(ctx);
	struct addr room;
	const struct addr *local = conn_local(l4_conn(run), &room);
	bool is_udp = strcmp(peer->alpn, "mesh-udp/1") == 0;
	struct authorize_at at;
	struct authz_answer by;

	authorize_find(w, l4_listener(run), peer, local, is_udp, &at);
	if (at.table == NULL)
		return true;
	const struct authz_facts f = {
		.id = slice_str(peer->id), .is_foreign = peer->is_foreign,
		.sni = slice_str(peer->sni),
		.source = s->source, .remote = s->source,
		.destination = s->destination,
		.port = at.port, .app_port = at.app_port,
	};

	return authorize_ask(w, &at, &f, when, &by);
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
	if (!bytes_allowed(s, AUTHORIZE_NEW)) {
		l4_abort(ctx->run, CLOSE_DENIED);
		return STOP;
	}
	list_append(&w->let_in, &s->link);
	return PASS;
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
	if (s->ctx != NULL)
		list_remove(&s->link);
}

const struct l4_filter authorize_bytes = {
	.base = { .name = "authorization",
	    .state_size = sizeof(struct bytes_state) },
	.open = bytes_open, .close = bytes_close,
};

/* --- requests --------------------------------------------------------------------- */

/* As it was when it came: filters behind may write another path. */
struct request_state {
	struct list    link;	/* in worker->requests_let_in */
	struct l7_ctx *ctx;	/* NULL: not there */
	struct slice   method, path, host, authority;
};

/* All lines of a field are one, as of a list (RFC 9110, section 5.3). */
static struct slice
header_of(void *arg, struct slice name)
{
	struct l7_ctx *ctx = arg;
	const struct http_head *head = l7_request(ctx);
	const struct http_fields *f = &head->fields;
	struct slice parts[3], found = SLICE_NONE;

	if (slice_is(name, "host"))
		return head->authority;
	for (size_t i = 0; i < f->len; i++) {
		if (!slice_eq(f->v[i].name, name))
			continue;
		parts[0] = found;
		parts[1] = f->v[i].id == FIELD_COOKIE ? SLICE("; ") :
		    SLICE(", ");
		parts[2] = f->v[i].value;
		found = found.ptr == NULL ? f->v[i].value :
		    arena_join(l7_arena(ctx), parts, 3);
	}
	/* A field without a value is there. */
	return found;
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

static bool
request_allowed(struct l7_ctx *ctx, enum authorize_when when,
    const char **details)
{
	const struct request_state *s = ctx->state;
	struct proxy_worker *w = l7_env(ctx)->mode;
	const struct conn_peer *peer = l7_peer(ctx);
	struct addr room, local_room;
	const struct addr *local = l7_local(ctx, &local_room);
	struct authorize_at at;
	struct authz_answer by;

	authorize_find(w, l7_listener_name(ctx), peer, local, false, &at);
	if (at.table == NULL)
		return true;
	struct authz_facts f = {
		.id = slice_str(peer->id), .is_foreign = peer->is_foreign,
		.sni = slice_str(peer->sni),
		.source = authorize_ip(l7_addr(ctx, &room)),
		.destination = authorize_ip(local),
		.port = at.port, .app_port = at.app_port, .is_http = true,
		.method = s->method, .path = s->path, .host = s->host,
		.authority = s->authority,
		.header = header_of, .header_arg = ctx,
		.token = authenticate_token(ctx),
	};

	f.remote = remote_of(ctx, &f.source);
	if (authorize_ask(w, &at, &f, when, &by))
		return true;
	if (at.strict != NULL) {
		*details = "plain_text_refused";
		return false;
	}
	*details = by.policy == NULL ? "rbac_access_denied_matched_policy[none]" :
	    arena_printf(l7_arena(ctx), "rbac_access_denied_matched_policy"
	    "[%s]-rule[%d]", by.policy, by.rule);
	return false;
}

/* The caller is told no more than that; whoever reads the log is. */
static void
refuse(struct l7_ctx *ctx, const char *details)
{
	l7_reply(ctx, 403, FLAG_UAEX, "access_denied", SLICE(AUTHORIZE_BODY));
	l7_summary(ctx)->details = details;
}

static enum verdict
request_head(struct l7_ctx *ctx, enum dir dir, struct http_head *head,
    bool end)
{
	struct request_state *s = ctx->state;
	struct proxy_worker *w = l7_env(ctx)->mode;
	const char *details;

	(void)end;
	if (dir == DIR_DOWN || l7_conn(ctx) == NULL)
		return PASS;
	s->method = head->method;
	s->path = head->path;
	s->host = head->host;
	s->authority = head->authority;
	if (!request_allowed(ctx, AUTHORIZE_NEW, &details)) {
		refuse(ctx, details);
		return STOP;
	}
	s->ctx = ctx;
	list_append(&w->requests_let_in, &s->link);
	return PASS;
}

static void
request_done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct request_state *s = ctx->state;

	(void)sum;
	if (s->ctx != NULL)
		list_remove(&s->link);
	s->ctx = NULL;
}

const struct l7_filter authorize_requests = {
	.base = { .name = "authorization",
	    .state_size = sizeof(struct request_state) },
	.head = request_head, .done = request_done,
};

/* --- again -------------------------------------------------------------------------- */

void
authorize_all_again(struct proxy_worker *w)
{
	const char *details;

	LIST_FOREACH_SAFE(at, &w->let_in) {
		struct bytes_state *s = list_entry(at, struct bytes_state, link);

		if (l4_terminal_of(s->ctx->run) != &http_terminal &&
		    !bytes_allowed(s, AUTHORIZE_AGAIN))
			l4_abort(s->ctx->run, CLOSE_DENIED);
	}
	LIST_FOREACH_SAFE(at, &w->requests_let_in) {
		struct request_state *s = list_entry(at, struct request_state,
		    link);

		if (request_allowed(s->ctx, AUTHORIZE_AGAIN, &details))
			continue;
		list_remove(&s->link);
		refuse(s->ctx, details);
	}
}

void
authorize_again(struct proxy_worker *w, const struct snapshot *old)
{
	/* An endpoint that comes or goes changes nothing here. */
	if (old == NULL || !authorize_is_same(old, w->snapshot))
		authorize_all_again(w);
}
