#ifndef PROXY_OVERLOAD_BOUNDS_H
#define PROXY_OVERLOAD_BOUNDS_H

#include "model/proxy.h"
#include "modes/proxy/overload.h"

/* overload_bounds: what a Proxy's spec.overload comes to on this machine. */
struct overload_settings overload_bounds(const struct model_overload *);
/* What the cgroup of this process (version 2) allows in bytes; 0: no limit. */
uint64_t overload_group_memory(void);

#endif
