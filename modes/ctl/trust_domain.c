#include "model/mesh_config.h"
#include "modes/ctl/call.h"
#include "modes/ctl/trust_domain.h"

const char trust_domain_default[] = "mesh.internal";

const char *
trust_domain_of_control(struct ctl *c, struct err *err)
{
	struct conf_node *answer = NULL;
	const char *domain;

	if (call_api(c, "GET", "/v1/ca", NULL, &answer, err) < 0)
		return NULL;
	domain = conf_get_string(answer, "trustDomain");
	if (domain == NULL)
		err_set(err, ERR_DATA, "control's answer names no trust domain");
	return domain;
}

const char *
trust_domain_of_files(const struct traffic *t)
{
	const struct model_object **found;
	size_t n = traffic_of_kind(t, &model_mesh_config_kind, &found);
	const char *domain = n == 0 ? NULL :
	    model_mesh_config(found[0])->spec.trust_domain;

	return domain != NULL ? domain : trust_domain_default;
}
