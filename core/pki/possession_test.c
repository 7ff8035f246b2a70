#include "base/unit.h"
#include "pki/base64.h"
#include "pki/csr.h"
#include "pki/possession.h"

TEST(possession_is_proven_by_the_old_key_for_this_request_alone)
{
	struct str csr = { 0 }, other = { 0 }, proof = { 0 }, cut = { 0 };
	struct key old, new;

	key_generate(&old);
	key_generate(&new);
	csr_make(&csr, &new);
	csr_make(&other, &old);
	possession_prove(&proof, &old, str_slice(&csr));
	assert_true(possession_is_proven(old.point, str_slice(&csr),
	    str_slice(&proof)));
	assert_false(possession_is_proven(new.point, str_slice(&csr),
	    str_slice(&proof)));
	assert_false(possession_is_proven(old.point, str_slice(&other),
	    str_slice(&proof)));
	str_add_slice(&cut, slice_of(proof.ptr, proof.len - 4));
	assert_false(possession_is_proven(old.point, str_slice(&csr),
	    str_slice(&cut)));
	assert_false(possession_is_proven(old.point, str_slice(&csr),
	    SLICE("")));
	assert_false(possession_is_proven(old.point, str_slice(&csr),
	    SLICE("not base64!")));
	str_fini(&csr);
	str_fini(&other);
	str_fini(&proof);
	str_fini(&cut);
	key_fini(&old);
	key_fini(&new);
}

/* What the old key signed for another purpose proves nothing. */
TEST(possession_is_not_proven_by_another_signature)
{
	struct str csr = { 0 }, proof = { 0 };
	uint8_t sig[KEY_SIG_MAX];
	struct key old;
	size_t len;

	key_generate(&old);
	csr_make(&csr, &old);
	len = key_sign(&old, str_slice(&csr), sig);
	base64_add(&proof, BASE64_STD, slice_of(sig, len));
	assert_false(possession_is_proven(old.point, str_slice(&csr),
	    str_slice(&proof)));
	str_fini(&csr);
	str_fini(&proof);
	key_fini(&old);
}
