#ifndef PROXY_PORT_H
#define PROXY_PORT_H

#include "chain/http.h"
#include "modes/proxy/data_plane.h"

/*
 * port: one listening address of the data plane on all workers, and what
 * happens to a connection between accept and its chain.
 *
 *	all		the worker that is to have it (balance.h)
 *	inbound		(plain text is taken: look at the first bytes) ->
 *			handshake ->
 *			server name to application -> http or session
 *	outbound	http at once
 *	upstream	ask for the service's port -> http or session
 *	gateway		(behind a load balancer: its header) -> (HTTPS, TLS:
 *			look at the hello, or handshake) -> http or session
 */
struct open_port {
	struct list            link;	/* in plane->ports */
	struct data_plane     *plane;
	struct port            spec;
	struct addr            at;		/* as bound, once and for all */
	struct listener       *listener;	/* closed by the last worker that unwatches */
	atomic_int             watching;	/* workers */
	bool                   is_closed;	/* the main thread's: may be reopened */
	struct listener_watch **watches;	/* by worker */
	struct port_worker    *accepts;	/* by worker: argument of accepted */
	struct http_options    http;
};

struct open_port *port_open(struct data_plane *, const struct port *,
    struct err *);
/*
 * After port_end on all workers: listens again, for the same object, which
 * connections of before still lead to.  -1 too while some worker is not done.
 */
int port_reopen(struct open_port *, struct err *);
/* On the worker; harmless twice.  The last one gives the address free. */
void port_unwatch(struct open_port *, struct proxy_worker *);
/* As port_unwatch, but who waits to be accepted still is. */
void port_end(struct open_port *, struct proxy_worker *);
void port_close(struct open_port *);	/* after all are unwatched */

/*
 * The worker `to` takes a connection that another one accepted.  Counts for
 * it at once.
 */
void port_hand_over(struct open_port *, struct proxy_worker *to, int fd,
    const struct addr *peer);
/* Counts a connection that is closed before it carried anything. */
void port_refuse(struct open_port *, struct proxy_worker *, const char *reason);

/* Where a connection goes once its chain is known; by kind. */
void port_accept_inbound(struct open_port *, struct proxy_worker *, int fd,
    const struct addr *peer);
/* On the worker that accepted it; `to` takes it. */
void port_pass_on_inbound(struct open_port *, struct proxy_worker *,
    struct proxy_worker *to, int fd, const struct addr *peer);
/* The end of a worker: who came in and has no chain yet goes. */
void port_drop_arrivals(struct proxy_worker *);
void port_drop_openings(struct proxy_worker *);
void port_drop_greetings(struct proxy_worker *);
void port_drop_proxied(struct proxy_worker *);
/* Of those that were accepted and have no chain yet. */
void port_count_arriving(struct proxy_worker *, int by);
void port_accept_outbound(struct open_port *, struct proxy_worker *, int fd,
    const struct addr *peer);
void port_accept_upstream(struct open_port *, struct proxy_worker *, int fd,
    const struct addr *peer);

void port_accept_gateway(struct open_port *, struct proxy_worker *, int fd,
    const struct addr *peer);
/* The same, behind proxies that say for whom they come: proxied.c. */
void port_accept_proxied(struct open_port *, struct proxy_worker *, int fd,
    const struct addr *peer);
/* The outcome of a handshake as the server. */
struct tls_result;
void port_count_handshake(struct proxy_worker *, const struct tls_result *);

/* L7 route() of each kind; arg is the open_port. */
void route_inbound(void *arg, struct l7_ctx *, struct http_head *,
    struct l7_route *);
void route_outbound(void *arg, struct l7_ctx *, struct http_head *,
    struct l7_route *);
void route_upstream(void *arg, struct l7_ctx *, struct http_head *,
    struct l7_route *);
void route_gateway(void *arg, struct l7_ctx *, struct http_head *,
    struct l7_route *);

/* A new plain connection with its addresses known. */
struct conn *port_plain_conn(struct open_port *, struct proxy_worker *, int fd,
    const struct addr *peer);

#endif
