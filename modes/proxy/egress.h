#ifndef PROXY_EGRESS_H
#define PROXY_EGRESS_H

#include "chain/l7.h"
#include "loop/buf.h"
#include "modes/proxy/lookup.h"
#include "modes/proxy/worker.h"

/*
 * egress: what leaves the mesh, and what may not.
 *
 * Who is registered is called: services of the mesh by their names, hosts
 * outside by theirs.  All else ends here unless MeshConfig says ALLOW_ANY: with
 * an answer that says why, a count of mesh_egress_refused_total, and a line in
 * the log, of which each worker writes one a second for each reason.
 */
enum egress_refusal {
	EGRESS_NOT_REGISTERED,
	EGRESS_NO_SERVICE,	/* of an --upstream */
	EGRESS_OURSELVES,	/* it leads to our own listener */
	EGRESS_OTHER_NAME,	/* a tunnel's TLS asks for another host */
	EGRESS_NO_HELLO,	/* it begins as TLS and does not go on so */
	EGRESS_REFUSALS
};
const char *egress_refusal_name(enum egress_refusal);
/* Counts and logs.  what: the host, or the service. */
void egress_note(struct proxy_worker *, enum egress_refusal, struct slice what,
    int port);
/* The answer to a request for a host that is not called, as the lookup says. */
void egress_reply(struct l7_ctx *, enum lookup_answer, struct slice host,
    int port);

/*
 * A request on its way to a cluster: one outside is addressed by its own host,
 * unless a rule has named another than the caller did, and learns nothing of
 * the mesh.
 */
void egress_address(const struct cluster *, const struct http_head *asked,
    struct http_head *outgoing, struct arena *);
bool egress_is_outside(const struct cluster *);

/*
 * Whether a tunnel's first bytes are those of a client that wants who is called:
 * TLS must ask for one of these hosts by its name, or for nobody where the host
 * is an address; what is not TLS passes.  What is said later, or in an encrypted
 * hello, is not seen.
 */
#define EGRESS_HOSTS	2	/* as CONNECT had it, and its own; may be empty */
#define EGRESS_HELLO_MS	1000u	/* longest wait for the rest of a hello */
enum egress_look { EGRESS_MORE, EGRESS_PASS, EGRESS_REFUSE };
enum egress_look egress_look(const struct buf *first,
    const struct slice hosts[EGRESS_HOSTS], enum egress_refusal *why);
/* The host of a cluster outside, as requests name it; else empty. */
struct slice egress_host(const struct cluster *);

#endif
