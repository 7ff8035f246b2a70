#ifndef PROXY_LOOKUP_H
#define PROXY_LOOKUP_H

#include "base/list.h"
#include "link/sni.h"
#include "net/addr.h"
#include "loop/loop.h"
#include "upstream/cluster.h"

/*
 * lookup: from the name and port of a service to its cluster, on one worker.
 *
 * What the snapshot holds is answered at once.  For anything else the proxy
 * declares its interest to control and the asker waits, bounded, until the
 * snapshot says what it is, or that it is not.  Hosts that nobody registered
 * are found by stray.h, where that is allowed.
 */
struct conn;
struct proxy_worker;

enum lookup_answer {
	LOOKUP_FOUND,
	LOOKUP_NO_SERVICE,	/* control says that there is none */
	LOOKUP_NO_PORT,		/* the service has no such port */
	LOOKUP_TIMEOUT,		/* nobody said anything in time */
	LOOKUP_UNREGISTERED,	/* a host, and the mesh allows no others */
	LOOKUP_UNRESOLVED,	/* a host that has no address */
	LOOKUP_OURSELVES,	/* a host that leads to where the caller is */
	LOOKUP_WAIT		/* done will be called */
};

struct lookup {
	struct list          link;
	struct proxy_worker *worker;
	struct service_name  name;
	uint16_t             port;
	/*
	 * Or instead of the name, and if there is no such service (one may be
	 * written like the other): a host that nobody registered.
	 */
	struct slice         host;	/* empty: none; borrowed while it waits */
	bool                 has_name;	/* false: only the host */
	bool                 is_udp;	/* the port of datagrams */
	enum cluster_protocol protocol;	/* of the host's port */
	struct conn         *caller;	/* which asks for the host; borrowed */
	struct loop_timer    timer;
	/* cluster is counted for the callee; NULL unless FOUND. */
	void               (*done)(void *arg, enum lookup_answer, struct cluster *);
	void                *arg;
};

/*
 * Answers at once (*cluster counted) or, with LOOKUP_WAIT, keeps l and calls
 * done later.  What stands before and behind timer is set by the caller.
 */
enum lookup_answer lookup_start(struct proxy_worker *, struct lookup *l,
    struct cluster **cluster);
void lookup_cancel(struct lookup *);	/* harmless when not waiting */

#endif
