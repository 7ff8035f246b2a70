#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "conf/json.h"
#include "modes/control/ca_file.h"
#include "modes/control/vault.h"
#include "pki/base64.h"
#include "pki/key.h"
#include "pki/wrap.h"

#define KEYS_MAX	8

struct slot {
	struct wrap_key key;
	bool            is_given;
};

struct vault {
	struct slot keys[KEYS_MAX];	/* the first one locks */
	size_t      len;
	char       *given;		/* a file that was named, or NULL */
	char       *own;		/* DIR/secrets.key */
	bool        is_made;		/* the only key, and not written yet */
};

/* --- keys ---------------------------------------------------------------------------- */

static const struct wrap_key *
key_named(const struct vault *v, const char *id)
{
	for (size_t i = 0; id != NULL && i < v->len; i++)
		if (strcmp(v->keys[i].key.id, id) == 0)
			return &v->keys[i].key;
	return NULL;
}

/* One per line, at least one; what is there already stays where it is. */
static int
add_keys(struct vault *v, struct slice text, bool is_given, struct err *err)
{
	struct slice line = text;
	struct wrap_key key;

	do {
		slice_cut(&text, '\n', &line);
		if (wrap_key_read(&key, line, err) < 0)
			return -1;
		if (key_named(v, key.id) != NULL)
			continue;
		if (v->len == KEYS_MAX)
			return err_set(err, ERR_DATA, "more than %d keys",
			    KEYS_MAX);
		v->keys[v->len++] = (struct slot){ key, is_given };
	} while (text.len > 0);
	wrap_key_wipe(&key);
	return 0;
}

static int
read_keys(struct vault *v, const char *path, bool is_given, struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read_large(&text, path, true, VAULT_FILE_MAX, err);

	if (r == 0 && add_keys(v, str_slice(&text), is_given, err) < 0)
		r = err_wrap(err, "%s", path);
	if (r < 0)
		err->kind = ERR_CONFIG;
	key_wipe_str(&text);
	return r;
}

static int
write_own(const struct vault *v, struct err *err)
{
	struct str text = { 0 };
	int r;

	vault_pack(&text, v);
	r = ca_file_write(v->own, str_slice(&text), 0600, err);
	key_wipe_str(&text);
	return r;
}

/* 0 too when the service manager gave none. */
static int
read_credential(struct vault *v, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path = dir == NULL ? NULL : mem_printf("%s/" VAULT_FILE, dir);
	int r = 0;

	if (path != NULL && ca_file_exists(path))
		r = read_keys(v, path, true, err);
	mem_free(path);
	return r;
}

static int
read_given(struct vault *v, struct err *err)
{
	if (v->given != NULL && read_keys(v, v->given, true, err) < 0)
		return -1;
	return read_credential(v, err);
}

int
vault_keep(struct vault *v, struct err *err)
{
	if (!v->is_made)
		return 0;
	if (write_own(v, err) < 0)
		return -1;
	v->is_made = false;
	log_info("control", "made %s, the key of stored Secrets; backups hold "
	    "it", v->own);
	return 0;
}

struct vault *
vault_open(const char *dir, const char *file, struct err *err)
{
	struct vault *v = secret_alloc(sizeof(*v));
	int r;

	v->own = mem_printf("%s/" VAULT_FILE, dir);
	v->given = file == NULL ? NULL : mem_strdup(file);
	r = read_given(v, err);
	if (r == 0 && ca_file_exists(v->own))
		r = read_keys(v, v->own, false, err);
	else if (r == 0 && v->len == 0) {
		wrap_key_new(&v->keys[v->len++].key);
		v->is_made = true;
	}
	if (r == 0)
		return v;
	vault_close(v);
	return NULL;
}

void
vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	mem_free(v->given);
	mem_free(v->own);
	secret_free(v, sizeof(*v));
}

/* --- another key ----------------------------------------------------------------------- */

/* Behind those of next, all that v has. */
static int
add_known(struct vault *next, const struct vault *v, struct err *err)
{
	for (size_t i = 0; i < v->len; i++) {
		if (key_named(next, v->keys[i].key.id) != NULL)
			continue;
		if (next->len == KEYS_MAX)
			return err_set(err, ERR_CONFLICT, "there are %d keys: "
			    "take those away that lock nothing", KEYS_MAX);
		next->keys[next->len++] = v->keys[i];
	}
	return 0;
}

int
vault_renew(struct vault *v, struct err *err)
{
	struct vault *next = secret_alloc(sizeof(*next));
	int r;

	next->given = v->given;
	next->own = v->own;
	r = read_given(next, err);
	if (r == 0 && next->len == 0 && v->keys[0].is_given)
		r = err_set(err, ERR_CONFIG, "the key that was given is gone");
	if (r == 0 && next->len == 0)
		wrap_key_new(&next->keys[next->len++].key);
	if (r == 0)
		r = add_known(next, v, err);
	if (r == 0 && !next->keys[0].is_given)
		r = write_own(next, err);
	if (r == 0) {
		memcpy(v->keys, next->keys, sizeof(v->keys));
		v->len = next->len;
	}
	secret_free(next, sizeof(*next));
	return r;
}

