#ifndef PROXY_AGENT_RENEW_H
#define PROXY_AGENT_RENEW_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * agent_renew: who this proxy is: its identity from the disk, joined for, used,
 * renewed in time, and got back after its end.  Part of the agent; on the sync
 * thread.
 */
struct agent;

/* What the disk has; ERR_CONFIG for what may not be trusted. */
int agent_identity_load(struct agent *, struct err *);
bool agent_has_identity(const struct agent *);	/* one that is valid now */
/* Joins or schedules the renewal, whichever is due. */
void agent_identity_start(struct agent *);
void agent_identity_stop(struct agent *);
void agent_renew_soon(struct agent *);	/* within some seconds */
/* Control lets it in no more: a token that it has not seen joins again. */
void agent_identity_refused(struct agent *);
/* All of it, as it is now, goes to the data plane. */
int agent_identity_use(struct agent *, struct err *);

#endif
