#ifndef MODEL_SERVICE_INDEX_H
#define MODEL_SERVICE_INDEX_H

#include "base/map.h"
#include "model/object.h"

/*
 * service_index: of many documents those that one service has to do with, so that
 * who looks at all services looks at each document but a few times.
 *
 * Life: service_index_init -> service_index_find for each service
 *       -> service_index_fini.  Borrows the documents.
 *
 * What it finds may be about the service; functions that ask one document
 * (model_endpoints, model_backend_policy_is_for ...) say whether it is:
 *
 *	Workload, EndpointSlice		that name it, or have a label of its
 *					selector, the rarest one
 *	BackendTLSPolicy, BackendPolicy	and those that are read as such: that
 *					target it
 *	routes				that hang on it
 */
struct service_index {
	struct map                  by_name;	/* "ns/name": struct index_list */
	struct map                  by_label;	/* of Workloads, "ns key=value" */
	struct map                  authorities;	/* ConfigMaps and trust domains,
							   by key */
	struct model_object       **found;
	size_t                      cap;
};

struct service_index_found {
	struct model_object *const *v;	/* until the next is asked for */
	size_t                      len;
};

void service_index_init(struct service_index *, struct model_object *const *,
    size_t len);
void service_index_fini(struct service_index *);
/* Each once, in the order in which they came, those by label behind. */
struct service_index_found service_index_find(struct service_index *,
    const struct model_object *service);
/* A ConfigMap or a ClusterFederatedTrustDomain; NULL: there is none. */
const struct model_object *service_index_authority(const struct service_index *,
    const struct model_kind *, const char *namespace, const char *name);

#endif
