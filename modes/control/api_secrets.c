#include <string.h>

#include "modes/control/api_rows.h"
#include "modes/control/relock.h"
#include "modes/control/store_keys.h"
#include "modes/control/vault.h"

/* api_secrets: the keys that stored Secrets are locked with. */

static void
on_secrets(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;
	struct conf_node *map, *list;
	struct vault_key key;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
		api_call_unref(call);
		return;
	}
	map = conf_map_new(&call->arena);
	list = conf_set_list(map, "items");
	for (size_t i = 0; vault_key(call->server->vault, i, &key); i++) {
		struct conf_node *row = conf_add_map(list);
		char id[WRAP_ID_LEN + 1];
		int64_t n = 0;

		for (size_t k = 0; k < r->n_items; k++)
			n += vault_key_of(r->items[k].value, id) &&
			    strcmp(id, key.id) == 0;
		conf_set_string(row, "key", arena_strdup(&call->arena, key.id));
		conf_set_string(row, "from", key.is_given ? "given" : "own");
		conf_set_bool(row, "locks", i == 0);
		conf_set_int(row, "secrets", n);
	}
	api_answer_node(call, 200, map);
	api_call_unref(call);
}

void
api_secret_keys(struct api_call *call)
{
	store_list(call->server->store, &(struct store_query){
		.prefix = SLICE(STORE_DOCUMENTS "/core/secrets/"),
	}, &call->server->port, on_secrets, api_call_ref(call));
}

static void
on_relocked(void *ctx, const struct relocked *r)
{
	struct api_call *call = ctx;
	struct conf_node *map = conf_map_new(&call->arena);
	struct vault_key key;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
	} else {
		vault_key(call->server->vault, 0, &key);
		conf_set_string(map, "key", arena_strdup(&call->arena, key.id));
		conf_set_string(map, "from", key.is_given ? "given" : "own");
		conf_set_int(map, "secrets", (int64_t)r->secrets);
		api_answer_node(call, 200, map);
	}
	api_call_unref(call);
}

static void
on_recorded(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;
	struct err err = r->err;

	if (err.kind == ERR_NONE && !call->server->is_relocking)
		vault_renew(call->server->vault, &err);
	if (err.kind == ERR_NONE) {
		relock_start(call->server, &call->who, on_relocked, call);
		return;
	}
	api_answer_err(call, &err);
	api_call_unref(call);
}

void
api_secret_rotate(struct api_call *call)
{
	struct store_txn *t = store_txn_new();

	audit_note(t, &call->who, "secrets.rotate-key", SLICE_NONE, SLICE_NONE);
	store_commit(call->server->store, &t, &call->server->port, on_recorded,
	    api_call_ref(call));
}
