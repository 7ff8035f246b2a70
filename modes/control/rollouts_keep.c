#include <string.h>

#include "conf/json.h"
#include "modes/control/rollout_split.h"
#include "modes/control/rollouts_impl.h"

/* rollouts_keep: files of a route that say its weights of before. */

static bool
is_as_before(const struct run *r, const struct model_object *sent,
    struct arena *a)
{
	struct str now = { 0 };
	bool yes;

	conf_json_write(&now, rollout_split_note(a, sent->node,
	    model_rollout(run_document(r))));
	yes = r->before != NULL && strcmp(str_ptr(&now), r->before) == 0;
	str_fini(&now);
	return yes;
}

/* Whether the weights of what is there are this one's to keep. */
static bool
keeps(const struct run *r, const struct model_object *sent,
    const struct model_object *there, struct arena *a)
{
	const struct model_object *o = run_document(r);

	return o != NULL && r->state.percent >= 0 && (rollout_is_running(&r->state) ||
	    r->state.phase == ROLLOUT_SUCCEEDED) &&
	    strcmp(run_route_key(a, o), there->key) == 0 &&
	    rollout_split_look(there->node, model_rollout(o),
	    r->state.percent) == ROLLOUT_SPLIT_SAME && is_as_before(r, sent, a);
}

struct model_object *
rollouts_keep(void *arg, const struct model_object *sent,
    const struct model_object *there)
{
	const struct rollouts *all = arg;
	struct model_object *kept = NULL;
	const struct run *last = NULL;
	struct err err = ERR_INIT;
	struct conf_node *doc;
	struct arena a;
	size_t it = 0;
	void *value;

	arena_init(&a);
	while (map_next(&all->runs, &it, NULL, &value)) {
		const struct run *r = value;

		if (keeps(r, sent, there, &a) && (last == NULL ||
		    r->state.since_ms > last->state.since_ms))
			last = r;
	}
	if (last != NULL) {
		doc = conf_copy(&a, sent->node);
		rollout_split_write(doc, model_rollout(run_document(last)),
		    last->state.percent);
		kept = model_object_read(doc, MODEL_STRICT, NULL, &err);
	}
	arena_fini(&a);
	return kept;
}
