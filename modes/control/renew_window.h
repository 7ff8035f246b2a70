#ifndef CONTROL_RENEW_WINDOW_H
#define CONTROL_RENEW_WINDOW_H

#include "modes/control/server.h"

/*
 * renew_window: for how many seconds after its end a certificate may still be
 * renewed by proof of its key, as the MeshConfig says; 0: not at all.
 */
int64_t renew_window_s(const struct server *);

#endif
