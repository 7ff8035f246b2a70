#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"
#include "modes/control/bindings_grant.h"
#include "modes/control/operators.h"
#include "modes/control/users.h"
#include "pki/key.h"
#include "pki/spiffe.h"

/* api_users: people with passwords.  Logging in is in api_login.c. */

#define PASSWORD_MIN	12	/* bytes */
#define PASSWORD_MAX	1024

struct change {
	struct api_call      *call;
	struct user           user;
	struct bindings_grant grant;
	bool                  is_new;
};

/* --- putting -------------------------------------------------------------------- */

static void
on_written(void *ctx, const struct store_result *r)
{
	struct change *c = ctx;
	struct api_call *call = c->call;
	struct users *users = call->server->users;
	struct conf_node *map;

	if (r->err.kind == ERR_CONFLICT) {
		api_answer_fail(call, ERR_CONFLICT, "somebody else made or "
		    "changed %.*s, or its role, just now", SLICE_ARG(c->user.name));
	} else if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
	} else {
		users_remove_logins(users, c->user.name);
		users_put(users, &c->user);
		api_caller_end_of(call, "user", c->user.name);
		map = conf_map_new(&call->arena);
		conf_set_slice(map, "name", c->user.name);
		if (c->is_new)
			conf_set_string(map, "role", model_role_name(
			    c->grant.role));
		api_answer_node(call, c->is_new ? 201 : 200, map);
	}
	api_call_unref(call);
}

/* A User of bindings is one person, whatever proves who it is. */
static int
check_new(const struct change *c, struct err *err)
{
	const struct server *s = c->call->server;

	if (!spiffe_label_ok(c->user.name))
		return err_set(err, ERR_DATA, "name: expected at most 63 "
		    "lower-case letters, digits and \"-\"");
	if (users_find(s->users, c->user.name) != NULL)
		return err_set(err, ERR_EXISTS, "there is a user %.*s already",
		    SLICE_ARG(c->user.name));
	if (operators_has(s->operators, c->user.name))
		return err_set(err, ERR_EXISTS, "there is an operator %.*s: a "
		    "user of that name would have its roles",
		    SLICE_ARG(c->user.name));
	if (users_len(s->users) >= USERS_MAX)
		return err_set(err, ERR_TOO_LARGE, "there are %d users, which is "
		    "as many as there can be", USERS_MAX);
	return 0;
}

/* It took a while, in which others were asked for as well. */
static int
check_again(const struct change *c, const uint8_t *hash, struct err *err)
{
	if (hash == NULL)
		return err_set(err, ERR_UNAVAILABLE, "control is ending");
	if (c->is_new)
		return check_new(c, err);
	return users_find(c->call->server->users, c->user.name) != NULL ? 0 :
	    err_set(err, ERR_NOT_FOUND, "the user is gone meanwhile");
}

static void
on_hash(void *ctx, const uint8_t hash[HASH_LEN])
{
	struct change *c = ctx;
	struct api_call *call = c->call;
	struct store_txn *t;
	struct err err = ERR_INIT;

	if (check_again(c, hash, &err) < 0) {
		api_answer_err(call, &err);
		api_call_unref(call);
		return;
	}
	memcpy(c->user.hash, hash, HASH_LEN);
	t = store_txn_new();
	if (c->is_new) {
		users_require_none(t, c->user.name);
		store_txn_require(t, operator_record_key(&call->arena,
		    c->user.name), 0);
	}
	/* Its logins go with the password that they came from. */
	users_erase(call->server->users, t, c->user.name);
	users_write(t, &c->user);
	audit_note(t, &call->who, c->is_new ? "user.create" : "user.password",
	    c->user.name, SLICE_NONE);
	if (bindings_grant_put(&c->grant, t, call->server->registry, &call->who,
	    &err) < 0) {
		store_txn_free(t);
		api_answer_err(call, &err);
		api_call_unref(call);
		return;
	}
	store_commit(call->server->store, &t, &call->server->port, on_written, c);
}

