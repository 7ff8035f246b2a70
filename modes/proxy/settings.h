#ifndef PROXY_SETTINGS_H
#define PROXY_SETTINGS_H

#include "model/proxy.h"
#include "model/set.h"
#include "net/resolve.h"

/*
 * settings: what `mesh proxy` was told, from a Proxy document of --config, the
 * environment and the command line, the later over the former.
 * Life: settings_init (all zeros) -> settings_read -> settings_fini.
 */
struct settings {
	struct arena         arena;
	struct conf_node    *flags, *env;	/* maps of spec's fields */
	const char          *config;	/* file or directory, or NULL */
	bool                 validate;	/* --validate: check and exit */
	bool                 help;
	bool                 asks_inbound;	/* inboundListen is said */
	bool                 asks_outbound;
	struct model_object *object;	/* the Proxy that holds it all */
	const struct model_proxy_spec *spec;	/* of object, or here */
	struct model_proxy_spec here;	/* with files under other names */
	struct resolve_files control_files;	/* likewise the machine's, by which
						   control is found; or NULLs */
};

/* Command line and environment; kind ERR_USAGE. */
int settings_parse(struct settings *, int argc, char **argv, struct err *);
/*
 * Reads --config into docs (an initialised set; faults stay in it), takes the
 * Proxy document out of it and lays environment and flags over it.
 */
int settings_read(struct settings *, struct model_set *docs, struct err *);
void settings_fini(struct settings *);
void settings_usage(void);	/* to standard output */

#endif
