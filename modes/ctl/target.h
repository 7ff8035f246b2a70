#ifndef CTL_TARGET_H
#define CTL_TARGET_H

#include "modes/ctl/ctl_run.h"

/*
 * target: which control to ask, and as whom.
 *
 * In this order: --server, MESH_SERVER, --socket, MESH_SOCKET, `server` of
 * $XDG_CONFIG_HOME/mesh/config.yaml (~/.config without that variable), that of
 * /etc/mesh/ctl.yaml, the default socket.  Over the network an operator's
 * certificate speaks for us; without --cert-file and the like its files are
 * those that `operator create` put beside config.yaml.
 */
#define TARGET_KEY_FILE		"operator.key"
#define TARGET_CERT_FILE	"operator.pem"
#define TARGET_BUNDLE_FILE	"bundle.pem"
#define TARGET_TOKEN_FILE	"token"	/* of `login`; before the certificate */
#define TARGET_CONFIG_FILE	"config.yaml"

struct target {
	const char *address;	/* "unix:/path" or "HOST:PORT" */
	bool        is_local;	/* a Unix socket, without TLS */
	bool        is_plain;	/* HOST:PORT without TLS: an admin listener */
	bool        is_nobody;	/* no certificate, no token */
	const char *token_file;	/* a token goes along, instead of a certificate */
	const char *ca_file, *cert_file, *key_file;
	bool        keeps_roots;	/* ca_file is the user's own: it may follow */
	const char *trust_domain;	/* as configured; NULL: not */
};

/* Everything lives in the arena of c.  ERR_CONFIG. */
int target_of(struct ctl *c, struct target *, struct err *);
/*
 * Control's address as somebody typed it, with its default port where there
 * is none: "10.0.0.1:7700"; unix:PATH as it is.  NULL: ERR_USAGE.
 */
const char *target_complete(struct ctl *, const char *typed, struct err *);
/* "/root/.config/mesh": where the files of an operator are. */
const char *target_config_dir(struct ctl *);

#endif
