#ifndef PROXY_PROXY_WALLS_H
#define PROXY_PROXY_WALLS_H

#include "base/walls.h"
#include "modes/proxy/settings.h"

/*
 * proxy_walls: what a proxy keeps when it shuts itself in: the files that its
 * settings name, low ports where one is or may be asked for, and the system
 * calls of traffic.
 */

/* One for each setting of pattern CONF_PATH; field NULL ends. */
extern const struct walls_path proxy_paths[];

/*
 * Before any thread.  socket_dir stands in for an admin socket that is not set.
 * Settings may name files in another way afterwards (landlock_allow_pinned).
 */
void proxy_walls_raise(struct walls *, struct settings *,
    const char *socket_dir);
/* When it has started. */
void proxy_walls_shut(struct walls *);

#endif
