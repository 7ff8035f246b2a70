#ifndef PROXY_AGENT_DOCS_H
#define PROXY_AGENT_DOCS_H

#include <stdint.h>

#include "base/slice.h"
#include "net/addr.h"

/*
 * agent_docs: what this proxy knows: its documents from the disk and from
 * control, compiled and put into force, and its own Workload.  Part of the agent;
 * on the sync thread.
 */
struct agent;

void agent_docs_load(struct agent *);
/* Compiles what is there and tells control what does not compile. */
void agent_compile(struct agent *);
void agent_save_soon(struct agent *);
void agent_save_now(struct agent *);	/* if something is to be saved */
/* Our Workload; local: where control sees us, or NULL. */
void agent_make_workload(struct agent *, const struct addr *local);
void agent_reject(struct agent *, struct slice key, uint64_t revision,
    const char *why);
void agent_tell_faults(struct agent *);	/* to control, all of them */

#endif
