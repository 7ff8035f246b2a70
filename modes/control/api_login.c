#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"
#include "modes/control/users.h"
#include "pki/key.h"

/* api_login: from a password to a token, and the end of that. */

static const struct api_ttl life = { INT64_C(8) * 3600 * 1000, 1000,
	INT64_C(24) * 3600 * 1000 };

struct attempt {
	struct api_call *call;
	struct slice     name;
	int64_t          life_ms;
	uint8_t          hash[HASH_LEN];	/* that it must be */
	bool             is_user;
	struct login     login;
	struct str       token;
};

/*
 * The same for a name that there is and one that there is not.  On record as
 * nobody's: nobody proved to be that user.  A name that we do not know stays out:
 * it may be a password that was typed into the wrong field.
 */
static void
refuse(struct attempt *a)
{
	struct audit_entry who = a->call->who;

	if (a->is_user)
		who.target = slice_str(arena_printf(&a->call->arena, "user/%.*s",
		    SLICE_ARG(a->name)));
	refusals_note_stranger(a->call->server, &who, "login.refused",
	    a->is_user ? SLICE("wrong password") : SLICE("no such user; the "
	    "name is left out, for it may be a password"));
	api_answer_fail(a->call, ERR_DENIED, "wrong name or password");
}

static void
on_written(void *ctx, const struct store_result *r)
{
	struct attempt *a = ctx;
	struct api_call *call = a->call;
	struct conf_node *map;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
	} else {
		users_put_login(call->server->users, &a->login);
		map = conf_map_new(&call->arena);
		conf_set_string(map, "id", a->login.id);
		conf_set_slice(map, "token", str_slice(&a->token));
		conf_set_time(map, "expires", a->login.expires);
		api_answer_node(call, 201, map);
	}
	key_wipe_str(&a->token);
	api_call_unref(call);
}

/* Makes room for one more. */
static void
drop_old(struct attempt *a, struct store_txn *t)
{
	struct users *users = a->call->server->users;
	size_t n = users_logins(users, a->name, NULL, 0);
	const struct login **v = mem_zalloc_array(n + 1, sizeof(*v));

	users_logins(users, a->name, v, n);
	for (size_t i = 0; i < n; i++)
		if (v[i]->expires <= a->login.created ||
		    n - i >= LOGINS_OF_ONE) {
			users_erase_login(t, v[i]);
			users_remove_login(users, slice_str(v[i]->id));
		}
	mem_free(v);
}

static void
let_in(struct attempt *a)
{
	struct api_call *call = a->call;
	struct store_txn *t = store_txn_new();
	struct audit_entry e = call->who;

	login_make(&a->login, &a->token);
	a->login.user = a->name;
	a->login.from = call->who.from;
	a->login.created = clock_wall_s();
	a->login.expires = a->login.created + a->life_ms / 1000;
	drop_old(a, t);
	users_write_login(t, &a->login);
	e.actor = slice_str(arena_printf(&call->arena, "user/%.*s",
	    SLICE_ARG(a->name)));
	e.how = SLICE("password");
	e.action = SLICE("login");
	e.target = slice_str(a->login.id);
	audit_add(t, &e);
	store_commit(call->server->store, &t, &call->server->port, on_written, a);
}

static void
on_hash(void *ctx, const uint8_t hash[HASH_LEN])
{
	struct attempt *a = ctx;
	bool is_right = hash != NULL && hash_equal(slice_of(hash, HASH_LEN),
	    slice_of(a->hash, HASH_LEN));

	if (is_right && a->is_user && users_find(a->call->server->users,
	    a->name) != NULL) {
		let_in(a);
		return;
	}
	if (hash == NULL)
		api_answer_fail(a->call, ERR_UNAVAILABLE, "control is ending");
	else
		refuse(a);
	api_call_unref(a->call);
}

static int
read_life(struct attempt *a)
{
	struct err err = ERR_INIT;

	if (api_read_ttl(a->call->json, &life, &a->life_ms, &err) == 0)
		return 0;
	api_answer_err(a->call, &err);
	return -1;
}

