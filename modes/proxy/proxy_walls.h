#ifndef PROXY_PROXY_WALLS_H
#define PROXY_PROXY_WALLS_H

#include "base/err.h"
#include "base/walls.h"
#include "model/proxy.h"

/*
 * proxy_walls: what a proxy keeps when it shuts itself in: the files that its
 * settings name, low ports where one is or may be asked for, and the system
 * calls of traffic.
 */

/* How a setting that is a path is used while the proxy runs. */
enum proxy_path {
	PROXY_PATH_READ,	/* again and again, and it may be replaced */
	PROXY_PATH_STATE,	/* a directory of ours */
	PROXY_PATH_SOCKET,	/* made, and removed at the end */
	PROXY_PATH_OPENED,	/* before, and kept open */
};

struct proxy_path_row {
	const char     *field;	/* of kind Proxy */
	size_t          offset;	/* in struct model_proxy_spec */
	enum proxy_path use;
};

/* One for each setting of pattern CONF_PATH; field NULL ends. */
extern const struct proxy_path_row proxy_paths[];

/*
 * Before any thread; config is what --config named, or NULL.  socket_dir
 * stands in for an admin socket that is not set.
 */
int proxy_walls_raise(struct walls *, const struct model_proxy_spec *,
    const char *config, const char *socket_dir, struct err *);
/* When it has started. */
int proxy_walls_shut(struct walls *, struct err *);

#endif
