#include "base/mem.h"
#include "modes/proxy/egress.h"
#include "modes/proxy/lookup.h"
#include "modes/proxy/port.h"
#include "modes/proxy/session.h"

/*
 * A port of its own for one service (--upstream): HTTP or bytes, as the
 * service's port says; while the service is not known the connection waits.
 */
struct opening {
	struct list          link;	/* in worker->openings */
	struct lookup        lookup;
	struct open_port    *port;
	struct proxy_worker *worker;
	struct conn         *conn;
};

static void
opening_free(struct opening *w)
{
	list_remove(&w->link);
	port_count_arriving(w->worker, -1);
	mem_free(w);
}

static void
start(struct opening *w, struct cluster *c)
{
	struct proxy_worker *worker = w->worker;
	struct open_port *o = w->port;
	struct conn *conn = w->conn;

	if (c->protocol == CLUSTER_HTTP)
		l4_start(worker->snapshot->out.l4, conn, &worker->env,
		    "upstream", &http_terminal, &o->http);
	else
		l4_start(worker->snapshot->out.l4, conn, &worker->env,
		    "upstream", &session_terminal, session_job_new(
		    cluster_ref(c), false, false, worker->env.workload));
	cluster_unref(c);
	opening_free(w);
}

static void
give_up(struct opening *w)
{
	conn_set_owner(w->conn, &port_no_ops, NULL);
	conn_abort(w->conn, CLOSE_CONNECT);
	opening_free(w);
}

static void
on_answer(void *arg, enum lookup_answer answer, struct cluster *c)
{
	struct opening *w = arg;

	if (answer == LOOKUP_FOUND) {
		start(w, c);
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

static void
on_data(struct conn *c, void *owner)
{
	(void)c;
	(void)owner;	/* stays in the conn until a chain takes it */
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
