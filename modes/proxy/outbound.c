#include "chain/l7.h"
#include "modes/proxy/entrance.h"
#include "modes/proxy/port.h"
#include "modes/proxy/route.h"
#include "modes/proxy/router.h"

/*
 * The application's way out: requests by Host or absolute form.  Which
 * service is meant is decided per request, before any filter runs.
 */

void
port_accept_outbound(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer)
{
	struct conn *c = port_plain_conn(o, w, fd, peer);

	if (w->snapshot == NULL) {
		conn_abort(c, CLOSE_LOCAL);
		return;
	}
	l4_start(w->snapshot->out.l4, c, &w->env, "outbound", &http_terminal,
	    &o->http);
}

static void
reply_head(struct l7_ctx *ctx, struct http_head *head, bool end)
{
	const struct static_reply *r = ctx->shared;

	(void)head;
	(void)end;
	l7_reply(ctx, r->status != 0 ? r->status :
	    response_flag_status(r->flag), r->flag, r->details, SLICE_NONE);
}

static void
reply_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	(void)ctx;
	(void)end;
	buf_drain(b, buf_len(b));
}

static void
reply_trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	(void)ctx;
	(void)t;
}

static void
reply_cancel(struct l7_ctx *ctx)
{
	(void)ctx;
}

static const struct l7_terminal reply_terminal = {
	.name = "reply", .head = reply_head, .body = reply_body,
	.trailers = reply_trailers, .cancel = reply_cancel,
};

void
route_reply(struct l7_route *route, struct l7_chain *chain,
    const struct static_reply *r)
{
	union { const void *from; void *to; } arg = { r };

	*route = (struct l7_route){
		.chain = chain, .terminal = &reply_terminal,
		.terminal_arg = arg.to,
	};
}

static void
note_used(struct proxy_worker *w, const struct service_name *name)
{
	const struct data_plane_options *opt = &w->plane->options;

	if (opt->used != NULL)
		opt->used(opt->arg, name);
}

/* Routes of connections hang there, and none takes one without TLS. */
static const struct static_reply no_stream_route = {
	.status = 404, .flag = FLAG_NR, .details = "no_rule",
};

void
route_service(struct l7_route *route, struct l7_chain *chain,
    struct l7_ctx *ctx, struct http_head *head,
    const struct service_name *name, uint16_t port)
{
	struct proxy_worker *w = l7_env(ctx)->mode;
	const struct service *s = snapshot_service(w->snapshot, name);
	const struct service_port *p = s != NULL && s->is_pending ? NULL :
	    service_port(s, port);

	if (p != NULL)
		note_used(w, name);
	if (p != NULL && p->rules != NULL) {
		rules_route(p->rules, chain, ctx, head, port, route);
		return;
	}
	struct router_job *job = arena_zalloc(l7_arena(ctx), sizeof(*job));
	const char *why;

	job->service = *name;
	job->has_service = true;
	job->port = port;
	job->source = w->env.workload;
	job->is_moved = p != NULL && p->streams != NULL;
	if (p != NULL)
		job->cluster = !job->is_moved ? cluster_ref(p->cluster) :
		    rules_stream(p->streams, SLICE(""), &why);
	if (p != NULL && job->cluster == NULL) {
		route_reply(route, chain, &no_stream_route);
		return;
	}
	if (job->cluster == NULL) {
		char *key = arena_alloc(l7_arena(ctx), SERVICE_KEY_MAX);

		service_key(name, key);
		l7_summary(ctx)->service = slice_str(key);
	}
	*route = (struct l7_route){
		.chain = chain, .terminal = &router_terminal,
		.terminal_arg = job, .release = router_job_release,
		.again = router_job_again,
	};
	if (p == NULL)
		route->behind[route->behind_len++] = w->snapshot->late;
	else if (p->policies != NULL)
		route->behind[route->behind_len++] = p->policies;
	if (p != NULL)
		l7_summary(ctx)->service = p->cluster->service;
}

/* --- hosts outside --------------------------------------------------------------- */

/* Only hosts of two labels can be names of services as well. */
static bool
may_be_outside(struct slice host)
{
	struct service_name name;
	size_t dots = 0;

	for (size_t i = 0; i < host.len; i++)
		dots += host.ptr[i] == '.';
	return dots == 1 || !service_name_parse(host, SLICE("-"), &name);
}

/* To a host; name: of the service that it may be instead, or NULL. */
static void
route_host(struct l7_route *route, struct l7_chain *chain, struct l7_ctx *ctx,
    const struct http_head *head, const struct service_name *name, uint16_t port)
{
	struct proxy_worker *w = l7_env(ctx)->mode;
	struct router_job *job = arena_zalloc(l7_arena(ctx), sizeof(*job));

	if (name != NULL)
		job->service = *name;
	job->has_service = name != NULL;
	job->host = head->host;
	job->port = port;
	job->source = w->env.workload;
	*route = (struct l7_route){
		.chain = chain, .terminal = &router_terminal,
		.terminal_arg = job, .release = router_job_release,
		.again = router_job_again,
	};
	route->behind[route->behind_len++] = w->snapshot->late;
}

static int
port_of(const struct http_head *head)
{
	return head->port != 0 ? head->port :
	    head->method_id == METHOD_CONNECT ||
	    slice_ieq(head->scheme, SLICE("https")) ? 443 : 80;
}

static const struct static_reply connect_refused = {
	.status = 501, .details = "connect_refused"
};

void
route_outbound(void *arg, struct l7_ctx *ctx, struct http_head *head,
    struct l7_route *route)
{
	struct open_port *o = arg;
	struct proxy_worker *w = l7_env(ctx)->mode;
	struct l7_chain *chain = w->snapshot->out.l7;
	struct service_name name;
	uint16_t port = (uint16_t)port_of(head);
	const struct service *outside = snapshot_outside(w->snapshot,
	    head->host, port);
	bool has_name = true;

	entrance_apply(ENTRANCE_APP, head, l7_arena(ctx), l7_conn(ctx),
	    SLICE_NONE, l7_summary(ctx));
	if (outside != NULL)
		name = outside->name;
	else
		has_name = service_name_parse(head->host,
		    o->plane->options.default_namespace, &name);
	if (head->method_id == METHOD_CONNECT)
		route_connect(route, chain, ctx, head, has_name ? &name : NULL,
		    port, outside != NULL || may_be_outside(head->host));
	else if (!has_name || (may_be_outside(head->host) && snapshot_service(
	    w->snapshot, &name) == NULL))
		route_host(route, chain, ctx, head, has_name ? &name : NULL,
		    port);
	else
		route_service(route, chain, ctx, head, &name, port);
}

/* --- a port of its own for one service ----------------------------------------------- */

void
route_upstream(void *arg, struct l7_ctx *ctx, struct http_head *head,
    struct l7_route *route)
{
	struct open_port *o = arg;
	struct proxy_worker *w = l7_env(ctx)->mode;

	entrance_apply(o->plane->options.is_edge ? ENTRANCE_EDGE : ENTRANCE_APP,
	    head, l7_arena(ctx), l7_conn(ctx), SLICE_NONE, l7_summary(ctx));
	if (head->method_id == METHOD_CONNECT) {
		route_reply(route, w->snapshot->out.l7, &connect_refused);
		return;
	}
	route_service(route, w->snapshot->out.l7, ctx, head, &o->spec.service,
	    o->spec.service_port);
}
