#include "policy/signer_test.h"

#include <string.h>

#include "pki/base64.h"

void
signer_add_part(struct str *out, const char *json)
{
	base64_add(out, BASE64_URL, slice_str(json));
}

/* r and s behind each other, of an ASN.1 signature whose lengths are short. */
static void
raw_of(const uint8_t *der, uint8_t out[64])
{
	const uint8_t *at = der + 2;

	memset(out, 0, 64);
	for (int i = 0; i < 2; i++) {
		size_t len = at[1], skip = len > 32 ? len - 32 : 0;

		memcpy(out + 32 * i + 32 - (len - skip), at + 2 + skip,
		    len - skip);
		at += 2 + len;
	}
}

void
signer_add_signature(struct str *out, const struct key *key)
{
	uint8_t der[KEY_SIG_MAX], raw[64];

	key_sign(key, str_slice(out), der);
	raw_of(der, raw);
	str_add_char(out, '.');
	base64_add(out, BASE64_URL, slice_of(raw, sizeof(raw)));
}

void
signer_add_keys(struct str *out, const struct key *key, const char *kid)
{
	str_addf(out, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\","
	    "\"x\":\"", kid);
	base64_add(out, BASE64_URL, slice_of(key->point + 1, 32));
	str_add(out, "\",\"y\":\"");
	base64_add(out, BASE64_URL, slice_of(key->point + 33, 32));
	str_add(out, "\"}]}");
}

void
signer_add_token(struct str *out, const struct key *key, const char *kid,
    const char *claims)
{
	struct str text = { 0 };

	str_addf(&text, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid);
	struct str whole = { 0 };

	signer_add_part(&whole, str_ptr(&text));
	str_add_char(&whole, '.');
	signer_add_part(&whole, claims);
	signer_add_signature(&whole, key);
	str_add_slice(out, str_slice(&whole));
	str_fini(&text);
	str_fini(&whole);
}
