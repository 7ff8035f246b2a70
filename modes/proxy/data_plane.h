#ifndef PROXY_DATA_PLANE_H
#define PROXY_DATA_PLANE_H

#include <pthread.h>

#include "modes/proxy/overload.h"
#include "modes/proxy/stray.h"
#include "modes/proxy/udp_table.h"
#include "modes/proxy/worker.h"
#include "net/cidr.h"
#include "tls/tls.h"

/*
 * data_plane: the workers and what they share: listeners, identity in use,
 * the registry of upstream state, the current snapshot.  It knows documents
 * only as snapshots and control only through two callbacks.
 *
 * Life: data_plane_new -> data_plane_use (a snapshot), data_plane_identify
 *       (an identity) -> data_plane_listen ... -> data_plane_drain
 *       -> data_plane_stop -> data_plane_free.
 * All functions are called on the main thread unless they say otherwise.
 */
#define DATA_PLANE_WORKERS_MAX	64	/* as the schema of Proxy says */

enum port_kind {
	PORT_INBOUND,	/* mutual TLS from other sidecars, to the application */
	PORT_OUTBOUND,	/* HTTP of the application, by Host or absolute form */
	PORT_UPSTREAM,	/* one service's port, HTTP or TCP */
	PORT_GATEWAY,	/* of a Gateway, for strangers: gateway.h */
};

struct port {
	enum port_kind      kind;
	struct addr         addr;
	struct service_name service;	/* PORT_UPSTREAM */
	uint16_t            service_port;
	bool                is_exposed;	/* INBOUND, of one port alone: plain.h */
	bool                is_udp;	/* UPSTREAM, GATEWAY */
};

struct data_plane_options {
	int                 workers;
	struct loop        *loop;	/* kept: where snapshots end; NULL: anywhere */
	struct slice        default_namespace;	/* for short host names */
	uint64_t            lookup_timeout_ms;	/* 3,000 */
	bool                is_edge;	/* standalone: callers are strangers */
	int64_t             trusted_hops;	/* before the ports of Gateways */
	const struct cidr  *proxies;	/* kept; before those ports, too: they */
	size_t              proxies_len;	/* speak PROXY protocol; 0: nobody does */
	const int64_t      *app_users;	/* kept; of outbound ports; 0: all */
	size_t              app_users_len;
	struct overload_settings overload;
	struct filter_stats *filter_stats;	/* kept */
	struct stat_registry *stats;	/* kept; NULL: nothing is counted */
	struct slice        service;	/* ours, "ns/name" */
	struct stray_settings strays;
	struct udp_bounds   udp;	/* of each worker */
	struct tls_handshaker *handshaker;	/* kept */
	/* Kept; by which providers of logins are found; NULL: the machine's. */
	const struct resolve_files *provider_files;
	/* Called on a worker: somebody asked for a service not in the snapshot. */
	void              (*want)(void *arg, const struct service_name *);
	/* Called on a worker: a service was used (keeps the interest alive). */
	void              (*used)(void *arg, const struct service_name *);
	/* Called on a worker: a key of an issuer is not known; see issuers.h. */
	void              (*want_keys)(void *arg, struct slice source);
	/* Called on a worker for each failed handshake, either end. */
	void              (*tls_failed)(void *arg, bool is_server,
				const struct tls_result *);
	/* Called on any thread: looks for overload are to begin again. */
	void              (*woken)(void *arg);
	void               *arg;
};

struct data_plane {
	struct data_plane_options options;
	struct cluster_registry  *registry;
	struct upstream_env       upstream_env;
	struct proxy_worker      *workers;
	pthread_mutex_t           identity_lock;	/* held for a pointer copy */
	struct tls_identity      *identity;
	struct arena              names;	/* of our workload, now and before */
	struct list               ports, udp_ports;
	uint64_t                  born_ms;	/* monotonic */
	atomic_size_t             drains;	/* on their way to a worker */
	struct overload           overload;
	struct verifier          *verifier;	/* NULL until there are tokens */
	struct login_flights     *logins;	/* login_flight.h */
};

struct data_plane *data_plane_new(const struct data_plane_options *);
/*
 * Who waits for keys from there is answered by those of the snapshot that was
 * used last.  Any thread.
 */
void data_plane_settle_keys(struct data_plane *, struct slice source);
/* Takes s; every worker swaps to it. */
void data_plane_use(struct data_plane *, struct snapshot *s);
/*
 * Calls fn on a worker once each has done what it was told until now, as to use
 * a snapshot; never if they are stopped before that.  Any thread.
 */
void data_plane_settle(struct data_plane *, void (*fn)(void *arg), void *arg);
/*
 * Takes id; used by handshakes that begin from now on.  Upstream connections
 * of the one before serve nobody new.  Any thread.
 */
void data_plane_identify(struct data_plane *, struct tls_identity *id);
/* Gives a reference or NULL.  Any thread. */
struct tls_identity *data_plane_identity(struct data_plane *);
/* Copies: who our workload is, "ns/name"; "" before.  Any thread. */
void data_plane_name(struct data_plane *, struct slice workload);
/* Opens a listener on all workers; *bound is the real address. */
int data_plane_listen(struct data_plane *, const struct port *,
    struct addr *bound, struct err *);
/*
 * Closes what data_plane_listen opened at this address; what was accepted goes
 * on.  Neither is called once the plane drains.
 */
void data_plane_unlisten(struct data_plane *, enum port_kind,
    const struct addr *, bool is_udp);
/* Once a minute: forgets endpoint states and series that nobody uses. */
void data_plane_housekeep(struct data_plane *);
/* Stops accepting and ends connections in order; done when none is left. */
void data_plane_drain(struct data_plane *);
size_t data_plane_conns(struct data_plane *);	/* any thread; approximate */
/* Closes everything and ends the workers' threads; then the handshaker goes. */
void data_plane_stop(struct data_plane *);
void data_plane_free(struct data_plane *);	/* after data_plane_stop */

#endif
