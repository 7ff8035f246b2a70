#include <string.h>

#include "model/federation.h"
#include "modes/control/conditions_judge.h"

/*
 * conditions_federation: ClusterFederatedTrustDomains: whether it is the one that
 * counts.  What is known of the bundle federation_status adds.
 */
static void
judge(struct sight *s, struct conf_node *status)
{
	size_t n;
	const struct model_object **all = sight_list(s,
	    &model_federated_trust_domain_kind, NULL, &n);
	struct model_object **plain = arena_alloc(s->arena, (n + 1) *
	    sizeof(*plain));
	struct conf_node *list = conf_set_list(status, "conditions");
	bool is_own = strcmp(model_federated_trust_domain(s->of)->spec
	    .trust_domain, s->trust_domain) == 0;
	const char *refusal;

	memcpy(plain, all, n * sizeof(*plain));
	refusal = model_federation_refusal(s->arena, plain, n, s->of,
	    s->trust_domain);
	condition_put(s, list, "Accepted", refusal == NULL ? "True" : "False",
	    refusal == NULL ? "Accepted" : is_own ? "Invalid" : "Conflicted",
	    refusal == NULL ? "members of the domain are believed by its own "
	    "roots" : refusal);
	condition_promise(s, list, refusal == NULL);
	condition_ignored(s, list);
}

const struct judge judge_federated_trust_domain = {
	&model_federated_trust_domain_kind, judge, false };
