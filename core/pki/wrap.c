#include <bearssl.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "pki/key.h"
#include "pki/wrap.h"

#define VERSION		1
#define KEY_WORD	"mesh-wrap-key 1 "

enum {
	SALT_LEN  = 32,
	NONCE_LEN = 12,
	TAG_LEN	  = 16,
	HEAD_LEN  = 1 + SALT_LEN
};

_Static_assert(HEAD_LEN + TAG_LEN == WRAP_OVERHEAD, "the header says so");

/* --- keys --------------------------------------------------------------------------- */

static void
name_key(struct wrap_key *k)
{
	uint8_t sum[HASH_LEN];
	struct str hex = { 0 };

	hash_hmac(sum, slice_of(k->bytes, sizeof(k->bytes)),
	    SLICE("mesh wrap: name of the key"));
	str_add_hex(&hex, sum, WRAP_ID_LEN / 2);
	memcpy(k->id, str_ptr(&hex), sizeof(k->id));
	str_fini(&hex);
}

void
wrap_key_new(struct wrap_key *k)
{
	random_bytes(k->bytes, sizeof(k->bytes));
	name_key(k);
}

static int
nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

int
wrap_key_read(struct wrap_key *k, struct slice text, struct err *err)
{
	struct slice hex;
	bool ok;

	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	ok = slice_has_prefix(text, SLICE(KEY_WORD));
	hex = ok ? slice_from(text, sizeof(KEY_WORD) - 1) : SLICE_NONE;
	ok = ok && hex.len == 2 * sizeof(k->bytes);
	for (size_t i = 0; ok && i < sizeof(k->bytes); i++) {
		int high = nibble(hex.ptr[2 * i]), low = nibble(hex.ptr[2 * i + 1]);

		ok = high >= 0 && low >= 0;
		k->bytes[i] = (uint8_t)(ok ? high << 4 | low : 0);
	}
	if (!ok) {
		wrap_key_wipe(k);
		return err_set(err, ERR_DATA, "expected \"" KEY_WORD "\" and 64 "
		    "hexadecimal digits");
	}
	name_key(k);
	return 0;
}

void
wrap_key_write(struct str *out, const struct wrap_key *k)
{
	key_room_str(out, sizeof(KEY_WORD) + 2 * sizeof(k->bytes) + 2);
	str_add(out, KEY_WORD);
	str_add_hex(out, k->bytes, sizeof(k->bytes));
	str_add_char(out, '\n');
}

void
wrap_key_wipe(struct wrap_key *k)
{
	mem_wipe(k, sizeof(*k));
}

/* --- bytes -------------------------------------------------------------------------- */

/* In place; the head holds version and salt. */
static void
run(uint8_t *data, size_t len, const uint8_t head[HEAD_LEN],
    struct slice place, const struct wrap_key *k, uint8_t tag[TAG_LEN],
    int encrypt)
{
	static const uint8_t nonce[NONCE_LEN];
	uint8_t key[HASH_LEN];

	hash_hmac(key, slice_of(k->bytes, sizeof(k->bytes)),
	    slice_of(head, HEAD_LEN));
	br_poly1305_ctmul_run(key, nonce, data, len, place.ptr, place.len, tag,
	    br_chacha20_ct_run, encrypt);
	mem_wipe(key, sizeof(key));
}

void
wrap_close(struct str *out, struct slice plain, struct slice place,
    const struct wrap_key *k)
{
	uint8_t head[HEAD_LEN], tag[TAG_LEN];
	uint8_t *data = mem_alloc(plain.len + 1);

	head[0] = VERSION;
	random_bytes(head + 1, SALT_LEN);
	if (plain.len > 0)
		memcpy(data, plain.ptr, plain.len);
	run(data, plain.len, head, place, k, tag, 1);
	str_add_slice(out, slice_of(head, HEAD_LEN));
	str_add_slice(out, slice_of(data, plain.len));
	str_add_slice(out, slice_of(tag, TAG_LEN));
	mem_free(data);
}

int
wrap_open(struct str *out, struct slice locked, struct slice place,
    const struct wrap_key *k, struct err *err)
{
	uint8_t head[HEAD_LEN], tag[TAG_LEN], *data;
	size_t len;
	bool ok;

	if (locked.len < WRAP_OVERHEAD || locked.ptr[0] != VERSION)
		return err_set(err, ERR_DATA, "not locked bytes of a version "
		    "that is known");
	memcpy(head, locked.ptr, HEAD_LEN);
	len = locked.len - WRAP_OVERHEAD;
	data = (uint8_t *)mem_dup(locked.ptr + HEAD_LEN, len);
	run(data, len, head, place, k, tag, 0);
	ok = hash_equal(slice_of(tag, TAG_LEN),
	    slice_from(locked, locked.len - TAG_LEN));
	if (ok) {
		key_room_str(out, len + 1);
		str_add_slice(out, slice_of(data, len));
	}
	mem_wipe(data, len);
	mem_free(data);
	return ok ? 0 : err_set(err, ERR_DENIED, "locked with another key, for "
	    "another place, or changed since");
}
