#ifndef PROXY_ADMIN_CONFIG_H
#define PROXY_ADMIN_CONFIG_H

#include "base/str.h"

/*
 * admin_config: what a proxy runs, as one JSON object: its build, its
 * settings, and the services, endpoints and inbound ports of the last
 * snapshot.  On the thread that compiles: main when standalone, else sync.
 */
struct proxy_run;

void admin_config_write(struct str *, const struct proxy_run *);

#endif
