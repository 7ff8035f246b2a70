#include <string.h>

#include "model/federated_trust_domain.h"
#include "modes/control/conditions_judge.h"

/*
 * conditions_federation: ClusterFederatedTrustDomains: whether it is the one that
 * counts.  What is known of the bundle federation_status adds.
 */
static const struct model_object *
older(struct sight *s, const char *domain)
{
	size_t n;
	const struct model_object **all = sight_list(s,
	    &model_federated_trust_domain_kind, NULL, &n);

	for (size_t i = 0; i < n; i++)
		if (all[i] != s->of && strcmp(model_federated_trust_domain(
		    all[i])->spec.trust_domain, domain) == 0 &&
		    model_object_by_age(all[i], s->of) < 0)
			return all[i];
	return NULL;
}

static void
judge(struct sight *s, struct conf_node *status)
{
	const struct model_object *other = older(s,
	    model_federated_trust_domain(s->of)->spec.trust_domain);
	struct conf_node *list = conf_set_list(status, "conditions");

	condition_put(s, list, "Accepted", other == NULL ? "True" : "False",
	    other == NULL ? "Accepted" : "Conflicted", other == NULL ?
	    "members of the domain are believed by its own roots" :
	    arena_printf(s->arena, "%s is about the same domain and older",
	    other->head->meta.name));
	condition_promise(s, list, other == NULL);
	condition_ignored(s, list);
}

const struct judge judge_federated_trust_domain = {
	&model_federated_trust_domain_kind, judge, false };
