#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/seal.h"

/* RFC 7914, section 11, and the SHA-256 forms of RFC 6070's cases. */
static const struct {
	const char *passphrase, *salt;
	uint32_t    iterations;
	size_t      len;
	const char *key;
} derived[] = {
	{ "passwd", "salt", 1, 64,
	    "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
	    "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783" },
	{ "password", "salt", 2, 32,
	    "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43" },
	{ "password", "salt", 4096, 32,
	    "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a" },
};

TEST(pbkdf2_of_the_standards)
{
	for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
		uint8_t out[64];
		struct str hex = { 0 };

		seal_pbkdf2(out, derived[i].len,
		    slice_str(derived[i].passphrase),
		    slice_str(derived[i].salt), derived[i].iterations);
		str_add_hex(&hex, out, derived[i].len);
		assert_string_equal(str_ptr(&hex), derived[i].key);
		str_fini(&hex);
	}
}

TEST(seal_opens_with_the_passphrase_alone)
{
	static const size_t lens[] = { 0, 1, 63, 64, 65, 10000 };

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		char *plain = mem_zalloc(lens[i] + 1);
		struct str sealed = { 0 }, out = { 0 };
		struct err err = ERR_INIT;

		seal_close(&sealed, slice_of(plain, lens[i]), SLICE("secret"),
		    10);
		assert_int_equal(sealed.len, lens[i] + SEAL_OVERHEAD);
		assert_int_equal(seal_open(&out, str_slice(&sealed),
		    SLICE("secret"), &err), 0);
		assert_true(slice_eq(str_slice(&out),
		    slice_of(plain, lens[i])));
		str_clear(&out);
		assert_int_equal(seal_open(&out, str_slice(&sealed),
		    SLICE("Secret"), &err), -1);
		assert_int_equal(err.kind, ERR_DENIED);
		assert_int_equal(out.len, 0);
		mem_free(plain);
		str_fini(&sealed);
		str_fini(&out);
	}
}

TEST(seal_of_the_same_bytes_differs)
{
	struct str a = { 0 }, b = { 0 };

	seal_close(&a, SLICE("plain"), SLICE("secret"), 1);
	seal_close(&b, SLICE("plain"), SLICE("secret"), 1);
	assert_false(slice_eq(slice_from(str_slice(&a), 43),
	    slice_from(str_slice(&b), 43)));
	str_fini(&a);
	str_fini(&b);
}

TEST(seal_notices_every_flipped_bit_and_truncation)
{
	struct str sealed = { 0 }, out = { 0 };
	struct err err = ERR_INIT;

	seal_close(&sealed, SLICE("the registry"), SLICE("secret"), 2);
	for (size_t n = 0; n < sealed.len; n++) {
		char *cut = mem_dup(sealed.ptr, n);

		assert_int_equal(seal_open(&out, slice_of(cut, n),
		    SLICE("secret"), &err), -1);
		mem_free(cut);
	}
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		/* The upper bytes of the count would only take long. */
		if (bit / 8 >= 11 && bit / 8 <= 13)
			continue;
		sealed.ptr[bit / 8] = (char)(sealed.ptr[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(seal_open(&out, str_slice(&sealed),
		    SLICE("secret"), &err), -1);
		sealed.ptr[bit / 8] = (char)(sealed.ptr[bit / 8] ^ 1 << bit % 8);
	}
	assert_int_equal(out.len, 0);
	assert_int_equal(seal_open(&out, str_slice(&sealed), SLICE("secret"),
	    &err), 0);
	str_fini(&sealed);
	str_fini(&out);
}

TEST(seal_refuses_a_count_that_would_take_for_ever)
{
	struct str sealed = { 0 }, out = { 0 };
	struct err err = ERR_INIT;

	seal_close(&sealed, SLICE("x"), SLICE("secret"), 1);
	memset(sealed.ptr + 11, 0xff, 4);
	assert_int_equal(seal_open(&out, str_slice(&sealed), SLICE("secret"),
	    &err), -1);
	assert_int_equal(err.kind, ERR_DATA);
	memset(sealed.ptr + 11, 0, 4);
	assert_int_equal(seal_open(&out, str_slice(&sealed), SLICE("secret"),
	    &err), -1);
	assert_int_equal(err.kind, ERR_DATA);
	str_fini(&sealed);
	str_fini(&out);
}