int
vault_forget(struct vault *v, struct err *err)
{
	size_t n = 1, own = !v->keys[0].is_given;

	for (size_t i = 1; i < v->len; i++)
		if (v->keys[i].is_given)
			v->keys[n++] = v->keys[i];
	mem_wipe(&v->keys[n], (KEYS_MAX - n) * sizeof(v->keys[0]));
	v->len = n;
	if (own > 0)
		return write_own(v, err);
	if (ca_file_exists(v->own) && unlink(v->own) < 0)
		return err_errno(err, "remove %s", v->own);
	return 0;
}

bool
vault_key(const struct vault *v, size_t i, struct vault_key *out)
{
	if (i >= v->len)
		return false;
	memcpy(out->id, v->keys[i].key.id, sizeof(out->id));
	out->is_given = v->keys[i].is_given;
	return true;
}

bool
vault_has(const struct vault *v, const char *id)
{
	return key_named(v, id) != NULL;
}

bool
vault_key_of(struct slice value, char id[WRAP_ID_LEN + 1])
{
	static const char start[] = "{\"locked\":{\"key\":\"";
	size_t len = sizeof(start) - 1;

	if (!slice_has_prefix(value, slice_str(start)) ||
	    value.len < len + WRAP_ID_LEN)
		return false;
	memcpy(id, value.ptr + len, WRAP_ID_LEN);
	id[WRAP_ID_LEN] = '\0';
	return true;
}

/* --- values -------------------------------------------------------------------------- */

void
vault_lock(const struct vault *v, struct slice key, struct slice value,
    struct str *out)
{
	struct str bytes = { 0 };

	wrap_close(&bytes, value, key, &v->keys[0].key);
	str_addf(out, "{\"locked\":{\"key\":\"%s\",\"bytes\":\"",
	    v->keys[0].key.id);
	base64_add(out, BASE64_STD, str_slice(&bytes));
	str_add(out, "\"}}");
	str_fini(&bytes);
}

static int
unlock(const struct vault *v, struct slice key, const struct conf_node *locked,
    struct str *out, struct err *err)
{
	const char *id = conf_get_string(locked, "key");
	const char *text = conf_get_string(locked, "bytes");
	const struct wrap_key *k = key_named(v, id);
	size_t room = text == NULL ? 0 : base64_room(strlen(text));
	uint8_t *bytes = mem_alloc(room + 1);
	ptrdiff_t len = text == NULL ? -1 : base64_decode(bytes, room,
	    BASE64_STD, slice_str(text));
	int r;

	if (len < 0)
		r = err_set(err, ERR_DATA, "locked bytes are missing");
	else if (k == NULL)
		r = err_set(err, ERR_DENIED, "it is locked with the key %s, "
		    "which this control does not have",
		    id == NULL ? "?" : id);
	else
		r = wrap_open(out, slice_of(bytes, (size_t)len), key, k, err);
	mem_free(bytes);
	return r;
}

int
vault_unlock(const struct vault *v, struct slice key, struct slice value,
    struct str *out, struct err *err)
{
	const struct conf_node *doc, *locked = NULL;
	struct arena a;
	int r = 0;

	arena_init(&a);
	if (slice_has_prefix(value, SLICE("{\"locked\":"))) {
		doc = conf_json_read(&a, value, "the store", err);
		locked = conf_get(doc, "locked");
		r = doc == NULL ? -1 : 0;
	}
	if (locked != NULL)
		r = unlock(v, key, locked, out, err);
	else if (r == 0)
		str_add_slice(out, value);
	arena_fini(&a);
	return r;
}

/* --- backups ------------------------------------------------------------------------- */

void
vault_pack(struct str *out, const struct vault *v)
{
	key_room_str(out, VAULT_FILE_MAX);
	for (size_t i = 0; i < v->len; i++) {
		struct str line = { 0 };

		key_room_str(&line, VAULT_FILE_MAX / KEYS_MAX);
		wrap_key_write(&line, &v->keys[i].key);
		if (!v->keys[i].is_given && strstr(str_ptr(out),
		    str_ptr(&line)) == NULL)
			str_add_slice(out, str_slice(&line));
		key_wipe_str(&line);
	}
}

int
vault_unpack(const char *dir, struct slice text, struct err *err)
{
	struct vault *v = secret_alloc(sizeof(*v));
	int r = 0;

	v->own = mem_printf("%s/" VAULT_FILE, dir);
	/* None: they were given, and are again. */
	if (text.len > 0)
		r = add_keys(v, text, false, err);
	if (r < 0)
		err_wrap(err, "the backup's keys of Secrets");
	else if (v->len > 0)
		r = write_own(v, err);
	vault_close(v);
	return r;
}
