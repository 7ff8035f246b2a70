#ifndef PROXY_APP_USER_H
#define PROXY_APP_USER_H

#include "modes/proxy/port.h"
#include "modes/proxy/udp_port.h"

/*
 * app_user: whose processes may speak through the outbound listeners, which
 * lend out the workload's identity: with --app-user those users alone, asked of
 * the kernel for each connection and each session of datagrams.
 */

/* False: it is to be closed; it is counted and logged. */
bool app_user_may(struct open_port *, struct proxy_worker *, int fd,
    const struct addr *from);
/* at: where it was sent to, of length 0 when that is not known. */
bool app_user_may_send(const struct udp_port *, struct proxy_worker *,
    const struct addr *from, const struct addr *at);

#endif
