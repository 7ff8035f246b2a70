#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "pki/base64.h"
#include "pki/token.h"

void
token_make(struct token *t, const uint8_t roots[HASH_LEN])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t id[TOKEN_ID_LEN / 2];

	memcpy(t->roots, roots, HASH_LEN);
	random_bytes(t->secret, sizeof(t->secret));
	random_bytes(id, sizeof(id));
	for (size_t i = 0; i < TOKEN_ID_LEN; i++)
		t->id[i] = hex[id[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	t->id[TOKEN_ID_LEN] = '\0';
}

void
token_fini(struct token *t)
{
	mem_wipe(t, sizeof(*t));
}

void
token_add(struct str *out, const struct token *t)
{
	str_add(out, "mesh1.");
	base64_add(out, BASE64_URL, slice_of(t->roots, HASH_LEN));
	str_addf(out, ".%s.", t->id);
	base64_add(out, BASE64_URL, slice_of(t->secret, TOKEN_SECRET_LEN));
}

bool
token_id_ok(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!(id.ptr[i] >= '0' && id.ptr[i] <= '9') &&
		    !(id.ptr[i] >= 'a' && id.ptr[i] <= 'f'))
			return false;
	return id.len == TOKEN_ID_LEN;
}

static bool
read_bytes(uint8_t *out, size_t len, struct slice text)
{
	return base64_decode(out, len, BASE64_URL, text) == (ptrdiff_t)len;
}

bool
token_parse(struct token *t, struct slice text)
{
	struct slice version, roots, id, secret;
	bool ok;

	memset(t, 0, sizeof(*t));
	if (text.len != TOKEN_TEXT_LEN)
		return false;
	ok = slice_cut(&text, '.', &version) && slice_is(version, "mesh1") &&
	    slice_cut(&text, '.', &roots) &&
	    read_bytes(t->roots, HASH_LEN, roots) &&
	    slice_cut(&text, '.', &id) && token_id_ok(id) &&
	    slice_cut(&text, '.', &secret) && text.ptr == NULL &&
	    read_bytes(t->secret, TOKEN_SECRET_LEN, secret);
	if (ok)
		memcpy(t->id, id.ptr, TOKEN_ID_LEN);
	else
		token_fini(t);
	return ok;
}

void
token_secret_hash(uint8_t out[HASH_LEN], const struct token *t)
{
	hash_sha256(out, slice_of(t->secret, TOKEN_SECRET_LEN));
}

bool
token_matches(const struct token *t, const uint8_t stored[HASH_LEN])
{
	uint8_t hash[HASH_LEN];

	token_secret_hash(hash, t);
	return hash_equal(slice_of(hash, HASH_LEN), slice_of(stored, HASH_LEN));
}
