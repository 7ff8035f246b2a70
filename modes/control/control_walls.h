#ifndef CONTROL_CONTROL_WALLS_H
#define CONTROL_CONTROL_WALLS_H

#include "base/walls.h"
#include "modes/control/control_settings.h"

/*
 * control_walls: what control keeps when it shuts itself in: its data
 * directory, its socket's, the files that settings name, and the system calls
 * of a server with a database.  The signer, forked in between, keeps less:
 * see signer_process.
 */

/* One for each setting of pattern CONF_PATH; field NULL ends. */
extern const struct walls_path control_paths[];

/*
 * Before any thread and before the signer is forked; the folders are there.
 * Settings say afterwards by which files names are resolved, so that these are
 * found though others take their places (landlock_allow_pinned).
 */
void control_walls_raise(struct walls *, struct control_settings *);
/* When it has started. */
void control_walls_shut(struct walls *);

#endif
