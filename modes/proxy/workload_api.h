#ifndef PROXY_WORKLOAD_API_H
#define PROXY_WORKLOAD_API_H

#include "base/err.h"
#include "modes/proxy/svid.h"

/*
 * workload_api: the SPIFFE Workload API (its standard of that name, and SPIFFE
 * Workload Endpoint), by which the applications beside a proxy get identities:
 * gRPC on a local socket, off unless --workload-api-socket names one.
 *
 * Life: workload_api_open -> workload_api_use whenever there is something new
 *       -> workload_api_close -> workload_api_free.  On the main loop.
 *
 * Who asks is known by the uid of his process, and by nothing that he says; the
 * socket is open to everybody (0666), and who is given nothing holds few of its
 * connections (door.h).  Calls without the metadata
 * workload.spiffe.io: true are refused, as they may come from a browser that was
 * misled.  A stream gets the whole state at once and again whenever that
 * changes, and ends when there is no identity any more.
 */
#define WORKLOAD_API_STREAMS_MAX	1024
#define WORKLOAD_API_CONNS_MAX		256

struct proxy_run;
struct workload_api;

/* NULL: the socket cannot be opened. */
struct workload_api *workload_api_open(struct proxy_run *, struct err *);
/* Takes; NULL: there is no identity (any more). */
void workload_api_use(struct workload_api *, struct svids *);
void workload_api_close(struct workload_api *);	/* NULL allowed, as below */
void workload_api_free(struct workload_api *);

#endif
