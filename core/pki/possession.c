#include "pki/base64.h"
#include "pki/possession.h"

static void
add_message(struct str *out, struct slice csr)
{
	str_add_slice(out, SLICE("mesh renewal of an ended certificate\n"));
	str_add_slice(out, csr);
}

void
possession_prove(struct str *out, const struct key *old, struct slice csr)
{
	struct str message = { 0 };
	uint8_t sig[KEY_SIG_MAX];
	size_t len;

	add_message(&message, csr);
	len = key_sign(old, str_slice(&message), sig);
	base64_add(out, BASE64_STD, slice_of(sig, len));
	str_fini(&message);
}

bool
possession_is_proven(const uint8_t old[KEY_POINT_LEN], struct slice csr,
    struct slice proof)
{
	struct str message = { 0 };
	uint8_t sig[KEY_SIG_MAX];
	ptrdiff_t len = base64_decode(sig, sizeof(sig), BASE64_STD, proof);
	bool is_proven;

	add_message(&message, csr);
	is_proven = len > 0 && key_verify(old, str_slice(&message),
	    slice_of(sig, (size_t)len));
	str_fini(&message);
	return is_proven;
}
