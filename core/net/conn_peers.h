#ifndef NET_CONN_PEERS_H
#define NET_CONN_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "net/conn.h"

/*
 * conn_peers: who is at the other ends of a loop's connections over TLS, and
 * who may be there no longer.
 *
 * Every connection that was attached with keys is known here until it is
 * closed, whoever owns it and whichever side began it.  A judge that is set
 * looks at all of them, and from then on at each that is attached; whom it
 * refuses is cut off with CLOSE_DENIED, so that a handshake under way, or a
 * connection on its way from another loop, does not escape it.
 */
typedef bool conn_peers_refuse(void *arg, const struct conn_peer *);

/*
 * Keeps arg until another judge is set or the loop ends.  Returns how many it
 * cut off; their owners hear of it in this turn.
 */
size_t conn_peers_judge(struct loop *, conn_peers_refuse *, void *arg);

#endif
