#include "model/authorization_policy.h"
#include "model/peer_authentication.h"
#include "model/request_authentication.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/about.h"

static bool
is_for(const struct model_object *service, const struct model_object *o,
    const struct conf_pairs *labels)
{
	const struct model_metadata *meta = &service->head->meta;
	const struct model_authz_place place = { .namespace = meta->namespace,
		.service = meta->name, .labels = labels };

	if (o->kind == &model_authorization_policy_kind)
		return model_authz_is_for(o, &place);
	if (o->kind == &model_request_authentication_kind)
		return model_request_authentication_is_for(o, &place);
	return model_peer_is_for(o, meta->namespace, labels);
}

bool
about_service(struct traffic *t, const struct model_object *service,
    const struct model_object *o)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(t, &model_workload_kind, &all),
	    behind = 0;

	for (size_t i = 0; i < n; i++) {
		if (!model_workload_backs(all[i], service))
			continue;
		if (is_for(service, o, &all[i]->head->meta.labels))
			return true;
		behind++;
	}
	return behind == 0 &&
	    is_for(service, o, &model_service(service)->spec.selector);
}
