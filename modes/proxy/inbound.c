#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop_fd.h"
#include "modes/proxy/entrance.h"
#include "modes/proxy/ext_authz.h"
#include "modes/proxy/plain.h"
#include "modes/proxy/port.h"
#include "modes/proxy/route.h"
#include "modes/proxy/router.h"
#include "modes/proxy/session.h"
#include "modes/proxy/udp_carrier.h"
#include "stat/metrics.h"
#include "tls/hello.h"

/*
 * The way in: mutual TLS from other sidecars.  The server name says which
 * port of which service of ours is meant; ALPN says HTTP, bytes or datagrams.
 */
static const char *const alpn_inbound[] = { "h2", "http/1.1", "mesh-tcp/1",
	"mesh-udp/1", NULL };

struct arrival {
	struct list           link;	/* in worker->arrivals, while watched */
	struct open_port     *port;
	struct proxy_worker  *worker;
	struct addr           peer;
	int                   fd;
	struct loop_fd        watch;	/* until it is known what it speaks */
	struct loop_timer     timer;
	bool                  is_slow;	/* and still may be TLS */
	bool                  is_tls;	/* a hello that is not whole */
};

/* The application that a connection means, or NULL. */
static const struct inbound_port *
app_of(const struct proxy_worker *w, const struct conn_peer *peer)
{
	struct service_name name;
	uint16_t port;

	if (!sni_parse(slice_str(peer->sni), &name, &port))
		return NULL;
	return snapshot_inbound(w->snapshot, &name, port);
}

static void
refuse_unknown(struct open_port *o, struct proxy_worker *w, struct conn *c)
{
	const struct conn_peer *peer = conn_peer(c);

	log_info("listener", "inbound: %s asks for %s%s, which is not "
	    "served here", *peer->id == '\0' ? "somebody" : peer->id,
	    *peer->sni == '\0' ? "no service by name" : peer->sni,
	    slice_is(slice_str(peer->alpn), "mesh-udp/1") ? "/udp" : "");
	port_refuse(o, w, "unknown_name");
	conn_close(c, CLOSE_DENIED);
}

static void
start_datagrams(struct open_port *o, struct proxy_worker *w, struct conn *c)
{
	const struct conn_peer *peer = conn_peer(c);
	struct service_name name;
	uint16_t port;

	if (!sni_parse(slice_str(peer->sni), &name, &port) ||
	    snapshot_inbound_udp(w->snapshot, &name, port) == NULL) {
		refuse_unknown(o, w, c);
		return;
	}
	l4_start(w->snapshot->in.l4, c, &w->env, "inbound",
	    &udp_carrier_terminal, udp_carrier_job_new(&name, port));
}

static void
start_bytes(struct proxy_worker *w, struct conn *c, const char *listener,
    struct session_job *job)
{
	job->is_guarded = job->cluster->protocol == CLUSTER_AUTO;
	l4_start(w->snapshot->in.l4, c, &w->env, listener, &session_terminal,
	    job);
}

static void
start(struct open_port *o, struct proxy_worker *w, struct conn *c)
{
	const struct conn_peer *peer = conn_peer(c);
	const struct inbound_port *app = app_of(w, peer);
	bool is_bytes = slice_is(slice_str(peer->alpn), "mesh-tcp/1");

	if (slice_is(slice_str(peer->alpn), "mesh-udp/1")) {
		start_datagrams(o, w, c);
		return;
	}
	if (app == NULL) {
		refuse_unknown(o, w, c);
		return;
	}
	/* As bytes, a request could claim whatever it likes to the application. */
	if (is_bytes && app->cluster->protocol == CLUSTER_HTTP) {
		port_refuse(o, w, "bytes_to_http");
		conn_abort(c, CLOSE_DENIED);
		return;
	}
	if (is_bytes)
		start_bytes(w, c, "inbound", session_job_new(cluster_ref(
		    app->cluster), true, true, SLICE_NONE));
	else
		l4_start(w->snapshot->in.l4, c, &w->env, "inbound",
		    &http_terminal, &o->http);
}

static void
arrival_free(struct arrival *a)
{
	port_count_arriving(a->worker, -1);
	mem_free(a);
}

static void
drop(struct arrival *a)
{
	close(a->fd);
	arrival_free(a);
}

static void
on_handshake(void *arg, struct tls_result *t)
{
	struct arrival *a = arg;
	struct open_port *o = a->port;
	struct proxy_worker *w = a->worker;
	const struct data_plane_options *opt = &o->plane->options;

	port_count_handshake(w, t);
	if (t->failure != TLS_OK) {
		if (opt->tls_failed != NULL)
			opt->tls_failed(opt->arg, true, t);
	} else if (w->is_stopped || w->snapshot == NULL) {
		conn_image_fini(&t->image);
	} else {
		start(o, w, conn_attach(w->env.loop, &t->image, &tls_transport,
		    &conn_no_ops, NULL));
	}
	arrival_free(a);
}

