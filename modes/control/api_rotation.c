#include "modes/control/api_rows.h"
#include "modes/control/rotation.h"

/* api_rotation: orders about the certificate authority. */

static void
on_done(void *ctx, const struct err *err)
{
	struct api_call *call = ctx;

	if (err->kind != ERR_NONE)
		api_answer_err(call, err);
	else
		api_answer_ca(call);
	api_call_unref(call);
}

void
api_ca_prepare(struct api_call *call)
{
	const char *what = conf_get_string(call->json, "what");
	bool is_root = what != NULL && slice_is(SLICE("root"), what);

	if (!is_root && (what == NULL ||
	    !slice_is(SLICE("intermediate"), what))) {
		api_answer_fail(call, ERR_DATA, "what: expected root or "
		    "intermediate");
		return;
	}
	rotation_prepare(call->server->rotation, is_root ? CA_ROOT :
	    CA_INTERMEDIATE, &call->who, on_done, api_call_ref(call));
}

void
api_ca_activate(struct api_call *call)
{
	rotation_activate(call->server->rotation, &call->who, on_done,
	    api_call_ref(call));
}

void
api_ca_taint(struct api_call *call)
{
	rotation_taint(call->server->rotation, &call->who, on_done,
	    api_call_ref(call));
}

void
api_ca_revoke(struct api_call *call)
{
	rotation_drop(call->server->rotation, INT64_MAX, &call->who, on_done,
	    api_call_ref(call));
}
