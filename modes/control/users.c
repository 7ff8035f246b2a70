#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "conf/json.h"
#include "modes/control/store_keys.h"
#include "modes/control/store_wait.h"
#include "modes/control/users.h"
#include "pki/base64.h"
#include "pki/key.h"

#define SECRET_LEN	32	/* bytes of a token's secret part */

struct users {
	struct map by_name;	/* struct known_user */
	struct map logins;	/* struct known_login, by ID */
};

struct known_user {
	struct arena arena;
	struct user  user;
};

struct known_login {
	struct arena arena;
	struct login login;
};

static void
user_free(void *arg)
{
	struct known_user *u = arg;

	if (u == NULL)
		return;
	arena_fini(&u->arena);
	mem_free(u);
}

static void
login_free(void *arg)
{
	struct known_login *l = arg;

	if (l == NULL)
		return;
	arena_fini(&l->arena);
	mem_free(l);
}

/* --- in the store --------------------------------------------------------------- */

static void
set_bytes(struct conf_node *map, const char *key, const uint8_t *p, size_t len)
{
	struct str s = { 0 };

	base64_add(&s, BASE64_STD, slice_of(p, len));
	conf_set_slice(map, key, str_slice(&s));
	str_fini(&s);
}

static bool
get_bytes(const struct conf_node *map, const char *key, uint8_t *p, size_t len)
{
	const char *text = conf_get_string(map, key);
	uint8_t room[64];

	if (text == NULL || base64_decode(room, sizeof(room), BASE64_STD,
	    slice_str(text)) != (ptrdiff_t)len)
		return false;
	memcpy(p, room, len);
	return true;
}

static struct slice
user_key(struct arena *a, struct slice name)
{
	return slice_str(arena_printf(a, STORE_USERS "%.*s", SLICE_ARG(name)));
}

void
users_require_none(struct store_txn *t, struct slice name)
{
	struct arena a;

	arena_init(&a);
	store_txn_require(t, user_key(&a, name), 0);
	arena_fini(&a);
}

void
users_write(struct store_txn *t, const struct user *u)
{
	struct arena a;
	struct conf_node *map;
	struct str value = { 0 };

	arena_init(&a);
	map = conf_map_new(&a);
	conf_set_slice(map, "name", u->name);
	conf_set_string(map, "kdf", "pbkdf2-sha256");
	conf_set_int(map, "iterations", u->iterations);
	set_bytes(map, "salt", u->salt, sizeof(u->salt));
	set_bytes(map, "hash", u->hash, sizeof(u->hash));
	conf_set_int(map, "created", u->created);
	conf_set_int(map, "changed", u->changed);
	conf_set_slice(map, "createdBy", u->created_by);
	conf_json_write(&value, map);
	store_txn_put(t, user_key(&a, u->name), str_slice(&value));
	key_wipe_str(&value);
	arena_fini(&a);
}

static struct slice
login_key(struct arena *a, const char *id)
{
	return slice_str(arena_printf(a, STORE_LOGINS "%s", id));
}

void
users_write_login(struct store_txn *t, const struct login *l)
{
	struct arena a;
	struct conf_node *map;
	struct str value = { 0 };

	arena_init(&a);
	map = conf_map_new(&a);
	conf_set_string(map, "id", l->id);
	set_bytes(map, "hash", l->hash, sizeof(l->hash));
	set_bytes(map, "salt", l->salt, sizeof(l->salt));
	conf_set_slice(map, "user", l->user);
	conf_set_slice(map, "from", l->from);
	conf_set_int(map, "created", l->created);
	conf_set_int(map, "expires", l->expires);
	conf_json_write(&value, map);
	store_txn_put_until(t, login_key(&a, l->id), str_slice(&value),
	    l->expires);
	str_fini(&value);
	arena_fini(&a);
}

void
users_erase_login(struct store_txn *t, const struct login *l)
{
	struct arena a;

	arena_init(&a);
	store_txn_delete(t, login_key(&a, l->id));
	arena_fini(&a);
}

void
users_erase(const struct users *us, struct store_txn *t, struct slice name)
{
	size_t n = users_logins(us, name, NULL, 0);
	const struct login **v = mem_zalloc_array(n + 1, sizeof(*v));
	struct arena a;

	arena_init(&a);
	store_txn_delete(t, user_key(&a, name));
	users_logins(us, name, v, n);
	for (size_t i = 0; i < n; i++)
		users_erase_login(t, v[i]);
	mem_free(v);
	arena_fini(&a);
}

