#ifndef CONTROL_DOORS_H
#define CONTROL_DOORS_H

#include "base/err.h"
#include "modes/control/server.h"

/*
 * doors: the places where control listens, and what happens to a
 * connection between accept and its chain.
 *
 *	API		handshake (a client's certificate is optional) -> http;
 *			closed at once while control has no certificate
 *	local socket	mode 0660; the kernel says who calls -> http
 *	admin		loopback; health and metrics -> http
 *	federation	where asked for: our bundle, under a certificate of the web
 *
 * Life: doors_open -> doors_shut (no new connections) -> doors_close.
 */
struct doors;
struct doors *doors_open(struct server *, struct err *);
void doors_shut(struct doors *);
void doors_close(struct doors *);

#endif
