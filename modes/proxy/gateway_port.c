#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "chain/grpc.h"
#include "loop/loop_fd.h"
#include "modes/proxy/entrance.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/login_place.h"
#include "modes/proxy/port.h"
#include "modes/proxy/route.h"
#include "modes/proxy/router.h"
#include "modes/proxy/rules.h"
#include "modes/proxy/session.h"
#include "tls/hello.h"

/*
 * A port of a Gateway: strangers come in, in plain text or by TLS with the
 * certificate of their server name, and each request obeys the rules of the
 * listener that its Host means.  Of listeners of TCP and TLS the connection
 * obeys rules, by its server name.
 */
#define HELLO_MS	10000	/* as long as a handshake may take */

static const char *const alpn_gateway[] = { "h2", "http/1.1", NULL };

/* NULL: the documents do not want the port any more, or not yet. */
static const struct gateway_front *
front_of(const struct open_port *o, const struct proxy_worker *w)
{
	return w->snapshot == NULL ? NULL :
	    gateway_front(w->snapshot->gateway, &o->spec.addr, false);
}

/* --- connections ---------------------------------------------------------- */

/* What the hello says is known as if TLS ended here; nothing is proven by it. */
static void
note_name(struct conn *c, struct slice sni)
{
	struct conn_peer named = *conn_peer(c), *copy;
	char text[CONN_SNI_MAX];

	if (sni.len == 0 || sni.len >= sizeof(text) || named.is_tls)
		return;
	memcpy(text, sni.ptr, sni.len);
	text[sni.len] = '\0';
	named.sni = text;
	copy = conn_peer_copy(&named);
	conn_set_peer(c, &copy);
}

/* sni of a connection whose TLS does not end here; "" for others. */
static void
start_stream(struct open_port *o, struct proxy_worker *w, struct conn *c,
    const struct gateway_site *site, struct slice sni)
{
	const char *why = "no_route";
	struct cluster *to = site->rules == NULL ? NULL :
	    rules_stream(site->rules, sni, &why);

	if (to == NULL) {
		port_refuse(o, w, why);
		conn_abort(c, CLOSE_DENIED);
		return;
	}
	struct session_job *job = session_job_new(to, false, false,
	    w->env.workload);

	job->tells_client = true;
	note_name(c, sni);
	l4_start(w->snapshot->out.l4, c, &w->env, "gateway", &session_terminal,
	    job);
}

static void
start_http(struct open_port *o, struct proxy_worker *w, struct conn *c)
{
	l4_start(w->snapshot->out.l4, c, &w->env, "gateway", &http_terminal,
	    &o->http);
}

/*
 * The listener may be gone or another since the handshake began: requests are
 * told, and without the certificate that it demands misdirected.
 */
static void
start_tls(struct open_port *o, struct proxy_worker *w, struct conn *c)
{
	const struct gateway_front *f = front_of(o, w);
	struct slice sni = slice_str(conn_peer(c)->sni);
	const struct gateway_listener *l = f == NULL ? NULL :
	    gateway_find(&f->port, sni);
	const struct gateway_site *site = l == NULL ? NULL : l->owner;

	if (site != NULL && site->is_stream)
		start_stream(o, w, c, site, sni);
	else
		start_http(o, w, c);
}

/* Somebody who came in and is not known yet. */
struct greeting {
	struct list          link;	/* in worker->greetings, while watched */
	struct open_port    *port;
	struct proxy_worker *worker;
	struct addr          peer;
	int                  fd;
	struct loop_fd       watch;	/* until the hello is whole */
	struct loop_timer    timer;
};

static struct greeting *
greeting_new(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer)
{
	struct greeting *g = mem_zalloc(sizeof(*g));

	*g = (struct greeting){ .port = o, .worker = w, .peer = *peer, .fd = fd };
	port_count_arriving(w, 1);
	return g;
}

static void
greeting_free(struct greeting *g)
{
	port_count_arriving(g->worker, -1);
	mem_free(g);
}

static struct conn *
attach(const struct greeting *g, struct tls_result *t)
{
	struct conn *c = conn_attach(g->worker->env.loop, &t->image,
	    &tls_transport, &conn_no_ops, NULL);

	if (g->port->plane->options.proxies_len > 0)
		conn_set_remote(c, &g->peer);
	return c;
}

