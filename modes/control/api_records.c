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

struct verifying {
	struct api_call *call;
	uint64_t         seq;		/* of the anchor; 0: none was given */
	struct slice     hash;		/* hex */
	struct conf_node *answer;
};

/* "SEQ:HASH", or nothing. */
static int
read_anchor(struct verifying *v)
{
	struct slice text = api_query(v->call, "anchor"), seq;

	v->hash = text;
	if (text.len == 0)
		return 0;
	if (slice_cut(&v->hash, ':', &seq) && slice_u64(seq, &v->seq) &&
	    v->seq > 0 && v->hash.len == (size_t)2 * STORE_HASH_LEN)
		return 0;
	api_answer_fail(v->call, ERR_DATA, "anchor: expected SEQ:HASH as "
	    "mesh ctl audit --anchor prints it, found \"%.*s\"",
	    SLICE_ARG(text));
	return -1;
}

static void
end_verifying(struct verifying *v, const char *message)
{
	conf_set_bool(v->answer, "ok", message == NULL);
	conf_set_string(v->answer, "message", message);
	api_answer_node(v->call, 200, v->answer);
	api_call_unref(v->call);
}

static void
on_anchor(void *ctx, const struct store_result *r)
{
	struct verifying *v = ctx;
	struct arena *a = &v->call->arena;
	struct str hex = { 0 };
	const char *message = NULL;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(v->call, &r->err);
		api_call_unref(v->call);
		return;
	}
	if (r->n_entries == 1)
		str_add_hex(&hex, r->entries[0].hash, STORE_HASH_LEN);
	if (r->n_entries == 0)
		message = arena_printf(a, "entry %llu, that of the anchor, is "
		    "missing: the end of the log was cut off",
		    (unsigned long long)v->seq);
	else if (!slice_ieq(str_slice(&hex), v->hash))
		message = arena_printf(a, "entry %llu is not that of the anchor: "
		    "the log was written anew up to there",
		    (unsigned long long)v->seq);
	str_fini(&hex);
	end_verifying(v, message);
}

static void
on_verified(void *ctx, const struct store_result *r)
{
	struct verifying *v = ctx;
	struct str hex = { 0 };

	if (r->err.kind == ERR_UNAVAILABLE) {
		api_answer_err(v->call, &r->err);
		api_call_unref(v->call);
		return;
	}
	v->answer = conf_map_new(&v->call->arena);
	if (r->err.kind != ERR_NONE) {
		end_verifying(v, r->err.text);
		return;
	}
	if (r->n_entries == 1) {
		str_add_hex(&hex, r->entries[0].hash, STORE_HASH_LEN);
		conf_set_int(v->answer, "seq", (int64_t)r->entries[0].seq);
		conf_set_slice(v->answer, "hash", str_slice(&hex));
		str_fini(&hex);
	}
	if (v->seq == 0)
		end_verifying(v, NULL);
	else
		store_log(v->call->server->store, v->seq - 1, 1,
		    &v->call->server->port, on_anchor, v);
}

void
api_audit_verify(struct api_call *call)
{
	struct verifying *v = arena_zalloc(&call->arena, sizeof(*v));

	v->call = call;
	if (read_anchor(v) == 0) {
		api_call_ref(call);
		store_verify(call->server->store, &call->server->port,
		    on_verified, v);
	}
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
	struct store_txn *t;

	if (passphrase == NULL || strlen(passphrase) < ARCHIVE_PASSPHRASE_MIN) {
		api_answer_fail(call, ERR_DATA, "passphrase: expected at least "
		    "%d characters", ARCHIVE_PASSPHRASE_MIN);
		return;
	}
	t = store_txn_new();
	audit_note(t, &call->who, "backup.create", SLICE_NONE, SLICE_NONE);
	store_commit(call->server->store, &t, &call->server->port, on_recorded,
	    api_call_ref(call));
}
