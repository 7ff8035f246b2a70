#ifndef PROXY_AGENT_SVID_H
#define PROXY_AGENT_SVID_H

#include "modes/proxy/agent_call.h"
#include "modes/proxy/svid.h"

/*
 * agent_svid: the application's own certificate, where it is to have one
 * (--workload-api-socket): its key is made here and certified by control for the
 * identity of the proxy, whose own key stays where it is.  Part of the agent;
 * all of it belongs to the sync thread.
 *
 * Life: agent_svid_load -> agent_svid_start -> agent_svid_changed (whenever the
 * proxy's identity, its roots or who is revoked change) ... -> agent_svid_stop.
 *
 * What it has at each moment goes to options.svids, and NULL when there is none:
 * before the first, behind its end, and once the identity is revoked.
 */
struct agent;

struct agent_svid {
	struct key         key, next_key;
	struct str         chain_pem;	/* empty: there is none */
	char              *id;		/* SPIFFE ID in it */
	int64_t            not_before, not_after, renew_at;	/* wall seconds */
	struct agent_call *call;
	struct loop_timer  timer;
	unsigned           failures;	/* in a row */
	bool               is_told;	/* something was given out */
};

void agent_svid_load(struct agent *);	/* what the disk has */
void agent_svid_start(struct agent *);
void agent_svid_changed(struct agent *);
void agent_svid_renew_soon(struct agent *);	/* within some seconds */
void agent_svid_stop(struct agent *);
void agent_svid_fini(struct agent *);

#endif
