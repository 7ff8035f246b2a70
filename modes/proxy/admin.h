#ifndef PROXY_ADMIN_H
#define PROXY_ADMIN_H

#include "base/err.h"

/*
 * admin: how this proxy is doing, for people, probes and scrapers: a listener
 * on loopback and a local socket, served on the main loop by the same http
 * terminal and chains as traffic.
 *
 *	GET /livez	200 while the main loop turns
 *	GET /readyz	200 when traffic can be served, else 503
 *	GET /metrics	Prometheus text, or OpenMetrics for who accepts it
 *	GET /config	what it runs, as JSON
 *	GET /logging	levels of the log by part
 *	PUT /logging?level=info,tls=debug
 *
 * The TCP listener is for this machine: whoever reaches it may read all of it
 * and set log levels, which the log says.  None of it is a secret.  On the socket
 * only the proxy's user may set them.
 *
 * Life: admin_open -> admin_close (in the loop's last turn) -> admin_free.
 */
#define ADMIN_SOCKET_DIR "/run/mesh/proxy"	/* if none is set */

struct admin;
struct proxy_run;

/* Keeps p. */
struct admin *admin_open(struct proxy_run *p, struct err *);
/* Listeners and connections; harmless twice, NULL allowed. */
void admin_close(struct admin *);
void admin_free(struct admin *);	/* closes too; NULL allowed */

#endif