static bool
read_user(struct user *u, const struct conf_node *map)
{
	int64_t iterations = conf_get_int(map, "iterations", 0);
	const char *kdf = conf_get_string(map, "kdf");

	u->name = slice_str(conf_get_string(map, "name"));
	u->iterations = (uint32_t)iterations;
	u->created = conf_get_int(map, "created", 0);
	u->changed = conf_get_int(map, "changed", 0);
	u->created_by = slice_str(conf_get_string(map, "createdBy"));
	return u->name.ptr != NULL && kdf != NULL &&
	    strcmp(kdf, "pbkdf2-sha256") == 0 &&
	    iterations > 0 && iterations <= 100000000 &&
	    get_bytes(map, "salt", u->salt, sizeof(u->salt)) &&
	    get_bytes(map, "hash", u->hash, sizeof(u->hash));
}

static bool
read_login(struct login *l, const struct conf_node *map)
{
	struct slice id = slice_str(conf_get_string(map, "id"));

	l->user = slice_str(conf_get_string(map, "user"));
	l->from = slice_str(conf_get_string(map, "from"));
	l->created = conf_get_int(map, "created", 0);
	l->expires = conf_get_int(map, "expires", 0);
	if (id.len != LOGIN_ID_LEN || l->user.ptr == NULL)
		return false;
	memcpy(l->id, id.ptr, LOGIN_ID_LEN + 1);
	return get_bytes(map, "hash", l->hash, sizeof(l->hash)) &&
	    get_bytes(map, "salt", l->salt, sizeof(l->salt));
}

static void
read_item(struct users *us, const struct store_item *item, bool is_user)
{
	struct user u = { 0 };
	struct login l = { 0 };
	struct err err = ERR_INIT;
	const struct conf_node *map;
	struct arena a;

	arena_init(&a);
	map = conf_json_read(&a, item->value, "the store", &err);
	if (map != NULL && is_user && read_user(&u, map))
		users_put(us, &u);
	else if (map != NULL && !is_user && read_login(&l, map))
		users_put_login(us, &l);
	else
		log_error("api", "%.*s does not read", SLICE_ARG(item->key));
	arena_fini(&a);
}

static int
read_all(struct users *us, struct store *store, const char *prefix, bool is_user,
    struct err *err)
{
	struct store_query q = { .prefix = slice_str(prefix) };
	struct store_result *l = store_list_wait(store, &q);

	*err = l->err;
	for (size_t i = 0; i < l->n_items; i++)
		read_item(us, &l->items[i], is_user);
	store_result_free(l);
	return err->kind == ERR_NONE ? 0 : -1;
}

/* --- life ------------------------------------------------------------------------- */

struct users *
users_open(struct store *store, struct err *err)
{
	struct users *us = mem_zalloc(sizeof(*us));

	map_init(&us->by_name);
	map_init(&us->logins);
	if (read_all(us, store, STORE_USERS, true, err) == 0 &&
	    read_all(us, store, STORE_LOGINS, false, err) == 0)
		return us;
	users_free(us);
	return NULL;
}

void
users_free(struct users *us)
{
	if (us == NULL)
		return;
	map_fini(&us->by_name, user_free);
	map_fini(&us->logins, login_free);
	mem_free(us);
}

/* --- asking ----------------------------------------------------------------------- */

const struct user *
users_find(const struct users *us, struct slice name)
{
	const struct known_user *u = map_get(&us->by_name, name);

	return u == NULL ? NULL : &u->user;
}

size_t
users_len(const struct users *us)
{
	return us->by_name.len;
}

static int
by_name(const void *a, const void *b)
{
	const struct user *const *x = a, *const *y = b;

	return slice_cmp((*x)->name, (*y)->name);
}

size_t
users_list(const struct users *us, const struct user **v, size_t cap)
{
	size_t it = 0, n = 0;
	void *u;

	if (v == NULL)
		return us->by_name.len;
	while (n < cap && map_next(&us->by_name, &it, NULL, &u))
		v[n++] = &((struct known_user *)u)->user;
	if (n > 1)
		qsort(v, n, sizeof(*v), by_name);
	return n;
}