static void
shake_hands(struct arrival *a)
{
	struct data_plane *p = a->port->plane;
	struct tls_request q = {
		.is_server = true, .identity = data_plane_identity(p),
		.alpn = alpn_inbound,
	};

	if (q.identity == NULL) {	/* not joined yet */
		drop(a);
		return;
	}
	tls_handshake_start(p->options.handshaker, a->fd, &q,
	    a->worker->env.loop, on_handshake, a);
	tls_identity_unref(q.identity);
}

/* --- plain text, where it is taken ------------------------------------------------- */

static const struct inbound_port *
meant_by(const struct open_port *o, const struct snapshot *s)
{
	return plain_port(s, (uint16_t)addr_port(&o->at));
}

/* Bytes without a name: to the application of the listener, as it speaks. */
static void
start_plain(struct open_port *o, struct proxy_worker *w, struct conn *c)
{
	const struct snapshot *s = w->snapshot;
	const struct inbound_port *app = meant_by(o, s);
	const struct slice listener = SLICE("inbound");

	worker_env_count(&w->env, METRIC_CONNECTIONS_PLAINTEXT, &listener, 1, 1);
	if (app == NULL) {
		port_refuse(o, w, "no_application");
		conn_close(c, CLOSE_DENIED);
		return;
	}
	if (app->cluster->protocol == CLUSTER_HTTP) {
		l4_start(s->in.l4, c, &w->env, "inbound-plain", &http_terminal,
		    &o->http);
		return;
	}
	struct session_job *job = session_job_new(cluster_ref(app->cluster),
	    true, false, SLICE_NONE);

	if (job->cluster->protocol == CLUSTER_AUTO)
		job->http = &o->http;
	start_bytes(w, c, "inbound-plain", job);
}

static void
take_plain(struct arrival *a)
{
	start_plain(a->port, a->worker, port_plain_conn(a->port,
	    a->worker, a->fd, &a->peer));
	arrival_free(a);
}

static void
unwatch(struct arrival *a)
{
	loop_fd_stop(&a->watch);
	loop_timer_stop(&a->timer);
	list_remove(&a->link);
}

void
port_drop_arrivals(struct proxy_worker *w)
{
	LIST_FOREACH_SAFE(at, &w->arrivals) {
		struct arrival *a = list_entry(at, struct arrival, link);

		unwatch(a);
		drop(a);
	}
}

/*
 * TLS that asks for no name of the mesh is the application's own business, if
 * that may speak it.
 */
static bool
is_foreign_tls(const struct arrival *a, enum hello_state state, const char *name)
{
	const struct inbound_port *app = meant_by(a->port, a->worker->snapshot);
	struct service_name service;
	uint16_t port;

	return app != NULL && app->cluster->protocol != CLUSTER_HTTP &&
	    state == HELLO_NAMED &&
	    !sni_parse(slice_str(name), &service, &port);
}

/* What was read stays in the socket, for whoever goes on with it. */
static void
on_first_bytes(void *arg, unsigned ready)
{
	struct arrival *a = arg;
	char bytes[HELLO_PEEK_BYTES], name[HELLO_NAME_MAX];
	ssize_t n = recv(a->fd, bytes, sizeof(bytes), MSG_PEEK);
	enum hello_state state;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		unwatch(a);
		drop(a);
		return;
	}
	if (bytes[0] != 0x16) {	/* a TLS handshake record */
		unwatch(a);
		take_plain(a);
		return;
	}
	state = hello_name(slice_of(bytes, (size_t)n), name);
	if (state == HELLO_MORE && (ready & LOOP_HANGUP) == 0 &&
	    (size_t)n < sizeof(bytes)) {
		a->is_tls = true;
		return;
	}
	unwatch(a);
	if (is_foreign_tls(a, state, name))
		take_plain(a);
	else
		shake_hands(a);
}

#define SILENT_MS	1000	/* then the server may speak first, so no TLS */
#define QUIET_MS	50	/* the same where members do not come by TLS */
#define SLOW_MS	10000	/* of those who do speak first, TLS or not */

static uint64_t
silent_ms(const struct open_port *o, const struct snapshot *s)
{
	const struct inbound_port *app = meant_by(o, s);

	return o->spec.is_exposed || (app != NULL &&
	    app->mode == MODEL_MTLS_DISABLE) ? QUIET_MS : SILENT_MS;
}

static void
on_silent(void *arg)
{
	struct arrival *a = arg;
	const struct inbound_port *app = meant_by(a->port,
	    a->worker->snapshot);

	if (!a->is_slow && (a->is_tls || (app != NULL &&
	    app->cluster->protocol == CLUSTER_HTTP))) {
		a->is_slow = true;
		loop_timer_start(&a->timer, SLOW_MS);
		return;
	}
	unwatch(a);
	if (a->is_tls)
		shake_hands(a);
	else
		take_plain(a);
}

static bool
takes_plain(const struct open_port *o, const struct proxy_worker *w)
{
	const struct inbound_port *app = meant_by(o, w->snapshot);

	/* Its documents may come while somebody is waited for. */
	return app == NULL ? w->snapshot->fallback == MODEL_MTLS_PERMISSIVE :
	    plain_is_taken(app, loop_now_ms(w->env.loop));
}

