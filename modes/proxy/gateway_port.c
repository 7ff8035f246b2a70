#include <unistd.h>

#include "base/mem.h"
#include "modes/proxy/entrance.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/port.h"
#include "modes/proxy/route.h"
#include "modes/proxy/rules.h"

/*
 * A port of a Gateway: strangers come in, in plain text or by TLS with the
 * certificate of their server name, and each request obeys the rules of the
 * listener that its Host means.
 */
static const char *const alpn_gateway[] = { "http/1.1", NULL };

/* NULL: the documents do not want the port any more, or not yet. */
static const struct gateway_front *
front_of(const struct open_port *o, const struct proxy_worker *w)
{
	return w->snapshot == NULL ? NULL :
	    gateway_front(w->snapshot->gateway, &o->spec.addr);
}

static void
start(struct open_port *o, struct proxy_worker *w, struct conn *c)
{
	l4_start(w->snapshot->out.l4, c, &w->env, "gateway", &http_terminal,
	    &o->http);
}

struct greeting {
	struct open_port    *port;
	struct proxy_worker *worker;
};

static void
on_handshake(void *arg, struct tls_result *t)
{
	struct greeting *g = arg;
	struct proxy_worker *w = g->worker;

	port_count_handshake(w, t);
	if (t->failure == TLS_OK && (w->is_stopped || w->snapshot == NULL))
		conn_image_fini(&t->image);
	else if (t->failure == TLS_OK)
		start(g->port, w, conn_attach(w->env.loop, &t->image,
		    &tls_transport, &port_no_ops, NULL));
	port_count_arriving(w, -1);
	mem_free(g);
}

static void
shake_hands(struct open_port *o, struct proxy_worker *w, int fd,
    struct tls_edge *edge)
{
	const struct tls_request q = {
		.is_server = true, .edge = edge, .alpn = alpn_gateway,
	};
	struct greeting *g = mem_alloc(sizeof(*g));

	*g = (struct greeting){ o, w };
	port_count_arriving(w, 1);
	tls_handshake_start(o->plane->options.handshaker, fd, &q, w->env.loop,
	    on_handshake, g);
}

void
port_accept_gateway(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer)
{
	const struct gateway_front *f = front_of(o, w);

	if (f == NULL)
		close(fd);
	else if (f->edge != NULL)
		shake_hands(o, w, fd, f->edge);
	else
		start(o, w, port_plain_conn(o, w, fd, peer));
}

/* --- requests ------------------------------------------------------------- */

static const struct static_reply no_listener = {
	.status = 404, .flag = FLAG_NR, .details = "no_listener",
};
static const struct static_reply no_route = {
	.status = 404, .flag = FLAG_NR, .details = "no_route",
};
static const struct static_reply misdirected = {
	.flag = FLAG_MIS, .details = "other_listener",
};
static const struct static_reply no_connect = {
	.status = 501, .details = "connect_refused",
};

/*
 * With TLS the server name chose a listener.  A Host of another one could
 * work over another connection, which 421 says (RFC 9110, section 15.5.20).
 */
static const struct static_reply *
find_site(const struct gateway_front *f, const struct conn_peer *peer,
    struct slice host, const struct gateway_site **out)
{
	const struct gateway_listener *l = f == NULL ? NULL :
	    gateway_find(&f->port, host);

	if (l == NULL)
		return &no_listener;
	if (peer->is_tls &&
	    l != gateway_find(&f->port, slice_str(peer->sni)))
		return &misdirected;
	*out = l->owner;
	return (*out)->rules == NULL ? &no_route : NULL;
}

void
route_gateway(void *arg, struct l7_ctx *ctx, struct http_head *head,
    struct l7_route *route)
{
	struct open_port *o = arg;
	struct proxy_worker *w = l7_env(ctx)->mode;
	const struct conn_peer *peer = l7_peer(ctx);
	const struct gateway_front *f = front_of(o, w);
	const struct gateway_site *site = NULL;
	const struct static_reply *refusal = find_site(f, peer, head->host,
	    &site);

	entrance_apply_edge(head, l7_arena(ctx), l7_conn(ctx),
	    o->plane->options.trusted_hops);
	/* HTTP/1 does not say it, or whatever it likes; redirects build on it. */
	head->scheme = peer->is_tls ? SLICE("https") : SLICE("http");
	if (refusal == NULL && head->method_id == METHOD_CONNECT)
		refusal = &no_connect;
	if (refusal != NULL)
		route_reply(route, w->snapshot->out.l7, refusal);
	else
		rules_route(site->rules, w->snapshot->out.l7, ctx, head,
		    f->port.number, route);
}
