#include <string.h>

#include "base/unit.h"
#include "pki/host_proof.h"

static const uint8_t NONCE[HOST_NONCE_LEN] = { 1, 2, 3 };

static struct str
text_for(const uint8_t nonce[HOST_NONCE_LEN], const char *csr,
    const char *control)
{
	struct str s = { 0 };

	host_proof_add_text(&s, nonce, slice_str(csr), slice_str(control));
	return s;
}

TEST(host_proof_is_of_one_question)
{
	static const uint8_t other[HOST_NONCE_LEN] = { 1, 2, 4 };
	struct str text = text_for(NONCE, "csr", "spiffe://td/control");
	struct str same = text_for(NONCE, "csr", "spiffe://td/control");
	struct str wrong[] = {
		text_for(other, "csr", "spiffe://td/control"),
		text_for(NONCE, "csr2", "spiffe://td/control"),
		text_for(NONCE, "csr", "spiffe://td2/control"),
	};
	struct str proof = { 0 };
	struct pubkey public;
	struct key key, stranger;

	assert_true(slice_has_prefix(str_slice(&text), SLICE("mesh attestation "
	    "of a host\n0102030000")));
	key_generate(&key);
	key_generate(&stranger);
	host_proof_sign_bare(&proof, &key, str_slice(&text));
	pubkey_p256(&public, key.point);
	assert_true(host_proof_is_good(&public, str_slice(&same),
	    str_slice(&proof)));
	for (size_t i = 0; i < 3; i++) {
		assert_false(host_proof_is_good(&public, str_slice(&wrong[i]),
		    str_slice(&proof)));
		str_fini(&wrong[i]);
	}
	for (size_t n = 0; n < proof.len; n++)
		assert_false(host_proof_is_good(&public, str_slice(&text),
		    slice_of(proof.ptr, n)));
	pubkey_p256(&public, stranger.point);
	assert_false(host_proof_is_good(&public, str_slice(&text),
	    str_slice(&proof)));
	key_fini(&key);
	key_fini(&stranger);
	str_fini(&text);
	str_fini(&same);
	str_fini(&proof);
}

TEST(host_proof_public_keys_come_back)
{
	struct str pem = { 0 };
	uint8_t point[KEY_POINT_LEN];
	struct err err = ERR_INIT;
	struct key key;

	key_generate(&key);
	host_proof_add_public(&pem, key.point);
	assert_int_equal(host_proof_read_public(point, str_slice(&pem), &err), 0);
	assert_memory_equal(point, key.point, KEY_POINT_LEN);
	for (size_t n = 0; n < pem.len - 1; n++)
		assert_int_equal(host_proof_read_public(point, slice_of(pem.ptr,
		    n), &err), -1);
	assert_int_equal(host_proof_read_public(point, SLICE(
	    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
	    &err), -1);
	assert_non_null(strstr(err.text, "P-256"));
	key_fini(&key);
	str_fini(&pem);
}
