#ifndef MODEL_CONTROL_H
#define MODEL_CONTROL_H

#include "conf/flags.h"
#include "model/object.h"

/*
 * control: mesh/v1 Control, the settings of one `mesh control`.  Its fields
 * are the flags: dataDir is --data-dir.  It is read from --config and never
 * stored in the registry.
 */
struct model_control {
	struct model_head head;
	struct model_control_spec {
		const char *data_dir;
		const char *api_listen, *admin_listen;
		const char *socket;
		int64_t     socket_group;	/* -1: leave it */
		const char *trust_domain;
		const char *ca_cert_file, *ca_key_file;
		const char *secret_key_file;	/* NULL: our own */
		const char *federation_ca_file;
		const char *federation_listen;	/* NULL: nowhere */
		const char *federation_cert_file, *federation_key_file;
		const char *oidc_issuer;	/* NULL: no identity provider */
		const char **oidc_audience;
		size_t      oidc_audience_len;
		const char *oidc_jwks, *oidc_jwks_uri;	/* one, or none */
		const char *oidc_username_claim, *oidc_groups_claim;
		const char *oidc_ca_file;
		int64_t     bundle_refresh_ms;
		int64_t     certificate_lifetime_ms;
		int         initial_policy;	/* enum model_inbound_policy */
		const char *log_level;
		bool        sandbox;
		int         log_format;	/* enum model_log_format */
		const char *access_log;	/* "stdout", "none" or a path */
	} spec;
};

extern const struct conf_schema model_control_spec_schema;
/* The flags of `mesh control`, and MESH_CONTROL_* in the environment. */
extern const struct conf_flags model_control_flags;

const struct model_control *model_control(const struct model_object *);

#endif
