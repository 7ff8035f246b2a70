#ifndef PROXY_AGENT_REVOKE_H
#define PROXY_AGENT_REVOKE_H

#include "modes/proxy/agent_run.h"

/*
 * agent_revoke: whom we refuse although their certificates are good.  What
 * control told stays on the disk until it is of no use, even where control
 * forgot it meanwhile, as one does that comes from an old backup.
 */
int agent_revoked_load(struct agent *, struct err *);
void agent_revoked_start(struct agent *);	/* what the disk had is obeyed */
void agent_revoked_fini(struct agent *);
bool agent_is_revoked(const struct agent *, const struct agent_identity *);
/* Control's list, told when it is obeyed; ERR_DATA leaves what we have. */
int agent_take_revoked(struct agent *, uint64_t generation, struct slice text,
    struct err *);

#endif
