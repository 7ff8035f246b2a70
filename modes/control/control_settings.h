#ifndef CONTROL_CONTROL_SETTINGS_H
#define CONTROL_CONTROL_SETTINGS_H

#include <stdbool.h>

#include "model/control.h"
#include "net/resolve.h"

/*
 * control_settings: what `mesh control` was told: by a Control document of
 * --config, the environment and the command line, the later over the former.
 * Life: control_settings_read -> control_settings_fini.
 */
struct control_settings {
	struct arena         arena;
	struct conf_node    *flags, *env;	/* maps of spec's fields */
	const char          *config;		/* file or directory, or NULL */
	const char          *restore;		/* archive to start from, or NULL */
	const char          *passphrase_file;	/* of that archive */
	bool                 validate;		/* check and exit */
	bool                 help;
	struct model_object *object;		/* the Control that holds it all */
	const struct model_control_spec *spec;	/* of object; NULL with help */
	struct resolve_files names;	/* as walls left them; NULLs: the machine's */
};

/* ERR_USAGE for the command line, ERR_DATA and ERR_CONFIG for the rest. */
int control_settings_read(struct control_settings *, int argc, char **argv,
    struct err *);
void control_settings_fini(struct control_settings *);
void control_settings_usage(void);	/* to standard output */

#endif
