#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

#include "loop/loop.h"
#include "net/addr.h"
#include "net/close_reason.h"

/*
 * dial: a non-blocking connect with a deadline.
 * Life: dial_start -> done once (fd >= 0: owned by the callee, non-blocking,
 *       TCP_NODELAY; fd < 0: error is errno, ETIMEDOUT at the deadline), or
 *       dial_cancel and no call.
 * done is never called from inside dial_start.
 */
struct dial;

struct dial *dial_start(struct loop *, const struct addr *, uint64_t timeout_ms,
    void (*done)(void *arg, int fd, int error), void *arg);
void dial_cancel(struct dial *);

#endif
