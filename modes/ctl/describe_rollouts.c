#include <string.h>

#include "model/rollout.h"
#include "modes/ctl/describe.h"
#include "modes/ctl/rollout_text.h"

static bool
hangs_here(const struct describe *v, const struct model_rollout_spec *spec)
{
	for (size_t i = 0; i < v->len; i++)
		if (strcmp(v->about[i]->kind->kind, spec->route.kind) == 0 &&
		    describe_is_own(v, v->about[i]) && strcmp(spec->route.name,
		    v->about[i]->head->meta.name) == 0)
			return true;
	return false;
}

/* Those that move the weights of its routes, or that move it. */
void
describe_rollouts(struct describe *v)
{
	struct conf_node *list = conf_list_new(&v->c->arena);
	const char *name = v->service->head->meta.name;
	const struct model_object **all;
	size_t n = traffic_of_kind(&v->traffic, &model_rollout_kind, &all);

	for (size_t i = 0; i < n; i++) {
		const struct model_rollout_spec *spec = model_rollout(all[i]);

		if (describe_is_own(v, all[i]) && (hangs_here(v, spec) ||
		    strcmp(spec->stable, name) == 0 ||
		    strcmp(spec->candidate, name) == 0))
			rollout_add_row(v->c, list, all[i]->node);
	}
	if (conf_len(list) > 0)
		describe_part(v, "Rollouts:", list, rollout_columns);
}
