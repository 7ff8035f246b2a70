#ifndef CONTROL_FIRST_POLICY_H
#define CONTROL_FIRST_POLICY_H

#include "modes/control/server.h"

/*
 * first_policy: in a registry that never held a document, the MeshConfig that
 * says who may call whom as long as no policy does: as the settings have it,
 * nobody.  A registry that is there keeps what it has.
 */

/* Calls done once it is written, or was not to be; not before this returns. */
void first_policy_write(struct server *, void (*done)(struct server *));

#endif
