#ifndef MODEL_MESH_CONFIG_H
#define MODEL_MESH_CONFIG_H

#include "model/chains.h"
#include "model/extension_provider.h"
#include "model/http2.h"
#include "model/object.h"

/*
 * mesh_config: mesh/v1 MeshConfig, what holds for the whole mesh.  There is
 * one, named "default"; without it every field has its default.
 */
#define MODEL_MESH_CONFIG_NAME	"default"
#define MODEL_RENEW_AFTER_EXPIRY_MS	(INT64_C(30) * 86400 * 1000)

enum model_inbound_policy {
	MODEL_ALL_AUTHENTICATED,	/* any identity of the mesh */
	MODEL_ALL_UNAUTHENTICATED,	/* anybody, plain text included */
	MODEL_CLUSTER_AUTHENTICATED,	/* any identity of its trust domain */
	MODEL_CLUSTER_UNAUTHENTICATED,	/* those, and private networks */
	MODEL_DENY,			/* nobody */
	MODEL_AUDIT,			/* as all-authenticated, each one logged */
};

enum model_outbound_mode {
	MODEL_REGISTRY_ONLY,	/* what is registered, and nothing else */
	MODEL_ALLOW_ANY,	/* whatever can be reached */
};

struct model_outbound_policy {
	int mode;	/* enum model_outbound_mode */
};

struct model_mesh_config {
	struct model_head head;
	struct model_mesh_config_spec {
		int                 inbound_policy;
		struct model_outbound_policy outbound;
		const char         *trust_domain;
		int64_t             renew_after_expiry_ms;	/* 0: never */
		struct model_http_listeners http;
		struct model_chains chains;
		struct model_extension_provider *providers;
		size_t              providers_len;
	} spec;
};

const struct model_mesh_config *model_mesh_config(const struct model_object *);
const char *model_inbound_policy_name(enum model_inbound_policy);
extern const char *const model_inbound_policies[];	/* by number; NULL ends */

#endif
