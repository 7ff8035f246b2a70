#ifndef MODEL_BACKEND_TLS_POLICY_H
#define MODEL_BACKEND_TLS_POLICY_H

#include "model/object.h"
#include "model/refs.h"

/*
 * backend_tls_policy: Gateway API's BackendTLSPolicy: backends that end TLS
 * themselves, and what their certificate must be.
 */
enum model_san_type { MODEL_SAN_HOSTNAME, MODEL_SAN_URI };

struct model_backend_tls_policy {
	struct model_head head;
	struct model_backend_tls_policy_spec {
		struct model_target_ref *targets;
		size_t                   targets_len;
		struct model_backend_validation {
			struct model_object_ref *cas;	/* or well_known */
			size_t                   cas_len;
			const char              *well_known;	/* "System" */
			const char              *hostname;	/* SNI as well */
			struct model_san {
				int         type;	/* enum model_san_type */
				const char *hostname, *uri;
			} *sans;	/* instead of hostname, one suffices */
			size_t                   sans_len;
		} validation;
		struct conf_pairs options;
		/* Of an XBackend that stands for one: what is shown to it. */
		const struct model_object_ref *certificate;
	} spec;
};

/* Its validation, which other kinds hold as well. */
extern const struct conf_schema model_backend_validation_schema;
int model_backend_validation_rule(const void *, const struct conf_place *);
/*
 * The ClusterFederatedTrustDomain whose members alone are believed there, by
 * name; NULL: it is about the web.
 */
const char *model_backend_domain(const struct model_backend_validation *);

const struct model_backend_tls_policy *model_backend_tls_policy(
    const struct model_object *);

#endif