const struct login *
users_login(const struct users *us, struct slice token, int64_t now_s)
{
	struct slice rest = token, id;
	const struct known_login *l;
	const struct user *u;
	uint8_t hash[HASH_LEN];

	if (token.len > LOGIN_TEXT_MAX ||
	    !slice_has_prefix(token, SLICE(LOGIN_PREFIX)))
		return NULL;
	rest = slice_from(token, sizeof(LOGIN_PREFIX) - 1);
	slice_cut(&rest, '.', &id);
	l = map_get(&us->logins, id);
	u = l == NULL ? NULL : users_find(us, l->login.user);
	if (u == NULL || l->login.expires <= now_s ||
	    memcmp(u->salt, l->login.salt, sizeof(u->salt)) != 0)
		return NULL;
	hash_sha256(hash, token);
	return hash_equal(slice_of(hash, HASH_LEN),
	    slice_of(l->login.hash, HASH_LEN)) ? &l->login : NULL;
}

const struct login *
users_login_find(const struct users *us, struct slice id)
{
	const struct known_login *l = map_get(&us->logins, id);

	return l == NULL ? NULL : &l->login;
}

static int
by_user_and_age(const void *a, const void *b)
{
	const struct login *const *x = a, *const *y = b;
	int order = slice_cmp((*x)->user, (*y)->user);

	if (order == 0)
		order = ((*x)->created > (*y)->created) -
		    ((*x)->created < (*y)->created);
	return order != 0 ? order : strcmp((*x)->id, (*y)->id);
}

size_t
users_logins(const struct users *us, struct slice name, const struct login **v,
    size_t cap)
{
	size_t it = 0, n = 0;
	void *at;

	while (map_next(&us->logins, &it, NULL, &at)) {
		const struct login *l = &((struct known_login *)at)->login;

		if (name.ptr != NULL && !slice_eq(l->user, name))
			continue;
		if (v != NULL && n < cap)
			v[n] = l;
		n++;
	}
	if (v != NULL && n > 1)
		qsort(v, n, sizeof(*v), by_user_and_age);
	return n;
}

/* --- changes ------------------------------------------------------------------------ */

void
login_make(struct login *l, struct str *out)
{
	uint8_t id[LOGIN_ID_LEN / 2], secret[SECRET_LEN];
	struct str text = { 0 };

	random_bytes(id, sizeof(id));
	random_bytes(secret, sizeof(secret));
	str_add_hex(&text, id, sizeof(id));
	memcpy(l->id, text.ptr, LOGIN_ID_LEN + 1);
	str_fini(&text);
	key_room_str(out, LOGIN_TEXT_MAX + 1);
	str_addf(out, LOGIN_PREFIX "%s.", l->id);
	base64_add(out, BASE64_URL, slice_of(secret, sizeof(secret)));
	hash_sha256(l->hash, str_slice(out));
	mem_wipe(secret, sizeof(secret));
}

void
users_put(struct users *us, const struct user *from)
{
	struct known_user *u = mem_zalloc(sizeof(*u));

	arena_init(&u->arena);
	u->user = *from;
	u->user.name = arena_dup(&u->arena, from->name);
	u->user.created_by = from->created_by.ptr == NULL ? SLICE("") :
	    arena_dup(&u->arena, from->created_by);
	user_free(map_put(&us->by_name, from->name, u));
}

void
users_put_login(struct users *us, const struct login *from)
{
	struct known_login *l = mem_zalloc(sizeof(*l));

	arena_init(&l->arena);
	l->login = *from;
	l->login.user = arena_dup(&l->arena, from->user);
	l->login.from = from->from.ptr == NULL ? SLICE("") :
	    arena_dup(&l->arena, from->from);
	login_free(map_put(&us->logins, slice_str(from->id), l));
}

void
users_remove_login(struct users *us, struct slice id)
{
	login_free(map_del(&us->logins, id));
}

void
users_remove_logins(struct users *us, struct slice name)
{
	size_t n = users_logins(us, name, NULL, 0);
	const struct login **v = mem_zalloc_array(n + 1, sizeof(*v));

	users_logins(us, name, v, n);
	for (size_t i = 0; i < n; i++)
		users_remove_login(us, slice_str(v[i]->id));
	mem_free(v);
}

void
users_remove(struct users *us, struct slice name)
{
	users_remove_logins(us, name);
	user_free(map_del(&us->by_name, name));
}
