#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "modes/control/ca_file.h"
#include "modes/control/jwt_keys.h"
#include "pki/base64.h"
#include "pki/jwt_svid.h"

static const char *const states[] = {
	[JWT_KEY_ACTIVE] = "active", [JWT_KEY_NEXT] = "next",
	[JWT_KEY_OLD] = "old",
};
#define STATES	(sizeof(states) / sizeof(states[0]))

/* --- the list ------------------------------------------------------------ */

static int
write_list(const struct jwt_keys *k, const struct ca_files *f, struct err *err)
{
	struct str text = { 0 };
	int r;

	for (size_t i = 0; i < k->len; i++) {
		str_addf(&text, "%s %" PRId64 " ", states[k->v[i].state],
		    k->v[i].since);
		base64_add(&text, BASE64_URL, slice_of(k->v[i].point,
		    KEY_POINT_LEN));
		str_add_char(&text, '\n');
	}
	r = ca_file_write(f->jwt_keys, str_slice(&text), 0644, err);
	str_fini(&text);
	return r;
}

static bool
read_line(struct jwt_key *key, struct slice line)
{
	struct slice state, since;
	uint64_t n;
	size_t s = 0;

	if (!slice_cut(&line, ' ', &state) || line.ptr == NULL ||
	    !slice_cut(&line, ' ', &since) || line.ptr == NULL)
		return false;
	while (s < STATES && !slice_is(state, states[s]))
		s++;
	if (s == STATES || !slice_u64(since, &n) || n > INT64_MAX ||
	    base64_decode(key->point, KEY_POINT_LEN, BASE64_URL, line) !=
	    KEY_POINT_LEN)
		return false;
	key->state = (enum jwt_key_state)s;
	key->since = (int64_t)n;
	return key_point_ok(slice_of(key->point, KEY_POINT_LEN));
}