/* Of strangers there may be many: for who looks for the reason. */
static void
tell_failure(const struct greeting *g, const struct tls_result *t)
{
	char from[ADDR_TEXT_MAX];

	addr_format(&g->peer, from);
	log_debug("tls", "gateway: %s: %s", from, t->text);
}

static void
on_handshake(void *arg, struct tls_result *t)
{
	struct greeting *g = arg;
	struct proxy_worker *w = g->worker;

	port_count_handshake(w, t);
	if (t->failure != TLS_OK)
		tell_failure(g, t);
	if (t->failure == TLS_OK && (w->is_stopped || w->snapshot == NULL))
		conn_image_fini(&t->image);
	else if (t->failure == TLS_OK)
		start_tls(g->port, w, attach(g, t));
	greeting_free(g);
}

/* Of the protocols of bytes nothing is known, so nothing is agreed on. */
static void
shake_hands(struct greeting *g, const struct gateway_front *f, bool is_stream)
{
	struct tls_request q = {
		.is_server = true, .edge = f->edge,
		.alpn = is_stream ? NULL : alpn_gateway,
		.clients = is_stream ? NULL : f->clients,
	};

	/* It knows the roots of other trust domains. */
	if (q.clients != NULL)
		q.identity = data_plane_identity(g->port->plane);
	tls_handshake_start(g->port->plane->options.handshaker, g->fd, &q,
	    g->worker->env.loop, on_handshake, g);
	tls_identity_unref(q.identity);
}

/* --- by the name in its hello -------------------------------------------------- */

static void
unwatch(struct greeting *g)
{
	loop_fd_stop(&g->watch);
	loop_timer_stop(&g->timer);
	list_remove(&g->link);
}

static void
refuse(struct greeting *g, const char *why)
{
	unwatch(g);
	port_refuse(g->port, g->worker, why);
	close(g->fd);
	greeting_free(g);
}

void
port_drop_greetings(struct proxy_worker *w)
{
	LIST_FOREACH_SAFE(at, &w->greetings) {
		struct greeting *g = list_entry(at, struct greeting, link);

		unwatch(g);
		close(g->fd);
		greeting_free(g);
	}
}

static void
take(struct greeting *g, const char *sni)
{
	struct open_port *o = g->port;
	struct proxy_worker *w = g->worker;
	const struct gateway_front *f = front_of(o, w);
	const struct gateway_listener *l = f == NULL ? NULL :
	    gateway_find(&f->port, slice_str(sni));
	const struct gateway_site *site = l == NULL ? NULL : l->owner;

	bool is_ended = site == NULL || !site->is_passthrough;

	if (is_ended && (f == NULL || f->edge == NULL)) {
		refuse(g, "unknown_name");
		return;
	}
	if (site != NULL && !site->is_stream && f->asks == GATEWAY_BARRED) {
		refuse(g, "no_authority");
		return;
	}
	unwatch(g);
	/* A name that nobody has is refused by an alert. */
	if (is_ended) {
		shake_hands(g, f, site != NULL && site->is_stream);
		return;
	}
	start_stream(o, w, port_plain_conn(o, w, g->fd, &g->peer), site,
	    slice_str(sni));
	greeting_free(g);
}

/* What was read stays in the socket, for whoever goes on with it. */
static void
on_hello(void *arg, unsigned ready)
{
	struct greeting *g = arg;
	char bytes[HELLO_PEEK_BYTES], name[HELLO_NAME_MAX];
	ssize_t n = recv(g->fd, bytes, sizeof(bytes), MSG_PEEK);
	enum hello_state state;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	state = n <= 0 ? HELLO_BAD : hello_name(slice_of(bytes, (size_t)n), name);
	if (state == HELLO_NAMED)
		take(g, name);
	else if (n <= 0 || (ready & LOOP_HANGUP) != 0)
		refuse(g, "closed");
	else if (state == HELLO_BAD || (size_t)n == sizeof(bytes))
		refuse(g, "bad_hello");
}