static int
read_password(struct api_call *call, struct slice *password)
{
	*password = slice_str(conf_get_string(call->json, "password"));
	if (password->len >= PASSWORD_MIN && password->len <= PASSWORD_MAX)
		return 0;
	api_answer_fail(call, ERR_DATA, "password: expected %d to %d bytes",
	    PASSWORD_MIN, PASSWORD_MAX);
	return -1;
}

static void
start(struct change *c, struct slice password)
{
	struct api_call *call = c->call;

	random_bytes(c->user.salt, sizeof(c->user.salt));
	c->user.iterations = KDF_ITERATIONS;
	c->user.changed = clock_wall_s();
	if (kdf_start(call->server->kdf, password, c->user.salt,
	    c->user.iterations, on_hash, c) < 0)
		api_answer_fail(call, ERR_UNAVAILABLE, "too many passwords are "
		    "being looked at; try again");
	else
		api_call_ref(call);
}

void
api_user_create(struct api_call *call)
{
	struct change *c = arena_zalloc(&call->arena, sizeof(*c));
	struct slice password;
	struct err err = ERR_INIT;

	c->call = call;
	c->is_new = true;
	c->user.name = slice_str(conf_get_string(call->json, "name"));
	c->user.created = clock_wall_s();
	c->user.created_by = call->who.actor;
	c->grant.source = "user";
	c->grant.name = c->user.name;
	if (check_new(c, &err) < 0 || bindings_grant_read(&c->grant,
	    &call->arena, call->json, MODEL_NO_ROLE, &err) < 0)
		api_answer_err(call, &err);
	else if (read_password(call, &password) == 0)
		start(c, password);
}

/* The user that the path names, or NULL after an answer. */
static const struct user *
find(struct api_call *call)
{
	const struct user *u = users_find(call->server->users, call->params[0]);

	if (u == NULL)
		api_answer_fail(call, ERR_NOT_FOUND, "there is no user %.*s",
		    SLICE_ARG(call->params[0]));
	return u;
}

void
api_user_put(struct api_call *call)
{
	struct change *c = arena_zalloc(&call->arena, sizeof(*c));
	const struct user *u = find(call);
	struct slice password;

	if (u == NULL || read_password(call, &password) < 0)
		return;
	c->call = call;
	c->user = *u;
	c->user.name = arena_dup(&call->arena, u->name);
	c->user.created_by = arena_dup(&call->arena, u->created_by);
	start(c, password);
}

/* --- the others ------------------------------------------------------------------- */

static void
on_erased(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
	} else {
		users_remove(call->server->users, call->params[0]);
		api_caller_end_of(call, "user", call->params[0]);
		api_answer_json(call, 200, SLICE("{}\n"));
	}
	api_call_unref(call);
}

void
api_user_delete(struct api_call *call)
{
	struct store_txn *t;

	if (find(call) == NULL)
		return;
	t = store_txn_new();
	users_erase(call->server->users, t, call->params[0]);
	bindings_grant_drop("user", call->params[0], t, call->server->registry,
	    &call->who);
	audit_note(t, &call->who, "user.delete", call->params[0], SLICE_NONE);
	store_commit(call->server->store, &t, &call->server->port, on_erased,
	    api_call_ref(call));
}

void
api_user_list(struct api_call *call)
{
	const struct users *users = call->server->users;
	struct conf_node *map = conf_map_new(&call->arena), *list;
	size_t n = users_list(users, NULL, 0);
	const struct user **v = arena_alloc(&call->arena, (n + 1) * sizeof(*v));

	list = conf_set_list(map, "items");
	n = users_list(users, v, n);
	for (size_t i = 0; i < n; i++) {
		struct conf_node *row = conf_add_map(list);

		conf_set_slice(row, "name", v[i]->name);
		conf_set_string(row, "role", api_caller_role_of(call,
		    v[i]->name));
		conf_set_int(row, "logins", (int64_t)users_logins(users,
		    v[i]->name, NULL, 0));
		conf_set_time(row, "created", v[i]->created);
		conf_set_time(row, "passwordSince", v[i]->changed);
		conf_set_slice(row, "createdBy", v[i]->created_by);
	}
	api_answer_node(call, 200, map);
}
