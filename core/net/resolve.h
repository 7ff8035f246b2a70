#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "base/slice.h"
#include "loop/loop.h"
#include "net/addr.h"

/*
 * resolve: host names to addresses without NSS: literal addresses at once,
 * then /etc/hosts, then DNS by the servers of /etc/resolv.conf (evdns).
 * done is called once, later in the loop, with up to 16 addresses (port set),
 * or n == 0 and why.  resolve_cancel prevents the call.
 */
struct resolve;

struct resolve *resolve_start(struct loop *, struct slice host, int port,
    void (*done)(void *arg, const struct addr *, int n, const char *why),
    void *arg);
void resolve_cancel(struct resolve *);

#endif
