#include <string.h>

#include "model/extension.h"
#include "modes/control/conditions_judge.h"

/*
 * conditions_extension: RateLimit and its like, one group of conditions for each
 * target, and for each route of whose rules it is a filter.
 */

/* The one that acts in its place, or NULL. */
static const struct model_object *
displacing(struct sight *s, const struct model_target_ref *t)
{
	const struct model_target_ref *others;
	size_t n, len;
	const struct model_object **all = sight_list(s, s->of->kind,
	    s->of->head->meta.namespace, &n);

	for (size_t i = 0; i < n; i++) {
		if (!model_extension_targets(all[i], &others, &len))
			continue;
		for (size_t j = 0; j < len; j++)
			if (model_extension_displaces(all[i], &others[j], s->of,
			    t))
				return all[i];
	}
	return NULL;
}

/* Of a limit that is tried, that it is. */
static const char *
in_use(const struct sight *s)
{
	return s->of->kind == &model_rate_limit_kind &&
	    model_rate_limit(s->of)->dry_run ? "dry run: it refuses nobody, and "
	    "what it would refuse is counted" : "the policy is in use";
}

static void
judge_target(struct sight *s, const struct model_target_ref *t,
    struct conf_node *list)
{
	const char *message = in_use(s);
	const char *fault = sight_target(s, t, &message);
	const struct model_object *other = fault == NULL ? displacing(s, t) :
	    NULL;

	if (other != NULL) {
		fault = "Conflicted";
		message = arena_printf(s->arena, "%s %s is about the same and "
		    "older", other->kind->kind, other->head->meta.name);
	}
	condition_put(s, list, "Accepted", fault == NULL ? "True" : "False",
	    fault == NULL ? "Accepted" : fault, message);
	condition_promise(s, list, fault == NULL);
	condition_ignored(s, list);
}

/* --- routes -------------------------------------------------------------------- */

static void
judge_route(struct sight *s, const struct model_object *route,
    struct conf_node *row)
{
	struct conf_node *ref = conf_set_map(row, "ancestorRef"), *list;

	conf_set_string(ref, "group", route->kind->group);
	conf_set_string(ref, "kind", route->kind->kind);
	conf_set_string(ref, "name", route->head->meta.name);
	conf_set_string(row, "controllerName", MODEL_CONTROLLER);
	list = conf_set_list(row, "conditions");
	condition_put(s, list, "Accepted", "True", "Accepted",
	    "it is a filter of the route");
	condition_promise(s, list, true);
	condition_ignored(s, list);
}

static void
judge_routes(struct sight *s, const struct model_kind *kind,
    struct conf_node *ancestors)
{
	size_t n;
	const struct model_object **routes = sight_list(s, kind,
	    s->of->head->meta.namespace, &n);

	for (size_t i = 0; i < n; i++)
		if (model_extension_is_used(s->of, routes[i]))
			judge_route(s, routes[i], conf_add_map(ancestors));
}

static void
judge(struct sight *s, struct conf_node *status)
{
	const struct model_target_ref *targets;
	struct conf_node *ancestors;
	size_t n;

	if (!model_extension_targets(s->of, &targets, &n))
		return;
	ancestors = condition_ancestors(s, status, targets, n, judge_target);
	judge_routes(s, &model_http_route_kind, ancestors);
	judge_routes(s, &model_grpc_route_kind, ancestors);
}

const struct judge judge_rate_limit = { &model_rate_limit_kind, judge, false };
const struct judge judge_fault_injection = { &model_fault_injection_kind,
	judge, false };
const struct judge judge_compression = { &model_compression_kind, judge,
	false };
const struct judge judge_cache = { &model_cache_kind, judge, false };
