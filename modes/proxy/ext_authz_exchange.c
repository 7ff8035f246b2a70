#include "base/clock.h"
#include "base/log.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/ext_authz_exchange.h"
#include "stat/metrics.h"

/* --- the question ----------------------------------------------------------------- */

static void
set_address(struct ext_authz_peer *p, struct arena *a, const struct addr *addr)
{
	char ip[ADDR_TEXT_MAX];

	if (addr->sa.sa_family != AF_INET && addr->sa.sa_family != AF_INET6)
		return;
	addr_format_ip(addr, ip);
	p->address = arena_dup(a, slice_str(ip));
	p->port = (uint16_t)addr_port(addr);
}

/* What is known of any connection. */
static void
set_ends(struct ext_authz_question *q, const struct proxy_worker *w,
    const struct conn_peer *peer, struct slice service, struct arena *a)
{
	struct tls_identity *own = data_plane_identity(w->plane);

	q->body = SLICE("");
	q->sni = slice_str(peer->sni);
	q->source.principal = slice_str(peer->id);
	q->destination.service = service;
	if (own != NULL)
		q->destination.principal = arena_dup(a,
		    slice_str(tls_identity_id(own)));
	tls_identity_unref(own);
}

void
ext_authz_question_of(struct l7_ctx *ctx, struct slice service,
    struct ext_authz_question *q)
{
	const struct l7_summary *s = l7_summary(ctx);
	struct arena *a = l7_arena(ctx);
	struct addr room;

	*q = (struct ext_authz_question){ .head = l7_request(ctx),
		.id = s->request_id, .wall_us = s->start_wall_us };
	set_ends(q, l7_env(ctx)->mode, l7_peer(ctx), service, a);
	q->source.service = s->source_service;
	set_address(&q->source, a, l7_addr(ctx, &room));
	set_address(&q->destination, a, l7_local(ctx, &room));
}

void
ext_authz_question_of_bytes(struct l4_ctx *ctx, struct slice service,
    struct arena *a, struct ext_authz_question *q)
{
	struct conn *c = l4_conn(ctx->run);
	struct addr room;

	*q = (struct ext_authz_question){ .wall_us = (int64_t)clock_wall_us() };
	set_ends(q, l4_env(ctx->run)->mode, l4_peer(ctx), service, a);
	set_address(&q->source, a, conn_addr(c, &room));
	set_address(&q->destination, a, conn_local(c, &room));
}

bool
ext_authz_has_body(const struct http_head *h, bool end)
{
	return !end && h->upgrade.len == 0 && h->method_id != METHOD_CONNECT;
}

void
ext_authz_show_body(struct ext_authz_question *q,
    const struct ext_authz_settings *s, struct slice body, bool is_part)
{
	size_t len = body.len < s->body_max ? body.len : s->body_max;

	q->body = slice_of(len == 0 ? "" : body.ptr, len);
	q->is_part = s->body_max > 0 && (is_part || len < body.len);
}

/* --- the answer ------------------------------------------------------------------- */

static const char *
result_of(const struct ext_authz_settings *s, const struct ext_authz_answer *a)
{
	switch (a->result) {
	case EXT_AUTHZ_ALLOW:
		return "allow";
	case EXT_AUTHZ_DENY:
		return "deny";
	default:
		return ext_authz_lets_pass(s, a) ? "fail_open" : "error";
	}
}

void
ext_authz_count(struct proxy_worker *w, const struct ext_authz_by *by,
    const struct ext_authz_settings *s, const struct ext_authz_answer *a)
{
	struct slice labels[5];

	metric_service(labels, by->service);
	labels[2] = by->rule;
	labels[3] = by->provider;
	labels[4] = slice_str(result_of(s, a));
	worker_env_count(&w->env, METRIC_EXT_AUTHZ, labels, 5, 1);
	worker_env_count(&w->env, METRIC_EXT_AUTHZ_DURATION, &by->provider, 1,
	    (int64_t)a->took_us);
}

void
ext_authz_tell(struct proxy_worker *w, const struct ext_authz_by *by,
    const struct ext_authz_settings *s, const struct ext_authz_answer *a)
{
	enum authorize_line line = ext_authz_lets_pass(s, a) ?
	    AUTHORIZE_LET_BY : AUTHORIZE_DENY;

	if (authorize_may_log(w, line))
		log_info("authz", "%s: provider %.*s: %s; %.*s asks it",
		    authorize_line_name(line), SLICE_ARG(by->provider), a->why,
		    SLICE_ARG(by->rule));
}

bool
ext_authz_lets_pass(const struct ext_authz_settings *s,
    const struct ext_authz_answer *a)
{
	return a->result == EXT_AUTHZ_ALLOW ||
	    (a->result == EXT_AUTHZ_ERROR && s->fails_open &&
	    !a->is_barred && !a->is_malformed);
}

void
ext_authz_refuse(struct l7_ctx *ctx, const struct ext_authz_settings *s,
    const struct ext_authz_answer *a)
{
	struct buf body = { 0 };

	if (a->result == EXT_AUTHZ_DENY) {
		struct http_head *h = ext_authz_denial(a, l7_arena(ctx), &body);

		l7_reply_with(ctx, h, &body, FLAG_UAEX, "access_denied");
		l7_summary(ctx)->details = "ext_authz_denied";
	} else {
		l7_reply(ctx, s->error_status, FLAG_UAEX, "access_denied",
		    SLICE_NONE);
		l7_summary(ctx)->details = a->is_barred ?
		    "ext_authz_error[may_not_be_asked]" : a->is_malformed ?
		    "ext_authz_error[malformed_answer]" : "ext_authz_error";
	}
	buf_fini(&body);
}
