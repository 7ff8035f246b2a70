#ifndef PROXY_APP_HEALTH_H
#define PROXY_APP_HEALTH_H

#include "base/str.h"
#include "loop/loop.h"
#include "modes/proxy/compile.h"

/*
 * app_health: whether our application answers, on all of its addresses.
 *
 * "tcp": it accepts a connection.  "http:/path": it answers GET /path with a
 * status from 200 to 399.  "grpc", "grpc:NAME": it says SERVING by gRPC's health
 * checking, as a whole or about the service of that name.  Each address is asked
 * every second until it answers, and every five seconds then; it counts as down
 * again after two failures in a row, a second apart.  The log says so once each
 * time, and also when it is not up to begin with.
 *
 * Life: app_health_start -> on_change at each change; the first one says that
 *       it is up -> app_health_stop.
 */
struct app_health;

/* Keeps apps and spec.  Without apps nothing is ever up. */
struct app_health *app_health_start(struct loop *, const struct compile_app *,
    size_t len, const char *spec, void (*on_change)(void *arg, bool is_up),
    void *arg);
bool app_health_is_up(const struct app_health *);
/* Not up, and that is known: it did not answer when it was asked. */
bool app_health_is_down(const struct app_health *);
/* JSON: each port, whether it answers, and if not, why.  NULL: none. */
void app_health_write(const struct app_health *, struct str *out);
void app_health_stop(struct app_health *);	/* NULL allowed */

#endif