static void
on_late(void *arg)
{
	refuse(arg, "late_hello");
}

static void
await_hello(struct greeting *g)
{
	struct proxy_worker *w = g->worker;

	list_append(&w->greetings, &g->link);
	loop_timer_init(&g->timer, w->env.loop, on_late, g);
	loop_timer_start(&g->timer, HELLO_MS);
	loop_fd_start(&g->watch, w->env.loop, g->fd, on_hello, g);
}

void
port_accept_gateway(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer)
{
	const struct gateway_front *f = front_of(o, w);
	const struct gateway_site *first = f == NULL ? NULL :
	    f->port.listeners[0]->owner;

	if (f == NULL)
		close(fd);
	else if (f->needs_hello)
		await_hello(greeting_new(o, w, fd, peer));
	else if (f->edge != NULL)
		shake_hands(greeting_new(o, w, fd, peer), f, first->is_stream);
	else if (first->is_stream)
		start_stream(o, w, port_plain_conn(o, w, fd, peer), first,
		    SLICE(""));
	else
		start_http(o, w, port_plain_conn(o, w, fd, peer));
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
/* Its connection is older than the demand; on a new one it is asked for. */
static const struct static_reply no_certificate = {
	.flag = FLAG_MIS, .details = "no_client_certificate",
};
static const struct static_reply no_connect = {
	.status = 501, .details = "connect_refused",
};

static const struct static_reply *
find_site(const struct gateway_front *f, const struct conn_peer *peer,
    struct slice host, const struct gateway_site **out)
{
	static const struct static_reply *const replies[] = {
		[GATEWAY_MEANT] = NULL, [GATEWAY_NOBODY] = &no_listener,
		[GATEWAY_MISDIRECTED] = &misdirected,
	};
	const struct gateway_listener *l;
	enum gateway_answer answer = f == NULL ? GATEWAY_NOBODY :
	    gateway_meant(&f->port, peer->is_tls ? slice_str(peer->sni) :
	    SLICE_NONE, host, &l);

	if (answer != GATEWAY_MEANT)
		return replies[answer];
	*out = l->owner;
	if (f->asks >= GATEWAY_DEMANDS && peer->is_tls && peer->subject == NULL)
		return &no_certificate;
	return (*out)->rules == NULL ? &no_route : NULL;
}

static void
say_client(struct open_port *o, struct l7_ctx *ctx, struct http_head *head,
    const struct conn_peer *peer)
{
	struct tls_identity *id = data_plane_identity(o->plane);

	entrance_set_client(head, l7_arena(ctx), peer, id == NULL ? SLICE_NONE :
	    slice_str(tls_identity_id(id)));
	tls_identity_unref(id);
}

/* Browsers speak to a service of gRPC through a filter; others as they do. */
static void
translate_web(const struct http_head *head, struct l7_chain *filter,
    struct l7_route *route)
{
	const struct router_job *job = route->terminal_arg;
	size_t len = (size_t)route->behind_len;

	if (!grpc_is_asked_by_web(head) || job->cluster == NULL ||
	    !job->cluster->is_h2)
		return;
	route->behind_len++;
	memmove(route->behind + 1, route->behind, len * sizeof(*route->behind));
	route->behind[0] = filter;
}

static const struct rule *
rule_of(const struct l7_route *route)
{
	const struct router_job *job = route->terminal_arg;

	return job->choice->rule;
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
	login_enter(f, ctx, head);
	if (peer->subject != NULL)
		say_client(o, ctx, head, peer);
	/* HTTP/1 does not say it, or whatever it likes; redirects build on it. */
	head->scheme = peer->is_tls ? SLICE("https") : SLICE("http");
	if (refusal == NULL && head->method_id == METHOD_CONNECT)
		refusal = &no_connect;
	if (refusal != NULL) {
		login_note(f, ctx, site, NULL);
		route_reply(route, w->snapshot->out.l7, refusal);
		return;
	}
	rules_route(site->rules, w->snapshot->out.l7, ctx, head, f->port.number,
	    route);
	login_note(f, ctx, site, rule_of(route));
	translate_web(head, w->snapshot->grpc_web, route);
}