static struct arrival *
arrival_new(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer)
{
	struct arrival *a = mem_zalloc(sizeof(*a));

	*a = (struct arrival){ .port = o, .worker = w, .peer = *peer, .fd = fd };
	port_count_arriving(w, 1);
	return a;
}

/*
 * A handshake begins here and ends at the worker that takes the connection:
 * of a host's handshakes the oldest gives way (tls.h), and those that waited
 * for a busy worker would begin late and push out who came after them.
 */
void
port_pass_on_inbound(struct open_port *o, struct proxy_worker *w,
    struct proxy_worker *to, int fd, const struct addr *peer)
{
	if (w->snapshot != NULL && !takes_plain(o, w))
		shake_hands(arrival_new(o, to, fd, peer));
	else
		port_hand_over(o, to, fd, peer);
}

void
port_accept_inbound(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer)
{
	struct arrival *a;

	if (w->snapshot == NULL) {
		close(fd);
		return;
	}
	a = arrival_new(o, w, fd, peer);
	if (!takes_plain(o, w)) {
		shake_hands(a);
		return;
	}
	list_append(&w->arrivals, &a->link);
	loop_timer_init(&a->timer, w->env.loop, on_silent, a);
	loop_timer_start(&a->timer, silent_ms(o, w->snapshot));
	loop_fd_start(&a->watch, w->env.loop, fd, on_first_bytes, a);
}

/* --- requests ------------------------------------------------------------------------ */

static const struct static_reply misdirected = {
	.flag = FLAG_MIS, .details = "other_service"
};
static const struct static_reply no_app = {
	.flag = FLAG_NR, .details = "no_application"
};

/*
 * Does the authority name a service of the mesh other than this one, although
 * no route of the caller meant that?
 */
static bool
is_misdirected(const struct http_head *head, struct slice meant,
    const struct service_name *ours)
{
	struct service_name name;

	if (slice_eq(meant, head->host))
		return false;
	if (!slice_has_suffix(head->host, SLICE(".mesh")) &&
	    !slice_has_suffix(head->host, SLICE(".svc")) &&
	    !slice_has_suffix(head->host, SLICE(".svc.cluster.local")))
		return false;
	return !service_name_parse(head->host, SLICE_NONE, &name) ||
	    !service_name_eq(&name, ours);
}

/*
 * Whether a proxy of our mesh may be at the other end, which lets no application
 * speak for it; without TLS where members come so.
 */
static bool
is_link(const struct conn_peer *peer, const struct inbound_port *app)
{
	return peer->is_tls ? peer->id[0] != '\0' && !peer->is_foreign :
	    app != NULL && (app->mode == MODEL_MTLS_DISABLE ||
	    app->settles_ms > 0);
}

void
route_inbound(void *arg, struct l7_ctx *ctx, struct http_head *head,
    struct l7_route *route)
{
	struct open_port *o = arg;
	struct proxy_worker *w = l7_env(ctx)->mode;
	const struct snapshot *s = w->snapshot;
	const struct conn_peer *peer = l7_peer(ctx);
	const struct inbound_port *app = peer->is_tls ? app_of(w, peer) :
	    meant_by(o, s);
	struct tls_identity *id = data_plane_identity(o->plane);
	const struct slice meant = peer->is_tls && !peer->is_foreign ?
	    http_fields_get(&head->fields, FIELD_MESH_HOST) : SLICE_NONE;
	const bool is_question = s->providers_len > 0 && is_link(peer, app) &&
	    http_fields_find(&head->fields,
	    SLICE(EXT_AUTHZ_QUESTION)).ptr != NULL;
	const bool is_h2 = !peer->is_tls ? head->minor == 2 : slice_is(
	    http_fields_get(&head->fields, FIELD_MESH_VERSION), "2");

	entrance_apply(peer->is_tls ? ENTRANCE_PEER : ENTRANCE_EDGE, head,
	    l7_arena(ctx), l7_conn(ctx), id == NULL ? SLICE_NONE : arena_dup(
	    l7_arena(ctx), slice_str(tls_identity_id(id))), l7_summary(ctx));
	tls_identity_unref(id);
	l7_summary(ctx)->is_question = is_question;
	if (app == NULL || app->cluster->protocol == CLUSTER_TCP) {
		route_reply(route, s->in.l7, &no_app);
		return;
	}
	/* Who comes in plain text means the listener, whatever the name. */
	if (peer->is_tls && is_misdirected(head, meant, &app->service)) {
		route_reply(route, s->in.l7, &misdirected);
		return;
	}
	struct router_job *job = arena_zalloc(l7_arena(ctx), sizeof(*job));

	job->cluster = cluster_ref(app->cluster);
	job->is_inbound = true;
	job->is_h2 = is_h2;
	*route = (struct l7_route){
		.chain = s->in.l7, .terminal = &router_terminal,
		.terminal_arg = job, .release = router_job_release,
		.again = router_job_again,
	};
	if (app->policies != NULL)
		route->behind[route->behind_len++] = app->policies;
	l7_summary(ctx)->service = job->cluster->service;
}