static int
read_list(struct jwt_keys *k, const struct ca_files *f, struct err *err)
{
	struct str text = { 0 };
	struct slice rest, line;
	int r;

	k->len = 0;
	if (!ca_file_exists(f->jwt_keys))
		return 0;
	r = ca_file_read(&text, f->jwt_keys, false, err);
	rest = str_slice(&text);
	while (r == 0 && slice_cut(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (k->len == JWT_KEYS_MAX || !read_line(&k->v[k->len], line))
			r = err_set(err, ERR_CONFIG, "%s is damaged; without it "
			    "another key is made", f->jwt_keys);
		k->len++;
	}
	str_fini(&text);
	return r;
}

static struct jwt_key *
find(struct jwt_keys *k, enum jwt_key_state state)
{
	for (size_t i = 0; i < k->len; i++)
		if (k->v[i].state == state)
			return &k->v[i];
	return NULL;
}

static void
take_out(struct jwt_keys *k, struct jwt_key *key)
{
	size_t at = (size_t)(key - k->v);

	memmove(key, key + 1, (--k->len - at) * sizeof(*key));
}

static int
add(struct jwt_keys *k, enum jwt_key_state state, const struct key *key,
    int64_t now, struct err *err)
{
	struct jwt_key *row = &k->v[k->len];

	if (k->len == JWT_KEYS_MAX)
		return err_set(err, ERR_CONFLICT, "%d keys of tokens are "
		    "published already", JWT_KEYS_MAX);
	k->len++;
	row->state = state;
	row->since = now;
	memcpy(row->point, key->point, KEY_POINT_LEN);
	return 0;
}

/* --- by age -------------------------------------------------------------- */

enum jwt_step
jwt_keys_due(const struct jwt_keys *k, int64_t now)
{
	bool has_next = false, is_aged = false;

	for (size_t i = 0; i < k->len; i++) {
		const struct jwt_key *key = &k->v[i];

		if (key->state == JWT_KEY_OLD &&
		    now - key->since >= JWT_KEY_TAIL_S)
			return JWT_DROP;
		if (key->state == JWT_KEY_NEXT) {
			has_next = true;
			if (now - key->since >= JWT_KEY_LEAD_S)
				return JWT_ACTIVATE;
		}
		if (key->state == JWT_KEY_ACTIVE &&
		    now - key->since >= JWT_KEY_LIFE_S)
			is_aged = true;
	}
	return is_aged && !has_next ? JWT_PREPARE : JWT_NOTHING;
}

/* --- in the files -------------------------------------------------------- */

/* The list says of this key that it signs; who did before is old. */
static int
make_active(struct jwt_keys *k, const struct ca_files *f,
    const struct key *key, int64_t now, struct err *err)
{
	struct jwt_key *before, *known = NULL;

	for (size_t i = 0; i < k->len; i++)
		if (memcmp(k->v[i].point, key->point, KEY_POINT_LEN) == 0)
			known = &k->v[i];
	if (known != NULL && known->state == JWT_KEY_ACTIVE)
		return 0;
	if ((before = find(k, JWT_KEY_ACTIVE)) != NULL) {
		before->state = JWT_KEY_OLD;
		before->since = now;
	}
	if (known != NULL) {
		known->state = JWT_KEY_ACTIVE;
		known->since = now;
	} else if (add(k, JWT_KEY_ACTIVE, key, now, err) < 0) {
		return -1;
	}
	return write_list(k, f, err);
}

int
jwt_keys_load(struct jwt_keys *k, const struct ca_files *f, int64_t now,
    struct err *err)
{
	struct key key = { 0 };
	int r = read_list(k, f, err);

	if (r == 0 && ca_file_exists(f->jwt_key)) {
		r = ca_file_read_key(&key, f->jwt_key, err);
	} else if (r == 0) {
		key_generate(&key);
		r = ca_file_write_key(&key, f->jwt_key, err);
	}
	if (r == 0)
		r = make_active(k, f, &key, now, err);
	key_fini(&key);
	return r;
}

int
jwt_keys_prepare(struct jwt_keys *k, const struct ca_files *f, int64_t now,
    struct err *err)
{
	struct jwt_key *old = find(k, JWT_KEY_NEXT);
	struct key key;
	int r;

	if (old != NULL)
		return err_set(err, ERR_CONFLICT, "a key of tokens is prepared "
		    "already");
	key_generate(&key);
	r = ca_file_write_key(&key, f->jwt_next_key, err);
	if (r == 0)
		r = add(k, JWT_KEY_NEXT, &key, now, err);
	if (r == 0)
		r = write_list(k, f, err);
	key_fini(&key);
	return r;
}

int
jwt_keys_read_next(struct key *key, const struct ca_files *f, struct err *err)
{
	if (!ca_file_exists(f->jwt_next_key))
		return err_set(err, ERR_NOT_FOUND, "no key of tokens is "
		    "prepared");
	return ca_file_read_key(key, f->jwt_next_key, err);
}

int
jwt_keys_activate(struct jwt_keys *k, const struct ca_files *f, int64_t now,
    struct err *err)
{
	struct key key = { 0 };
	int r = jwt_keys_read_next(&key, f, err);

	/* From here on jwt_keys_load would go on with it. */
	if (r == 0 && rename(f->jwt_next_key, f->jwt_key) < 0)
		r = err_errno(err, "rename %s", f->jwt_next_key);
	if (r == 0)
		r = make_active(k, f, &key, now, err);
	key_fini(&key);
	return r;
}

int
jwt_keys_drop(struct jwt_keys *k, const struct ca_files *f, int64_t before,
    struct err *err)
{
	for (size_t i = 0; i < k->len;)
		if (k->v[i].state == JWT_KEY_OLD && k->v[i].since <= before)
			take_out(k, &k->v[i]);
		else
			i++;
	return write_list(k, f, err);
}

void
jwt_keys_add(struct str *out, const struct jwt_keys *k, const char *use)
{
	for (size_t i = 0; i < k->len; i++) {
		if (i > 0)
			str_add_char(out, ',');
		jwt_svid_add_key(out, k->v[i].point, use);
	}
}
