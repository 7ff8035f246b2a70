#include <string.h>

#include "base/clock.h"
#include "model/closure.h"
#include "model/workload.h"
#include "modes/control/api_rows.h"
#include "modes/control/api_second.h"
#include "modes/control/join.h"
#include "modes/control/store_keys.h"
#include "pki/token.h"

/* api_tokens: join tokens, by which workloads come in. */

static const struct api_ttl life = { 10 * 60 * 1000, 1000,
	INT64_C(7) * 86400 * 1000 };

struct new_token {
	struct api_call    *call;
	struct token        token;
	struct token_record record;
	int64_t             ttl_s;
};

/* "ns/name" in two labels; key: of what it is the name. */
static int
read_name(struct grant *g, struct arena *a, const char *key,
    struct slice text, struct err *err)
{
	struct slice ns = SLICE_NONE, name;

	if (slice_find(text, '/') >= 0)
		slice_cut(&text, '/', &ns);
	else
		ns = SLICE("default");
	name = text;
	if (!spiffe_ns_ok(ns) || !spiffe_label_ok(name))
		return err_set(err, ERR_DATA, "%s: expected "
		    "NAMESPACE/NAME of lower-case letters, digits and \"-\"",
		    key);
	g->ns = ns;
	g->services = arena_alloc(a, sizeof(*g->services));
	g->services[0] = name;
	g->services_len = 1;
	return 0;
}

static int
read_label(const struct conf_node *json, const char *key, struct slice *out,
    struct err *err)
{
	if (conf_get(json, key) == NULL)
		return 0;
	*out = slice_str(conf_get_string(json, key));
	if (out->ptr == NULL || !spiffe_label_ok(*out))
		return err_set(err, ERR_DATA, "%s: expected a name of at most 63 "
		    "lower-case letters, digits and \"-\"", key);
	return 0;
}

static bool
is_of_gateway(struct slice account)
{
	return slice_has_prefix(account, SLICE(MODEL_GATEWAY_ACCOUNT));
}

/*
 * What a Gateway's proxies say of whom they call for is believed: their account
 * is given to nobody who did not ask for a Gateway.
 */
static int
read_bearer(struct grant *g, struct arena *a, const struct conf_node *json,
    struct err *err)
{
	const char *gateway = conf_get_string(json, "gateway");

	if (conf_get(json, "gateway") == NULL) {
		if (read_name(g, a, "service", slice_str(conf_get_string(json,
		    "service")), err) < 0)
			return -1;
		g->account = g->services[0];
		return !is_of_gateway(g->account) ? 0 : err_set(err, ERR_DATA,
		    "service: names that begin with \"" MODEL_GATEWAY_ACCOUNT
		    "\" are those of Gateways; say gateway instead");
	}
	if (conf_get(json, "service") != NULL ||
	    conf_get(json, "serviceAccount") != NULL)
		return err_set(err, ERR_DATA, "gateway: stands alone, without "
		    "service and serviceAccount");
	if (read_name(g, a, "gateway", slice_str(gateway), err) < 0)
		return -1;
	g->services[0] = slice_str(arena_printf(a, MODEL_GATEWAY_ACCOUNT
	    "%.*s", SLICE_ARG(g->services[0])));
	g->account = g->services[0];
	return spiffe_label_ok(g->account) ? 0 : err_set(err, ERR_DATA,
	    "gateway: expected a name of at most %d letters",
	    63 - (int)strlen(MODEL_GATEWAY_ACCOUNT));
}

/* Another than the service's name. */
static int
read_account(struct grant *g, const struct conf_node *json, struct err *err)
{
	static const char key[] = "serviceAccount";

	if (conf_get(json, key) == NULL)
		return 0;
	if (read_label(json, key, &g->account, err) < 0)
		return -1;
	return !is_of_gateway(g->account) ? 0 : err_set(err, ERR_DATA,
	    "%s: names that begin with \"" MODEL_GATEWAY_ACCOUNT "\" are those "
	    "of Gateways", key);
}

/* Two proxies of one workload take its session from each other. */
static int
check_unused(const struct new_token *n, struct err *err)
{
	const struct grant *g = &n->record.grant;
	const struct server *server = n->call->server;
	struct arena *a = &n->call->arena;
	const struct model_object *o;
	struct slice key;

	if (g->name.ptr == NULL)
		return 0;
	key = slice_str(model_key(a, &model_workload_kind,
	    arena_dup(a, g->ns).ptr, arena_dup(a, g->name).ptr));
	o = registry_find(server->registry, key);
	if (o == NULL || !model_workload(o)->spec.sidecar ||
	    registry_workload_status(server->workloads, key) != LIVE_ONLINE)
		return 0;
	for (size_t i = 0; i < model_workload(o)->spec.services_len; i++)
		if (slice_is(g->services[0], model_workload(o)->spec.services[i]))
			return 0;
	return err_set(err, ERR_EXISTS, "workload: %s runs already, for %s; "
	    "choose another name, or stop it first", model_object_name(o),
	    model_workload(o)->spec.services_len > 0 ?
	    model_workload(o)->spec.services[0] : "no service");
}

static int
read_token(struct new_token *n, struct err *err)
{
	const struct conf_node *json = n->call->json;
	struct token_record *t = &n->record;
	int64_t ttl_ms;

	if (read_bearer(&t->grant, &n->call->arena, json, err) < 0 ||
	    read_account(&t->grant, json, err) < 0 ||
	    read_label(json, "workload", &t->grant.name, err) < 0 ||
	    api_read_ttl(json, &life, &ttl_ms, err) < 0)
		return -1;
	if (check_unused(n, err) < 0)
		return -1;
	n->ttl_s = (ttl_ms + 999) / 1000;
	t->created_by = n->call->who.actor;
	return 0;
}

