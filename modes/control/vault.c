#include <stdlib.h>
#include <string.h>

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

struct vault {
	struct wrap_key keys[KEYS_MAX];	/* the first one locks */
	size_t          len;
};

/* --- keys ---------------------------------------------------------------------------- */

/* One per line, at least one. */
static int
add_keys(struct vault *v, struct slice text, struct err *err)
{
	struct slice line = text;

	do {
		if (v->len == KEYS_MAX)
			return err_set(err, ERR_DATA, "more than %d keys",
			    KEYS_MAX);
		slice_cut(&text, '\n', &line);
		if (wrap_key_read(&v->keys[v->len], line, err) < 0)
			return -1;
		v->len++;
	} while (text.len > 0);
	return 0;
}

static int
read_keys(struct vault *v, const char *path, struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read_large(&text, path, true, VAULT_FILE_MAX, err);

	if (r == 0 && add_keys(v, str_slice(&text), err) < 0) {
		err_wrap(err, "%s", path);
		err->kind = ERR_CONFIG;
		r = -1;
	}
	key_wipe_str(&text);
	return r;
}

static int
write_keys(const struct vault *v, const char *path, struct err *err)
{
	struct str text = { 0 };
	int r;

	vault_pack(&text, v);
	r = ca_file_write(path, str_slice(&text), 0600, err);
	key_wipe_str(&text);
	return r;
}

static int
make_key(struct vault *v, const char *path, struct err *err)
{
	wrap_key_new(&v->keys[v->len++]);
	if (write_keys(v, path, err) < 0)
		return -1;
	log_info("control", "made %s, the key of stored Secrets; backups hold "
	    "it", path);
	return 0;
}

/* 0 too when the service manager gave none. */
static int
read_credential(struct vault *v, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path = dir == NULL ? NULL : mem_printf("%s/" VAULT_FILE, dir);
	int r = 0;

	if (path != NULL && ca_file_exists(path))
		r = read_keys(v, path, err);
	mem_free(path);
	return r;
}

struct vault *
vault_open(const char *dir, struct err *err)
{
	struct vault *v = secret_alloc(sizeof(*v));
	char *path = mem_printf("%s/" VAULT_FILE, dir);
	int r = read_credential(v, err);

	if (r == 0 && ca_file_exists(path))
		r = read_keys(v, path, err);
	else if (r == 0 && v->len == 0)
		r = make_key(v, path, err);
	mem_free(path);
	if (r == 0)
		return v;
	vault_close(v);
	return NULL;
}

void
vault_close(struct vault *v)
{
	secret_free(v, sizeof(*v));
}

/* --- values -------------------------------------------------------------------------- */

void
vault_lock(const struct vault *v, struct slice key, struct slice value,
    struct str *out)
{
	struct str bytes = { 0 };

	wrap_close(&bytes, value, key, &v->keys[0]);
	str_addf(out, "{\"locked\":{\"key\":\"%s\",\"bytes\":\"",
	    v->keys[0].id);
	base64_add(out, BASE64_STD, str_slice(&bytes));
	str_add(out, "\"}}");
	str_fini(&bytes);
}

static const struct wrap_key *
key_named(const struct vault *v, const char *id)
{
	for (size_t i = 0; id != NULL && i < v->len; i++)
		if (strcmp(v->keys[i].id, id) == 0)
			return &v->keys[i];
	return NULL;
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
	for (size_t i = 0; i < v->len; i++)
		wrap_key_write(out, &v->keys[i]);
}

int
vault_unpack(const char *dir, struct slice text, struct err *err)
{
	char *path = mem_printf("%s/" VAULT_FILE, dir);
	struct vault *v = secret_alloc(sizeof(*v));
	int r = add_keys(v, text, err);

	if (r == 0)
		r = write_keys(v, path, err);
	else
		err_wrap(err, "the backup's keys of Secrets");
	vault_close(v);
	mem_free(path);
	return r;
}