/* A salt for a name that there is not, the same each time. */
static void
dummy_salt(const struct attempt *a, uint8_t salt[KDF_SALT_LEN])
{
	uint8_t hash[HASH_LEN];

	hash_hmac(hash, slice_of(a->call->server->dummy, HASH_LEN), a->name);
	memcpy(salt, hash, KDF_SALT_LEN);
}

void
api_login(struct api_call *call)
{
	struct attempt *a = arena_zalloc(&call->arena, sizeof(*a));
	struct slice password = slice_str(conf_get_string(call->json,
	    "password"));
	uint64_t now_ms = loop_now_ms(call->server->loop);
	uint32_t iterations = KDF_ITERATIONS;
	struct addr room;
	const struct user *u;

	a->call = call;
	a->name = slice_str(conf_get_string(call->json, "user"));
	if (a->name.len == 0 || a->name.len > 63 || password.len == 0) {
		api_answer_fail(call, ERR_DATA, "expected user and password");
		return;
	}
	if (read_life(a) < 0)
		return;
	if (!login_limit_take(&call->server->login_limit, a->name,
	    l7_addr(call->ctx, &room), now_ms)) {
		call->retry_s = login_limit_left_s(now_ms);
		api_answer_fail(call, ERR_TOO_MANY, "too many logins with this "
		    "name, or from there; wait a minute");
		return;
	}
	u = users_find(call->server->users, a->name);
	a->is_user = u != NULL;
	dummy_salt(a, a->login.salt);
	if (u != NULL) {
		memcpy(a->login.salt, u->salt, sizeof(u->salt));
		memcpy(a->hash, u->hash, sizeof(a->hash));
		iterations = u->iterations;
	}
	if (kdf_start(call->server->kdf, password, a->login.salt, iterations, on_hash,
	    a) < 0)
		api_answer_fail(call, ERR_UNAVAILABLE, "too many passwords are "
		    "being looked at; try again");
	else
		api_call_ref(call);
}

/* --- the end of it ------------------------------------------------------------------ */

static void
on_erased(void *ctx, const struct store_result *r)
{
	struct api_call *call = ctx;

	if (r->err.kind != ERR_NONE) {
		api_answer_err(call, &r->err);
	} else {
		users_remove_login(call->server->users, slice_str(call->state));
		api_streams_judge(call->server);
		api_answer_json(call, 200, SLICE("{}\n"));
	}
	api_call_unref(call);
}

static void
end_login(struct api_call *call, struct slice id)
{
	const struct login *l = users_login_find(call->server->users, id);
	struct store_txn *t;

	if (l == NULL) {
		api_answer_fail(call, ERR_NOT_FOUND, "there is no login %.*s",
		    SLICE_ARG(id));
		return;
	}
	call->state = arena_strdup(&call->arena, l->id);
	t = store_txn_new();
	users_erase_login(t, l);
	audit_note(t, &call->who, "logout", slice_str(call->state), SLICE_NONE);
	store_commit(call->server->store, &t, &call->server->port, on_erased,
	    api_call_ref(call));
}

void
api_logout(struct api_call *call)
{
	if (call->login.len == 0)
		api_answer_fail(call, ERR_DATA, "this call came without the "
		    "token of a login");
	else
		end_login(call, call->login);
}

void
api_login_delete(struct api_call *call)
{
	end_login(call, call->params[0]);
}

void
api_login_list(struct api_call *call)
{
	const struct users *users = call->server->users;
	struct conf_node *map = conf_map_new(&call->arena), *list;
	size_t n = users_logins(users, SLICE_NONE, NULL, 0);
	const struct login **v = arena_alloc(&call->arena, (n + 1) * sizeof(*v));

	list = conf_set_list(map, "items");
	users_logins(users, SLICE_NONE, v, n);
	for (size_t i = 0; i < n; i++) {
		struct conf_node *row;

		if (v[i]->expires <= clock_wall_s())
			continue;
		row = conf_add_map(list);
		conf_set_string(row, "id", arena_strdup(&call->arena, v[i]->id));
		conf_set_slice(row, "user", v[i]->user);
		conf_set_slice(row, "from", v[i]->from);
		conf_set_time(row, "created", v[i]->created);
		conf_set_time(row, "expires", v[i]->expires);
	}
	api_answer_node(call, 200, map);
}
