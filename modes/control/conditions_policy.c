#include "model/backend_policy.h"
#include "model/gateway.h"
#include "model/service.h"
#include "modes/control/conditions_judge.h"

/* conditions_policy: policies, one group of conditions for each target. */

static bool
has_port(const struct model_object *service, const char *name)
{
	const struct model_service_spec *s = &model_service(service)->spec;

	for (size_t i = 0; i < s->ports_len; i++)
		if (s->ports[i].name != NULL &&
		    slice_is(slice_str(s->ports[i].name), name))
			return true;
	return false;
}

const char *
sight_target(struct sight *s, const struct model_target_ref *t,
    const char **message)
{
	const struct model_object *o;

	if (!model_ref_is(t->group, t->kind, "", "Service")) {
		*message = "policies are about Services";
		return "Invalid";
	}
	o = sight_find(s, &model_service_kind, s->of->head->meta.namespace,
	    t->name);
	if (o != NULL && (t->section == NULL || has_port(o, t->section)))
		return NULL;
	*message = o == NULL ? "there is no such Service" :
	    "the Service has no port of this name";
	return "TargetNotFound";
}

static void
judge_target(struct sight *s, const struct model_target_ref *t,
    struct conf_node *list)
{
	const char *message = "the policy is in use";
	const char *fault = sight_target(s, t, &message);

	condition_put(s, list, "Accepted", fault == NULL ? "True" : "False",
	    fault == NULL ? "Accepted" : fault, message);
	condition_promise(s, list, fault == NULL);
	condition_ignored(s, list);
}

struct conf_node *
condition_ancestors(struct sight *s, struct conf_node *status,
    const struct model_target_ref *targets, size_t n,
    void (*judge_one)(struct sight *, const struct model_target_ref *,
    struct conf_node *list))
{
	struct conf_node *ancestors = conf_set_list(status, "ancestors");

	for (size_t i = 0; i < n; i++) {
		struct conf_node *row = conf_add_map(ancestors);
		struct conf_node *ref = conf_set_map(row, "ancestorRef");

		conf_set_string(ref, "group", targets[i].group);
		conf_set_string(ref, "kind", targets[i].kind);
		conf_set_string(ref, "name", targets[i].name);
		conf_set_string(ref, "sectionName", targets[i].section);
		conf_set_string(row, "controllerName", MODEL_CONTROLLER);
		judge_one(s, &targets[i], conf_set_list(row, "conditions"));
	}
	return ancestors;
}

static void
judge(struct sight *s, struct conf_node *status)
{
	const struct model_backend_policy_spec *p = model_backend_policy(s->of);

	if (p != NULL)
		condition_ancestors(s, status, p->targets, p->targets_len,
		    judge_target);
}

const struct judge judge_backend_policy = { &model_backend_policy_kind, judge,
	false };
const struct judge judge_traffic_policy = { &model_traffic_policy_kind, judge,
	false };
const struct judge judge_destination_rule = { &model_destination_rule_kind,
	judge, false };
