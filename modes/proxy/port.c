#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "chain/proxy_status.h"
#include "modes/proxy/app_user.h"
#include "modes/proxy/balance.h"
#include "modes/proxy/port.h"
#include "modes/proxy/route.h"
#include "stat/metrics.h"
#include "tls/tls.h"
#include "upstream/mismatch.h"

struct port_worker {
	struct open_port    *port;
	struct proxy_worker *worker;
};

static const struct {
	const char *listener;
	void (*accept)(struct open_port *, struct proxy_worker *, int,
	    const struct addr *);
	void (*route)(void *, struct l7_ctx *, struct http_head *,
	    struct l7_route *);
} kinds[] = {
	[PORT_INBOUND]	= { "inbound", port_accept_inbound, route_inbound },
	[PORT_OUTBOUND]	= { "outbound", port_accept_outbound, route_outbound },
	[PORT_UPSTREAM]	= { "upstream", port_accept_upstream, route_upstream },
	[PORT_GATEWAY]	= { "gateway", port_accept_proxied, route_gateway },
};

/* --- overload --------------------------------------------------------------- */

static const struct static_reply overloaded = {
	.flag = FLAG_OM, .details = "overloaded",
};

/* Before anything else looks at the request. */
static void
route(void *arg, struct l7_ctx *ctx, struct http_head *head,
    struct l7_route *out)
{
	struct open_port *o = arg;
	struct proxy_worker *w = l7_env(ctx)->mode;

	overload_note_work(&o->plane->overload);
	if (overload_refuses(&o->plane->overload, head))
		route_reply(out, w->snapshot->out.l7, &overloaded);
	else
		kinds[o->spec.kind].route(arg, ctx, head, out);
}

/* --- from accept to the worker that takes it ------------------------------- */

struct handover {
	struct open_port    *port;
	struct proxy_worker *to;
	int                  fd;
	struct addr          peer;
};

static void
on_handover(void *arg)
{
	struct handover *h = arg;

	if (h->to->is_stopped)
		close(h->fd);
	else
		kinds[h->port->spec.kind].accept(h->port, h->to, h->fd,
		    &h->peer);
	/* Whoever has it now has counted it. */
	port_count_arriving(h->to, -1);
	mem_free(h);
}

void
port_hand_over(struct open_port *o, struct proxy_worker *to, int fd,
    const struct addr *peer)
{
	struct handover *h = mem_alloc(sizeof(*h));

	*h = (struct handover){ o, to, fd, *peer };
	port_count_arriving(to, 1);
	loop_post(to->env.loop, on_handover, h);
}

/* The worker that a connection accepted by this one goes to. */
static struct proxy_worker *
taker(struct data_plane *p, struct proxy_worker *w)
{
	size_t conns[DATA_PLANE_WORKERS_MAX];

	for (int i = 0; i < p->options.workers; i++)
		conns[i] = worker_env_conns(&p->workers[i].env);
	return &p->workers[balance_choose(conns, p->options.workers,
	    w->env.index)];
}

static void
on_accepted(void *arg, int fd, const struct addr *peer)
{
	struct open_port *o = ((struct port_worker *)arg)->port;
	struct proxy_worker *w = ((struct port_worker *)arg)->worker;
	struct proxy_worker *to = taker(o->plane, w);
	struct slice listener = slice_str(kinds[o->spec.kind].listener);

	overload_note_work(&o->plane->overload);
	worker_env_count(&w->env, METRIC_CONNECTIONS_ACCEPTED, &listener, 1, 1);
	/* Who is refused before a handshake may go elsewhere at once. */
	if (o->spec.kind == PORT_INBOUND &&
	    overload_level(&o->plane->overload) == OVERLOAD_FULL) {
		port_refuse(o, w, "overload");
		close(fd);
		return;
	}
	if (!app_user_may(o, w, fd, peer)) {
		close(fd);
		return;
	}
	if (to == w) {
		kinds[o->spec.kind].accept(o, w, fd, peer);
		return;
	}
	worker_env_count(&w->env, METRIC_CONNECTIONS_HANDED_OVER, &listener, 1,
	    1);
	if (o->spec.kind == PORT_INBOUND)
		port_pass_on_inbound(o, w, to, fd, peer);
	else
		port_hand_over(o, to, fd, peer);
}

/* --- what is not what it should be -------------------------------------------- */

static void
on_misspoken(void *arg, struct l4_run *l4, enum spoken spoken)
{
	struct open_port *o = arg;
	struct worker_env *env = l4_env(l4);
	struct proxy_worker *w = env->mode;
	const struct service_port *p = service_port(snapshot_service(
	    w->snapshot, &o->spec.service), o->spec.service_port);

	if (o->spec.kind == PORT_UPSTREAM && p != NULL)
		mismatch_look(env, p->cluster, MISMATCH_CALLER, spoken);
}

/* --- opening and closing ---------------------------------------------------- */

