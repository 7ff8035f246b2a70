#ifndef LOOP_EVENT_BASE_H
#define LOOP_EVENT_BASE_H

#include "loop/loop.h"

/* For core/net alone, whose name resolver (evdns) wants libevent's base. */
struct event_base;
struct event_base *loop_base(struct loop *);

#endif