static void
on_token_written(void *ctx, const struct store_result *r)
{
	struct new_token *n = ctx;
	struct api_call *call = n->call;
	struct conf_node *map;
	struct str text = { 0 };

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
	} else {
		key_room_str(&text, TOKEN_TEXT_LEN + 1);
		token_add(&text, &n->token);
		map = conf_map_new(&call->arena);
		conf_set_slice(map, "id", n->record.id);
		conf_set_slice(map, "token", str_slice(&text));
		conf_set_time(map, "expires", n->record.expires);
		api_answer_node(call, 201, map);
		key_wipe_str(&text);
	}
	token_fini(&n->token);
	api_call_unref(call);
}

static bool
is_token_refused(struct api_call *call, int64_t now)
{
	const struct new_token *n = call->state;

	return join_revoked(call->server, &n->record.grant, now) == now;
}

static void
make_token(struct api_call *call, int64_t now)
{
	struct new_token *n = call->state;
	struct token_record *t = &n->record;
	uint8_t roots[HASH_LEN];
	struct store_txn *txn;
	struct str s = { 0 };

	t->created = now;
	t->expires = now + n->ttl_s;
	bundle_hash(call->server->ca->bundle, roots);
	token_make(&n->token, roots);
	t->id = slice_str(n->token.id);
	token_secret_hash(t->hash, &n->token);

	struct slice key = token_record_key(&call->arena, t->id);

	txn = store_txn_new();
	store_txn_require(txn, key, 0);
	token_record_write(&s, t);
	store_txn_put_until(txn, key, str_slice(&s),
	    t->expires + RECORDS_KEPT_S);
	str_clear(&s);
	str_addf(&s, "{\"service\":\"%.*s/%.*s\",\"expires\":%lld}",
	    SLICE_ARG(t->grant.ns), SLICE_ARG(t->grant.services[0]),
	    (long long)t->expires);
	audit_note(txn, &call->who, "token.create", t->id, str_slice(&s));
	str_fini(&s);
	api_call_ref(call);
	store_commit(call->server->store, &txn, &call->server->port,
	    on_token_written, n);
}

void
api_token_create(struct api_call *call)
{
	static const struct api_second second = { is_token_refused, make_token };
	struct new_token *n = arena_zalloc(&call->arena, sizeof(*n));
	struct err err = ERR_INIT;

	n->call = call;
	call->state = n;
	if (read_token(n, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	api_second_pass(call, &second);
}

static const char *
state_of(const struct server *s, const struct token_record *t)
{
	if (t->used != 0)
		return "used";
	if (t->expires <= clock_wall_s())
		return "expired";
	return join_revoked(s, &t->grant, t->created) != 0 ? "revoked" :
	    "unused";
}

static void
add_token(struct api_call *call, struct conf_node *list,
    const struct store_item *item)
{
	struct token_record t;
	struct err err = ERR_INIT;
	struct conf_node *row = conf_add_map(list);
	struct arena *a = &call->arena;

	if (token_record_read(&t, a, item->value, &err) < 0) {
		conf_set_string(row, "state", "damaged");
		return;
	}
	conf_set_slice(row, "id", t.id);
	if (t.grant.services_len > 0)
		conf_set_string(row, "service", arena_printf(a, "%.*s/%.*s",
		    SLICE_ARG(t.grant.ns), SLICE_ARG(t.grant.services[0])));
	conf_set_slice(row, "serviceAccount", t.grant.account);
	if (t.grant.name.len > 0)
		conf_set_slice(row, "workload", t.grant.name);
	conf_set_string(row, "state", state_of(call->server, &t));
	conf_set_time(row, "created", t.created);
	conf_set_time(row, "expires", t.expires);
	if (t.used != 0)
		conf_set_time(row, "used", t.used);
	conf_set_slice(row, "createdBy", t.created_by);
}

static void
on_tokens(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;
	struct conf_node *map, *list;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
	} else {
		map = conf_map_new(&call->arena);
		list = conf_set_list(map, "items");
		for (size_t i = 0; i < r->n_items; i++)
			add_token(call, list, &r->items[i]);
		api_answer_node(call, 200, map);
	}
	api_call_unref(call);
}

void
api_token_list(struct api_call *call)
{
	store_list(call->server->store, &(struct store_query){
		.prefix = SLICE(STORE_TOKENS),
	}, &call->server->port, on_tokens, api_call_ref(call));
}

static void
on_deleted(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;

	api_answer_deleted(call, &r->err);
	api_call_unref(call);
}

/* Deletes exactly what was read, so that "not found" is the truth. */
static void
on_token_found(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;
	struct store_txn *t;

	if (r->err.kind != ERR_NONE || r->n_items == 0) {
		if (r->err.kind != ERR_NONE)
			api_answer_err(call, &r->err);
		else
			api_answer_fail(call, ERR_NOT_FOUND, "there is no token "
			    "%.*s", SLICE_ARG(call->params[0]));
		api_call_unref(call);
		return;
	}
	t = store_txn_new();
	store_txn_require(t, r->items[0].key, r->items[0].modified);
	store_txn_delete(t, r->items[0].key);
	audit_note(t, &call->who, "token.revoke", call->params[0], SLICE_NONE);
	store_commit(call->server->store, &t, &call->server->port, on_deleted,
	    call);
}

void
api_token_delete(struct api_call *call)
{
	if (!token_id_ok(call->params[0])) {
		api_answer_fail(call, ERR_NOT_FOUND, "there is no token %.*s",
		    SLICE_ARG(call->params[0]));
		return;
	}
	store_get(call->server->store, token_record_key(&call->arena,
	    call->params[0]), &call->server->port, on_token_found,
	    api_call_ref(call));
}
