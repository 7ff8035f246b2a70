#ifndef LOOP_EVENT_BASE_H
#define LOOP_EVENT_BASE_H

#include "loop/loop.h"

/*
 * For core/net alone, whose name resolver (evdns) wants libevent's base.  The
 * loop waits in that from then on.
 */
struct event_base;
struct event_base *loop_base(struct loop *);

#endif
