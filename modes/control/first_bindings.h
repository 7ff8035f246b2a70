#ifndef CONTROL_FIRST_BINDINGS_H
#define CONTROL_FIRST_BINDINGS_H

#include "modes/control/server.h"

/*
 * first_bindings: what was so before there were roles, as bindings that can
 * be read and taken away.
 *
 * At the first start, and at the first one after a version without roles, the
 * group of those who may use the local socket becomes admin (mesh-socket), and
 * so does each operator that there is (operator-NAME).  This is done once: a
 * binding that was deleted does not come back.
 */

/* Calls done once it is written, or was before; not before this returns. */
void first_bindings_write(struct server *, void (*done)(struct server *));

#endif