static void
on_bad_request(void *arg, struct l4_run *l4, int status, const char *why)
{
	char ip[ADDR_TEXT_MAX];
	struct addr room;

	(void)arg;
	addr_format(conn_addr(l4_conn(l4), &room), ip);
	log_debug("http", "%s: %s: %d: %s", l4_listener(l4), ip, status, why);
}

static void
on_refusal(void *arg, struct http_head *reply, const char *why)
{
	(void)arg;
	proxy_status_add(&reply->fields, FLAG_DPE, why);
}

static void
on_watch(void *arg)
{
	struct port_worker *pw = arg;
	int i = pw->worker->env.index;

	pw->port->watches[i] = listener_watch(pw->port->listener,
	    pw->worker->env.loop, on_accepted, pw);
}

static void
watch_all(struct open_port *o)
{
	for (int i = 0; i < o->plane->options.workers; i++)
		loop_post(o->plane->workers[i].env.loop, on_watch,
		    &o->accepts[i]);
}

/* As documents say now, for a connection that begins. */
static const struct http_conn_settings *
settings_of(void *arg, struct worker_env *env)
{
	const struct proxy_worker *w = env->mode;

	(void)arg;
	return w->snapshot != NULL ? &w->snapshot->http : NULL;
}

struct open_port *
port_open(struct data_plane *p, const struct port *spec, struct err *err)
{
	struct listener *l = listener_open(&spec->addr, 4096, err);

	if (l == NULL)
		return NULL;
	struct open_port *o = mem_zalloc(sizeof(*o));
	size_t n = (size_t)p->options.workers;

	o->plane = p;
	o->spec = *spec;
	o->at = *listener_addr(l);
	o->listener = l;
	atomic_init(&o->watching, p->options.workers);
	o->watches = mem_zalloc_array(n, sizeof(struct listener_watch *));
	o->accepts = mem_zalloc_array(n, sizeof(*o->accepts));
	o->http = http_options_default;
	o->http.settings = settings_of;
	o->http.listener = (struct l7_listener){
		.name = kinds[spec->kind].listener,
		.route = route,
		.bad_request = on_bad_request, .refusal = on_refusal, .arg = o,
	};
	o->http.misspoken = on_misspoken;
	for (size_t i = 0; i < n; i++)
		o->accepts[i] = (struct port_worker){ o, &p->workers[i] };
	watch_all(o);
	return o;
}

int
port_reopen(struct open_port *o, struct err *err)
{
	struct listener *l;

	if (atomic_load(&o->watching) > 0)
		return err_set(err, ERR_SYSTEM, "the port is still closing");
	l = listener_open(&o->at, 4096, err);
	if (l == NULL)
		return -1;
	o->listener = l;
	o->is_closed = false;
	atomic_store(&o->watching, o->plane->options.workers);
	watch_all(o);
	return 0;
}

void
port_refuse(struct open_port *o, struct proxy_worker *w, const char *reason)
{
	const struct slice v[] = {
		slice_str(kinds[o->spec.kind].listener), slice_str(reason),
	};

	worker_env_count(&w->env, METRIC_CONNECTIONS_REFUSED, v, 2, 1);
}

void
port_count_handshake(struct proxy_worker *w, const struct tls_result *t)
{
	const struct slice v[] = {
		SLICE(METRIC_INBOUND), t->failure != TLS_OK ? slice_str(
		    t->cert_reason != NULL ? t->cert_reason :
		    tls_failure_name(t->failure)) :
		    t->image.peer->is_resumed ? SLICE("resumed") : SLICE("full"),
	};

	worker_env_count(&w->env, t->failure == TLS_OK ?
	    METRIC_TLS_HANDSHAKES : METRIC_TLS_FAILURES, v, 2, 1);
	if (t->failure == TLS_OK)
		worker_env_count(&w->env, METRIC_TLS_HANDSHAKE_DURATION, v, 1,
		    (int64_t)t->duration_us);
}

void
port_count_arriving(struct proxy_worker *w, int by)
{
	if (by > 0)
		atomic_fetch_add_explicit(&w->env.arriving, (size_t)by,
		    memory_order_relaxed);
	else
		atomic_fetch_sub_explicit(&w->env.arriving, (size_t)-by,
		    memory_order_release);	/* after its chain counts it */
}

void
port_unwatch(struct open_port *o, struct proxy_worker *w)
{
	struct listener_watch **watch = &o->watches[w->env.index];
	struct listener *l = o->listener;	/* another once it is reopened */

	if (*watch == NULL)
		return;
	listener_unwatch(*watch);
	*watch = NULL;
	if (atomic_fetch_sub(&o->watching, 1) == 1)
		listener_close(l);
}

void
port_end(struct open_port *o, struct proxy_worker *w)
{
	struct listener_watch *watch = o->watches[w->env.index];

	if (watch != NULL)
		listener_accept_all(watch);
	port_unwatch(o, w);
}

void
port_close(struct open_port *o)
{
	mem_free(o->watches);
	mem_free(o->accepts);
	mem_free(o);
}

struct conn *
port_plain_conn(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *peer)
{
	return conn_accept(w->env.loop, fd, peer, &o->at,
	    &conn_no_ops, NULL);
}
