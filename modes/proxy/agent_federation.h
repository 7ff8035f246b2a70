#ifndef PROXY_AGENT_FEDERATION_H
#define PROXY_AGENT_FEDERATION_H

#include "modes/proxy/agent_run.h"

/*
 * agent_federation: whom of other trust domains we believe.  It follows from
 * the documents, which control sends and the disk keeps, and holds before they
 * do: who is believed no longer is cut off whatever routes and policies say.
 */

/* Of all documents; in agent_compile, whose faults hear of those that do not count. */
void agent_federate(struct agent *, struct model_object *const *objects,
    size_t n);

#endif
