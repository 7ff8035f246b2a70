#include <string.h>

#include "model/workload.h"
#include "modes/ctl/about.h"
#include "modes/ctl/allow_standing.h"

bool
allow_standing_load(struct traffic *t, const char *namespace, struct err *err)
{
	/* Those of a root namespace are about this one, too. */
	return traffic_load(t, &model_authorization_policy_kind, NULL, err) == 0 &&
	    traffic_load(t, &model_workload_kind, namespace, err) == 0;
}

const struct model_object *
allow_standing(struct traffic *t, const struct model_object *service,
    const struct allow_words *w, enum model_authz_action action,
    enum allow_meets least, const char *but, size_t *it)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(t, &model_authorization_policy_kind, &all);

	for (; *it < n; ++*it) {
		const struct model_object *o = all[*it];
		bool is_own = but != NULL && strcmp(o->head->meta.name, but) == 0 &&
		    strcmp(o->head->meta.namespace, w->to_namespace) == 0;

		if (is_own || model_authz_is_dry_run(o) ||
		    model_authorization_policy(o)->spec.action != (int)action ||
		    allow_meets(o, w) < least || !about_service(t, service, o))
			continue;
		++*it;
		return o;
	}
	return NULL;
}

void
allow_warn_standing(struct traffic *t, const struct model_object *service,
    const struct allow_words *w, const char *own)
{
	const struct model_object *o;

	if (service == NULL || strcmp(w->verb, "allow") != 0)
		return;
	for (size_t it = 0; (o = allow_standing(t, service, w, MODEL_AUTHZ_DENY,
	    ALLOW_MEETS_PART, own, &it)) != NULL;)
		ctl_warn(t->c, "%s denies %s of this, whatever is allowed: mesh ctl "
		    "delete authorizationpolicy %s -n %s takes that back",
		    model_object_name(o), allow_meets(o, w) == ALLOW_MEETS_ALL ?
		    "all" : "some", o->head->meta.name,
		    o->head->meta.namespace);
	for (size_t it = 0; (o = allow_standing(t, service, w, MODEL_AUTHZ_ALLOW,
	    ALLOW_MEETS_ALL, own, &it)) != NULL;)
		ctl_warn(t->c, "%s allows all of this already, and what it allows "
		    "beyond stays allowed", model_object_name(o));
}
