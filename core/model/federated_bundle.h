#ifndef MODEL_FEDERATED_BUNDLE_H
#define MODEL_FEDERATED_BUNDLE_H

#include "model/object.h"

/*
 * federated_bundle: what control fetched last of the trust domain that the
 * ClusterFederatedTrustDomain of the same name is about.
 *
 * Control writes it when it differs from what is there, so that it outlives
 * restarts and reaches proxies as every document does; people read it.  It
 * stands for the bundle in that other document as long as that is the one that
 * it was begun with: who writes another there begins anew.
 */
#define MODEL_BUNDLE_HASH	64	/* hexadecimal digits */

struct model_federated_bundle {
	struct model_head head;
	struct model_federated_bundle_spec {
		const char *trust_domain;
		const char *bundle;		/* as it was fetched */
		const char *begun_with;		/* SHA-256 of that text, or "" */
	} spec;
};

const struct model_federated_bundle *model_federated_bundle(
    const struct model_object *);
/* What begun_with is for this text (NULL: ""). */
void model_federated_bundle_hash(const char *text,
    char out[MODEL_BUNDLE_HASH + 1]);

#endif
