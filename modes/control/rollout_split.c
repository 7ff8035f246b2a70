#include <string.h>

#include "modes/control/rollout_split.h"

/* The two references of one rule, and what stands beside them. */
struct two {
	struct conf_node *stable, *candidate;
	bool              is_twice;	/* one of them stands there again */
	int64_t           sum, others;	/* of weights */
};

static int64_t
weight_of(const struct conf_node *ref)
{
	return conf_get_int(ref, "weight", 1);
}

static bool
is_named(const struct conf_node *ref, const char *name)
{
	const char *group = conf_get_string(ref, "group");
	const char *kind = conf_get_string(ref, "kind");
	const char *is = conf_get_string(ref, "name");

	return model_ref_is(group == NULL ? "" : group,
	    kind == NULL ? "Service" : kind, "", "Service") && is != NULL &&
	    strcmp(is, name) == 0;
}

static bool
find_two(const struct conf_node *rule, const struct model_rollout_spec *spec,
    struct two *t)
{
	const char *name = conf_get_string(rule, "name");

	*t = (struct two){ 0 };
	if (spec->route.rule != NULL && (name == NULL ||
	    strcmp(name, spec->route.rule) != 0))
		return false;
	CONF_FOREACH(e, conf_get(rule, "backendRefs")) {
		bool is_stable = is_named(e->node, spec->stable);

		if (!is_stable && !is_named(e->node, spec->candidate)) {
			t->others += weight_of(e->node);
			continue;
		}
		struct conf_node **slot = is_stable ? &t->stable : &t->candidate;

		t->is_twice |= *slot != NULL;
		*slot = e->node;
		t->sum += weight_of(e->node);
	}
	return t->stable != NULL && t->candidate != NULL;
}

/* Of the whole, what the candidate gets. */
static int64_t
part_of(const struct two *t, int64_t percent, int64_t *whole)
{
	*whole = t->others > 0 ? t->sum : 100;
	return (*whole * percent + 50) / 100;
}

static bool
has_percent(const struct two *t, int64_t percent)
{
	int64_t whole, part = part_of(t, percent, &whole);

	return weight_of(t->candidate) == part &&
	    weight_of(t->stable) == whole - part;
}

static const struct conf_node *
rules_of(const struct conf_node *route)
{
	return conf_find(route, "spec.rules");
}

enum rollout_split
rollout_split_look(const struct conf_node *route,
    const struct model_rollout_spec *spec, int64_t percent)
{
	enum rollout_split found = ROLLOUT_SPLIT_NO_BACKENDS;
	struct two t;

	CONF_FOREACH(e, rules_of(route)) {
		if (!find_two(e->node, spec, &t))
			continue;
		if (t.is_twice)
			return ROLLOUT_SPLIT_AMBIGUOUS;
		if (t.others > 0 && t.sum < 100)
			return ROLLOUT_SPLIT_NARROW;
		if (found == ROLLOUT_SPLIT_NO_BACKENDS)
			found = ROLLOUT_SPLIT_SAME;
		if (percent >= 0 && !has_percent(&t, percent))
			found = ROLLOUT_SPLIT_OTHER;
	}
	return found;
}

void
rollout_split_write(struct conf_node *route,
    const struct model_rollout_spec *spec, int64_t percent)
{
	int64_t whole, part;
	struct two t;

	CONF_FOREACH(e, rules_of(route)) {
		if (!find_two(e->node, spec, &t))
			continue;
		part = part_of(&t, percent, &whole);
		conf_set_int(t.candidate, "weight", part);
		conf_set_int(t.stable, "weight", whole - part);
	}
}

struct conf_node *
rollout_split_note(struct arena *a, const struct conf_node *route,
    const struct model_rollout_spec *spec)
{
	struct conf_node *list = conf_list_new(a), *pair;
	struct two t;

	CONF_FOREACH(e, rules_of(route)) {
		if (!find_two(e->node, spec, &t))
			continue;
		pair = conf_add_list(list);
		conf_add_int(pair, weight_of(t.stable));
		conf_add_int(pair, weight_of(t.candidate));
	}
	return list;
}

struct slice
rollout_split_candidate(struct arena *a, const struct model_object *route,
    const struct model_rollout_spec *spec)
{
	struct two t;

	CONF_FOREACH(e, rules_of(route->node)) {
		const char *ns;

		if (!find_two(e->node, spec, &t))
			continue;
		ns = conf_get_string(t.candidate, "namespace");
		return slice_str(arena_printf(a, "%s/%s", ns != NULL ? ns :
		    route->head->meta.namespace, spec->candidate));
	}
	return SLICE_NONE;
}
