#include <string.h>

#include "modes/control/api_rows.h"
#include "modes/control/archive.h"

/* api_records: the audit log, and backups. */

#define PAGE	1000	/* entries read at a time */

/* --- audit ------------------------------------------------------------------------ */

static void
on_log(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;
	struct str out = { 0 };

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
		api_call_unref(call);
		return;
	}
	str_add(&out, "{\"items\":[");
	for (size_t i = 0; i < r->n_entries; i++) {
		if (i > 0)
			str_add_char(&out, ',');
		audit_write(&out, &r->entries[i]);
	}
	str_addf(&out, "],\"more\":%s}\n", r->n_entries == PAGE ? "true" :
	    "false");
	api_answer_json(call, 200, str_slice(&out));
	str_fini(&out);
	api_call_unref(call);
}

void
api_audit(struct api_call *call)
{
	uint64_t since;

	if (api_query_u64(call, "since", 0, &since) == 0)
		store_log(call->server->store, since, PAGE, &call->server->port,
		    on_log, api_call_ref(call));
}

static void
on_verified(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;
	struct conf_node *map;

	if (r->err.kind == ERR_UNAVAILABLE) {
		api_answer_err(call, &r->err);
	} else {
		map = conf_map_new(&call->arena);
		conf_set_bool(map, "ok", r->err.kind == ERR_NONE);
		if (r->err.kind != ERR_NONE)
			conf_set_string(map, "message", r->err.text);
		api_answer_node(call, 200, map);
	}
	api_call_unref(call);
}

void
api_audit_verify(struct api_call *call)
{
	store_verify(call->server->store, &call->server->port, on_verified,
	    api_call_ref(call));
}

/* --- backup ------------------------------------------------------------------------ */

static void
on_archive(void *ctx, const struct err *err, struct slice archive)
{
	struct api_call *call = ctx;

	if (err->kind != ERR_NONE)
		api_answer_err(call, err);
	else
		api_answer(call, 200, "application/octet-stream", archive);
	api_call_unref(call);
}

static void
on_recorded(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
		api_call_unref(call);
		return;
	}
	archive_make(call->server, slice_str(conf_get_string(call->json,
	    "passphrase")), on_archive, call);
}

void
api_backup(struct api_call *call)
{
	const char *passphrase = conf_get_string(call->json, "passphrase");
	struct audit_entry who = call->who;
	struct store_txn *t;

	if (passphrase == NULL || strlen(passphrase) < ARCHIVE_PASSPHRASE_MIN) {
		api_answer_fail(call, ERR_DATA, "passphrase: expected at least "
		    "%d characters", ARCHIVE_PASSPHRASE_MIN);
		return;
	}
	who.action = SLICE("backup.create");
	t = store_txn_new();
	audit_add(t, &who);
	store_commit(call->server->store, &t, &call->server->port, on_recorded,
	    api_call_ref(call));
}
