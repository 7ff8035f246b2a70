#ifndef MODEL_FEDERATED_TRUST_DOMAIN_H
#define MODEL_FEDERATED_TRUST_DOMAIN_H

#include "model/object.h"

/*
 * federated_trust_domain: spire.spiffe.io/v1alpha1 ClusterFederatedTrustDomain,
 * as SPIRE's controller manager has it: another trust domain whose identities
 * are believed, and where its bundle is fetched.
 *
 * It says less where the bundle is kept by hand: without an endpoint, that in
 * the document is all that there is.
 */
enum model_bundle_profile { MODEL_HTTPS_WEB, MODEL_HTTPS_SPIFFE };

struct model_federated_trust_domain {
	struct model_head head;
	struct model_federated_trust_domain_spec {
		const char *class_name;		/* SPIRE's; NULL: none */
		const char *trust_domain;
		const char *url;		/* of the endpoint; NULL: none */
		struct model_bundle_endpoint {
			int         type;	/* enum model_bundle_profile */
			const char *spiffe_id;	/* of https_spiffe */
		} *profile;			/* NULL: none */
		const char *bundle;	/* to begin with; NULL: none */
	} spec;
};

const struct model_federated_trust_domain *model_federated_trust_domain(
    const struct model_object *);

#endif
