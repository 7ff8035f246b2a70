#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "pki/hash.h"

static const char *
hex(const uint8_t h[HASH_LEN])
{
	static struct str s;

	str_clear(&s);
	str_add_hex(&s, h, HASH_LEN);
	return str_ptr(&s);
}

static const struct {
	const char *message, *sum;
} sums[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

TEST(sha256_of_the_standard_whole_and_split)
{
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		struct slice m = slice_str(sums[i].message);
		uint8_t out[HASH_LEN];

		hash_sha256(out, m);
		assert_string_equal(hex(out), sums[i].sum);
		for (size_t at = 0; at <= m.len; at++) {
			struct hash h;

			hash_init(&h);
			hash_add(&h, slice_of(m.ptr, at));
			hash_out(&h, out);
			hash_add(&h, slice_from(m, at));
			hash_out(&h, out);
			assert_string_equal(hex(out), sums[i].sum);
		}
	}
}

/* RFC 4231, cases 1, 2 and 6. */
TEST(hmac_of_rfc_4231)
{
	uint8_t out[HASH_LEN], key[131];

	memset(key, 0x0b, 20);
	hash_hmac(out, slice_of(key, 20), SLICE("Hi There"));
	assert_string_equal(hex(out),
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hash_hmac(out, SLICE("Jefe"), SLICE("what do ya want for nothing?"));
	assert_string_equal(hex(out),
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hash_hmac(out, slice_of(key, sizeof(key)),
	    SLICE("Test Using Larger Than Block-Size Key - Hash Key First"));
	assert_string_equal(hex(out),
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(equal_sees_every_byte)
{
	char a[32], b[32];

	memset(a, 7, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++) {
		memcpy(b, a, sizeof(a));
		assert_true(hash_equal(slice_of(a, 32), slice_of(b, 32)));
		b[i] ^= 1;
		assert_false(hash_equal(slice_of(a, 32), slice_of(b, 32)));
	}
	assert_false(hash_equal(slice_of(a, 32), slice_of(a, 31)));
	assert_true(hash_equal(SLICE_NONE, SLICE("")));
}
