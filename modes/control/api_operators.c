#include "base/clock.h"
#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"
#include "modes/control/bindings_grant.h"
#include "modes/control/issuer.h"
#include "modes/control/operators.h"
#include "modes/control/signer_rules.h"
#include "modes/control/users.h"

/* api_operators: people with a certificate. */

/*
 * People renew by hand: theirs is no affair of how long workloads' certificates
 * live.  The signer ends it with its intermediate at the latest.
 */
static const struct api_ttl life = { INT64_C(24) * 3600 * 1000,
	INT64_C(1000) * SIGNER_LIFE_MIN_S, INT64_C(1000) * SIGNER_LIFE_MAX_S };

struct new_operator {
	struct api_call       *call;
	struct operator_record record;
	struct bindings_grant  grant;
};

static int
add_operator(void *ctx, struct store_txn *t, struct slice der,
    int64_t not_after, struct err *err)
{
	struct new_operator *n = ctx;
	struct slice key = operator_record_key(&n->call->arena, n->record.name);
	struct str value = { 0 };

	if (bindings_grant_put(&n->grant, t, n->call->server->registry,
	    &n->call->who, err) < 0)
		return -1;
	hash_sha256(n->record.leaf, der);
	n->record.expires = not_after;
	operator_record_write(&value, &n->record);
	store_txn_require(t, key, 0);
	store_txn_put(t, key, str_slice(&value));
	str_fini(&value);
	return 0;
}

static void
answer_taken(struct api_call *call, struct slice name)
{
	if (users_find(call->server->users, name) != NULL) {
		api_answer_fail(call, ERR_EXISTS, "there is a user %.*s: an "
		    "operator of that name would have its roles",
		    SLICE_ARG(name));
		return;
	}
	api_answer_fail(call, ERR_EXISTS, "there is an operator %.*s already; "
	    "revoke it first", SLICE_ARG(name));
}

static void
on_operator(void *ctx, const struct err *err, struct slice der,
    int64_t not_after)
{
	struct new_operator *n = ctx;
	struct api_call *call = n->call;
	struct conf_node *map;

	if (err->kind == ERR_CONFLICT) {
		answer_taken(call, n->record.name);
	} else if (err->kind != ERR_NONE) {
		api_answer_err(call, err);
	} else {
		operators_add(call->server->operators, &n->record);
		map = conf_map_new(&call->arena);
		conf_set_slice(map, "name", n->record.name);
		conf_set_string(map, "role", model_role_name(n->grant.role));
		api_add_certificate(call, map, der, not_after);
		api_answer_node(call, 201, map);
	}
	api_call_unref(call);
}

void
api_operator_create(struct api_call *call)
{
	struct new_operator *n = arena_zalloc(&call->arena, sizeof(*n));
	struct ca *ca = call->server->ca;
	uint8_t point[KEY_POINT_LEN];
	struct ca_request request;
	struct err err = ERR_INIT;
	int64_t ttl_ms;

	n->call = call;
	n->record.name = slice_str(conf_get_string(call->json, "name"));
	n->grant.source = "operator";
	n->grant.name = n->record.name;
	n->record.created = clock_wall_s();
	n->record.created_by = call->who.actor;
	if (n->record.name.ptr == NULL)
		err_set(&err, ERR_DATA, "name: expected the operator's name");
	else if (api_read_ttl(call->json, &life, &ttl_ms, &err) == 0 &&
	    bindings_grant_read(&n->grant, &call->arena, call->json, MODEL_ADMIN,
	    &err) == 0 && api_read_csr(call, point, &err) == 0)
		ca_request_operator(&request, ca, n->record.name, point, &err);
	if (err.kind != ERR_NONE) {
		api_answer_err(call, &err);
		return;
	}
	if (operators_has(call->server->operators, n->record.name) ||
	    users_find(call->server->users, n->record.name) != NULL) {
		ca_request_fini(&request);
		answer_taken(call, n->record.name);
		return;
	}
	request.sign.life_s = (uint32_t)(ttl_ms / 1000);

	struct audit_entry who = call->who;

	who.action = SLICE("operator.create");
	who.target = n->record.name;
	api_call_ref(call);
	issuer_issue(call->server->issuer, &(struct issuer_job){
		.request = &request, .audit = who, .add = add_operator,
		.done = on_operator, .ctx = n,
	});
	ca_request_fini(&request);
}

void
api_operator_list(struct api_call *call)
{
	const struct operators *all = call->server->operators;
	struct conf_node *map = conf_map_new(&call->arena), *list;
	size_t n = operators_list(all, NULL, 0);
	const struct operator_record **v = arena_alloc(&call->arena,
	    (n + 1) * sizeof(*v));

	list = conf_set_list(map, "items");
	n = operators_list(all, v, n);
	for (size_t i = 0; i < n; i++) {
		struct conf_node *row = conf_add_map(list);

		conf_set_slice(row, "name", v[i]->name);
		conf_set_string(row, "role", api_caller_role_of(call,
		    v[i]->name));
		conf_set_string(row, "state", v[i]->expires > clock_wall_s() ?
		    "valid" : "expired");
		conf_set_time(row, "created", v[i]->created);
		conf_set_time(row, "expires", v[i]->expires);
		conf_set_slice(row, "createdBy", v[i]->created_by);
	}
	api_answer_node(call, 200, map);
}

static void
on_operator_deleted(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;

	if (r->err.kind == ERR_NONE) {
		operators_remove(call->server->operators, call->params[0]);
		api_caller_end_of(call, "operator", call->params[0]);
	}
	api_answer_deleted(call, &r->err);
	api_call_unref(call);
}

void
api_operator_delete(struct api_call *call)
{
	struct slice key = operator_record_key(&call->arena, call->params[0]);
	struct store_txn *t;

	if (!operators_has(call->server->operators, call->params[0])) {
		api_answer_fail(call, ERR_NOT_FOUND, "there is no operator %.*s",
		    SLICE_ARG(call->params[0]));
		return;
	}
	t = store_txn_new();
	store_txn_delete(t, key);
	bindings_grant_drop("operator", call->params[0], t,
	    call->server->registry, &call->who);
	audit_note(t, &call->who, "operator.revoke", call->params[0],
	    SLICE_NONE);
	api_call_ref(call);
	store_commit(call->server->store, &t, &call->server->port,
	    on_operator_deleted, call);
}
