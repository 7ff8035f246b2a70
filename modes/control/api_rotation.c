#include "modes/control/api_rows.h"
#include "modes/control/jwt_rotation.h"
#include "modes/control/left_behind.h"
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
	const struct rotation_given given = {
		.root = slice_str(conf_get_string(call->json, "certificate")),
		.key = slice_str(conf_get_string(call->json, "key")),
		.chain = slice_str(conf_get_string(call->json, "chain")),
	};

	if (!is_root && (what == NULL ||
	    !slice_is(SLICE("intermediate"), what))) {
		api_answer_fail(call, ERR_DATA, "what: expected root or "
		    "intermediate");
		return;
	}
	if (given.root.len > 0 && (!is_root || given.key.len == 0)) {
		api_answer_fail(call, ERR_DATA, "certificate: a root, and its "
		    "key with it");
		return;
	}
	/* A CA's key goes over no network. */
	if (given.root.len > 0 && call->role != API_LOCAL) {
		api_answer_fail(call, ERR_DENIED, "a root from outside is given "
		    "on control's own machine, over its local socket");
		return;
	}
	if (given.chain.len > 0 && is_root) {
		api_answer_fail(call, ERR_DATA, "chain: an intermediate's; its "
		    "root goes behind it");
		return;
	}
	rotation_prepare(call->server->rotation, is_root ? CA_ROOT :
	    CA_INTERMEDIATE, &given, &call->who, on_done, api_call_ref(call));
}

void
api_ca_request(struct api_call *call)
{
	struct conf_node *map = conf_map_new(&call->arena);
	struct str pem = { 0 };
	struct err err = ERR_INIT;

	if (rotation_request(call->server->rotation, &call->who, &pem,
	    &err) < 0) {
		api_answer_err(call, &err);
	} else {
		conf_set_slice(map, "csr", str_slice(&pem));
		api_answer_node(call, 200, map);
	}
	str_fini(&pem);
}

void
api_ca_activate(struct api_call *call)
{
	rotation_activate(call->server->rotation, &call->who, on_done,
	    api_call_ref(call));
}

void
api_ca_replace_token_key(struct api_call *call)
{
	jwt_rotation_replace(call->server, &call->who, on_done,
	    api_call_ref(call));
}

void
api_ca_taint(struct api_call *call)
{
	rotation_taint(call->server->rotation, &call->who, on_done,
	    api_call_ref(call));
}

static void
drop(struct api_call *call)
{
	rotation_drop(call->server->rotation, INT64_MAX, &call->who, on_done,
	    call);
}

/* Whom it would shut out is told first. */
static void
on_looked(void *ctx, const struct left_behind *b)
{
	struct api_call *call = ctx;

	if (b->err.kind == ERR_NONE && b->n == 0) {
		drop(call);
		return;
	}
	if (b->err.kind != ERR_NONE)
		api_answer_err(call, &b->err);
	else
		api_answer_fail(call, ERR_CONFLICT, "%zu hold%s only a "
		    "certificate under the old root, such as %s: mesh ctl ca "
		    "taint, or --force to shut them out", b->n,
		    b->n == 1 ? "s" : "", b->one);
	api_call_unref(call);
}

void
api_ca_revoke(struct api_call *call)
{
	api_call_ref(call);
	if (conf_get_bool(call->json, "force", false))
		drop(call);
	else
		left_behind_look(call->server, on_looked, call);
}
