#include "base/mem.h"
#include "modes/proxy/egress.h"
#include "modes/proxy/lookup.h"
#include "modes/proxy/port.h"
#include "modes/proxy/rules.h"
#include "modes/proxy/session.h"
#include "tls/hello.h"

#define HELLO_MS	10000	/* as long as a handshake may take */

/*
 * A port of its own for one service (--upstream): HTTP or bytes, as the
 * service's port says; while the service is not known the connection waits.
 * Where TLSRoutes or TCPRoutes hang there it carries bytes, and goes where they
 * say; a TLSRoute's waits for the server name that it asks for.
 */
struct opening {
	struct list          link;	/* in worker->openings */
	struct lookup        lookup;
	struct open_port    *port;
	struct proxy_worker *worker;
	struct conn         *conn;
	struct loop_timer    timer;	/* of the name */
	bool                 wants_name;
};

static void
opening_free(struct opening *w)
{
	loop_timer_stop(&w->timer);
	list_remove(&w->link);
	port_count_arriving(w->worker, -1);
	mem_free(w);
}

/* Takes the cluster.  http: what it is if it speaks that; NULL: bytes. */
static void
start_bytes(struct opening *w, struct cluster *c, struct http_options *http)
{
	struct proxy_worker *worker = w->worker;
	struct session_job *job = session_job_new(c, false, false,
	    worker->env.workload);

	job->http = http;
	l4_start(worker->snapshot->out.l4, w->conn, &worker->env, "upstream",
	    &session_terminal, job);
	opening_free(w);
}

static void
start(struct opening *w, struct cluster *c)
{
	struct proxy_worker *worker = w->worker;

	if (c->protocol != CLUSTER_HTTP) {
		start_bytes(w, c, c->protocol == CLUSTER_AUTO ?
		    &w->port->http : NULL);
		return;
	}
	l4_start(worker->snapshot->out.l4, w->conn, &worker->env, "upstream",
	    &http_terminal, &w->port->http);
	cluster_unref(c);
	opening_free(w);
}

static void
give_up(struct opening *w)
{
	conn_set_owner(w->conn, &conn_no_ops, NULL);
	conn_abort(w->conn, CLOSE_CONNECT);
	opening_free(w);
}

/* --- routes of connections --------------------------------------------------------- */

static const struct service_port *
service_port_of(const struct opening *w)
{
	return service_port(snapshot_service(w->worker->snapshot,
	    &w->port->spec.service), w->port->spec.service_port);
}

/* The documents may have changed while the name came. */
static void
route_bytes(struct opening *w, const char *name)
{
	const struct service_port *p = service_port_of(w);
	const char *why = "no_route";
	struct cluster *to = p == NULL ? NULL : p->streams == NULL ?
	    cluster_ref(p->cluster) : rules_stream(p->streams, slice_str(name),
	    &why);

	if (to != NULL) {
		start_bytes(w, to, NULL);
		return;
	}
	port_refuse(w->port, w->worker, why);
	give_up(w);
}

static void
look_at_name(struct opening *w)
{
	const struct buf *in = conn_in(w->conn);
	char bytes[HELLO_PEEK_BYTES], name[HELLO_NAME_MAX];
	size_t n = buf_len(in) < sizeof(bytes) ? buf_len(in) : sizeof(bytes);
	enum hello_state state;

	buf_copy_out(in, bytes, n);
	state = hello_name(slice_of(bytes, n), name);
	if (state == HELLO_NAMED) {
		route_bytes(w, name);
	} else if (state == HELLO_BAD || n == sizeof(bytes) ||
	    conn_is_eof(w->conn)) {
		port_refuse(w->port, w->worker, "bad_hello");
		give_up(w);
	}
}

static void
on_late(void *arg)
{
	struct opening *w = arg;

	port_refuse(w->port, w->worker, "late_hello");
	give_up(w);
}

/* Takes the cluster. */
static void
choose(struct opening *w, struct cluster *c)
{
	const struct service_port *p = service_port_of(w);

	if (p == NULL || p->streams == NULL) {
		start(w, c);
		return;
	}
	cluster_unref(c);
	if (!rules_ask_name(p->streams)) {
		route_bytes(w, "");
		return;
	}
	w->wants_name = true;
	loop_timer_start(&w->timer, HELLO_MS);
	look_at_name(w);
}

/* --- waiting ------------------------------------------------------------------------- */

static void
on_answer(void *arg, enum lookup_answer answer, struct cluster *c)
{
	struct opening *w = arg;

	if (answer == LOOKUP_FOUND) {
		choose(w, c);
		return;
	}
	char key[SERVICE_KEY_MAX];

	service_key(&w->lookup.name, key);
	egress_note(w->worker, EGRESS_NO_SERVICE, slice_str(key),
	    w->lookup.port);
	give_up(w);
}

/* The caller went away while it waited. */
static void
on_closed(struct conn *c, void *owner, enum close_reason why)
{
	struct opening *w = owner;

	(void)c;
	(void)why;
	lookup_cancel(&w->lookup);
	opening_free(w);
}

void
port_drop_openings(struct proxy_worker *worker)
{
	LIST_FOREACH_SAFE(at, &worker->openings) {
		struct opening *w = list_entry(at, struct opening, link);

		lookup_cancel(&w->lookup);
		give_up(w);
	}
}

/* What comes stays in the conn until a chain takes it. */
static void
on_data(struct conn *c, void *owner)
{
	struct opening *w = owner;

	(void)c;
	if (w->wants_name)
		look_at_name(w);
}

static const struct conn_ops waiting_ops = { on_data, NULL, on_closed };

void
port_accept_upstream(struct open_port *o, struct proxy_worker *worker, int fd,
    const struct addr *peer)
{
	struct conn *conn = port_plain_conn(o, worker, fd, peer);

	if (worker->snapshot == NULL) {
		conn_abort(conn, CLOSE_LOCAL);
		return;
	}
	struct opening *w = mem_zalloc(sizeof(*w));
	struct cluster *c = NULL;

	*w = (struct opening){ .port = o, .worker = worker, .conn = conn };
	list_append(&worker->openings, &w->link);
	port_count_arriving(worker, 1);
	loop_timer_init(&w->timer, worker->env.loop, on_late, w);
	w->lookup.name = o->spec.service;
	w->lookup.has_name = true;
	w->lookup.port = o->spec.service_port;
	w->lookup.done = on_answer;
	w->lookup.arg = w;
	conn_set_owner(conn, &waiting_ops, w);
	enum lookup_answer answer = lookup_start(worker, &w->lookup, &c);

	if (answer != LOOKUP_WAIT)
		on_answer(w, answer, c);
}
