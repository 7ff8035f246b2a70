#include <string.h>

#include "modes/control/api_rows.h"
#include "modes/control/rollouts.h"
#include "modes/control/view.h"

/* api_rollout: what people want of a Rollout. */

static const struct {
	const char        *verb;
	enum rollout_order order;
} orders[] = {
	{ "promote", ROLLOUT_PROMOTE },
	{ "abort", ROLLOUT_ABORT },
	{ "pause", ROLLOUT_PAUSE },
	{ "resume", ROLLOUT_RESUME },
};

static const struct model_object *
find(struct api_call *call, const char **key)
{
	const char *ns = arena_printf(&call->arena, "%.*s",
	    SLICE_ARG(call->params[0]));
	const char *name = arena_printf(&call->arena, "%.*s",
	    SLICE_ARG(call->params[1]));

	*key = model_key(&call->arena, &model_rollout_kind, ns, name);
	return registry_find(call->server->registry, slice_str(*key));
}

/* The document, with the status that it has now. */
static void
on_ordered(void *ctx, const struct err *err)
{
	struct api_call *call = ctx;
	const char *key;
	const struct model_object *o = find(call, &key);
	struct str out = { 0 };

	if (err->kind != ERR_NONE) {
		api_answer_err(call, err);
	} else if (o == NULL) {
		api_answer_fail(call, ERR_NOT_FOUND, "it is gone meanwhile");
	} else {
		view_document(call->server, o, &out);
		api_answer_json(call, 200, str_slice(&out));
		str_fini(&out);
	}
	api_call_unref(call);
}

void
api_rollout_order(struct api_call *call)
{
	const char *key;
	const struct model_object *o = find(call, &key);
	enum rollout_order order;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (!slice_is(call->params[2], orders[i].verb))
			continue;
		if (o == NULL) {
			api_answer_fail(call, ERR_NOT_FOUND,
			    "Rollout %.*s/%.*s not found",
			    SLICE_ARG(call->params[0]),
			    SLICE_ARG(call->params[1]));
			return;
		}
		order = orders[i].order == ROLLOUT_PROMOTE &&
		    conf_get_bool(call->json, "full", false) ? ROLLOUT_PROMOTE_ALL :
		    orders[i].order;
		rollouts_order(call->server->rollouts, slice_str(key), order,
		    &call->who, on_ordered, api_call_ref(call));
		return;
	}
	api_answer_fail(call, ERR_NOT_FOUND, "expected promote, abort, pause or "
	    "resume, found \"%.*s\"", SLICE_ARG(call->params[2]));
}
