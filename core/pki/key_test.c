#include <string.h>

#include "base/unit.h"
#include "pki/key.h"
#include "pki/openssl_test.h"
#include "pki/pem.h"

/* RFC 6979, A.2.5: the key, and the signature of "sample" with SHA-256. */
static const char rfc6979_key[] =
    "\xC9\xAF\xA9\xD8\x45\xBA\x75\x16\x6B\x5C\x21\x57\x67\xB1\xD6\x93"
    "\x4E\x50\xC3\xDB\x36\xE8\x9B\x12\x7B\x8A\x62\x2B\x12\x0F\x67\x21";
static const char rfc6979_sig[] = "30460221"
    "00efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

static void
load_fixed(struct key *key)
{
	struct str der = { 0 }, pem = { 0 };
	struct err err = ERR_INIT;

	str_add_slice(&der, slice_of("\x30\x31\x02\x01\x01\x04\x20", 7));
	str_add_slice(&der, slice_of(rfc6979_key, 32));
	str_add_slice(&der, slice_of("\xa0\x0a\x06\x08"
	    "\x2a\x86\x48\xce\x3d\x03\x01\x07", 12));
	pem_add(&pem, PEM_LABEL_EC_KEY, str_slice(&der));
	assert_int_equal(key_parse(key, str_slice(&pem), &err), 0);
	str_fini(&der);
	str_fini(&pem);
}

TEST(key_signs_as_rfc_6979)
{
	struct key key;
	uint8_t sig[KEY_SIG_MAX];
	struct str hex = { 0 };
	size_t n;

	load_fixed(&key);
	n = key_sign(&key, SLICE("sample"), sig);
	str_add_hex(&hex, sig, n);
	assert_string_equal(str_ptr(&hex) + 6, rfc6979_sig + 6);
	assert_true(key_verify(key.point, SLICE("sample"), slice_of(sig, n)));
	assert_false(key_verify(key.point, SLICE("simple"), slice_of(sig, n)));
	str_fini(&hex);
	key_fini(&key);
}

TEST(key_verify_refuses_every_flipped_bit)
{
	struct key key;
	uint8_t sig[KEY_SIG_MAX];
	size_t n;

	load_fixed(&key);
	n = key_sign(&key, SLICE("sample"), sig);
	for (size_t bit = 0; bit < n * 8; bit += 5) {
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(key_verify(key.point, SLICE("sample"),
		    slice_of(sig, n)));
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_false(key_verify(key.point, SLICE("sample"),
	    slice_of(sig, n - 1)));
	key.point[40] ^= 1;
	assert_false(key_verify(key.point, SLICE("sample"), slice_of(sig, n)));
	key_fini(&key);
}

TEST(key_comes_back_from_both_forms)
{
	for (int i = 0; i < 8; i++) {
		struct key a, b;
		struct str s = { 0 };
		struct err err = ERR_INIT;

		key_generate(&a);
		if (i % 2 == 0)
			key_pem(&s, &a);
		else
			key_pem_sec1(&s, &a);
		assert_int_equal(key_parse(&b, str_slice(&s), &err), 0);
		assert_memory_equal(&a, &b, sizeof(a));
		assert_true(key_point_ok(slice_of(a.point, sizeof(a.point))));
		key_fini(&a);
		key_fini(&b);
		key_wipe_str(&s);
	}
}

TEST(keys_differ_and_are_wiped)
{
	struct key a, b;
	static const struct key zero;

	key_generate(&a);
	key_generate(&b);
	assert_memory_not_equal(a.secret, b.secret, KEY_SECRET_LEN);
	key_fini(&a);
	assert_memory_equal(&a, &zero, sizeof(a));
	key_fini(&b);
}

TEST(key_point_must_be_on_the_curve)
{
	struct key key;
	uint8_t p[KEY_POINT_LEN];

	load_fixed(&key);
	memcpy(p, key.point, sizeof(p));
	assert_true(key_point_ok(slice_of(p, sizeof(p))));
	assert_false(key_point_ok(slice_of(p, sizeof(p) - 1)));
	p[64] ^= 1;
	assert_false(key_point_ok(slice_of(p, sizeof(p))));
	p[64] ^= 1;
	p[0] = 6;
	assert_false(key_point_ok(slice_of(p, sizeof(p))));
	memset(p + 1, 0, 64);
	p[0] = 4;
	assert_false(key_point_ok(slice_of(p, sizeof(p))));
	memset(p + 1, 0xff, 64);
	assert_false(key_point_ok(slice_of(p, sizeof(p))));
}

/* SEC 1 with secret, and what is wrong with it. */
static const struct {
	const char *what;
	int         secret;	/* every byte of it */
	size_t      secret_len;
	int         version;
	bool        curve, trailing;
} bad_keys[] = {
	{ "zero",		0x00, 32, 1, true, false },
	{ "above the order",	0xff, 32, 1, true, false },
	{ "short",		0x11, 31, 1, true, false },
	{ "long",		0x11, 33, 1, true, false },
	{ "version",		0x11, 32, 2, true, false },
	{ "no curve",		0x11, 32, 1, false, false },
	{ "trailing bytes",	0x11, 32, 1, true, true },
};

TEST(key_refuses_what_is_no_p256_key)
{
	for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
		struct str body = { 0 }, der = { 0 }, pem = { 0 };
		struct err err = ERR_INIT;
		struct key key;

		str_add_slice(&body, slice_of("\x02\x01", 2));
		str_add_char(&body, (char)bad_keys[i].version);
		str_add_char(&body, 4);
		str_add_char(&body, (char)bad_keys[i].secret_len);
		for (size_t j = 0; j < bad_keys[i].secret_len; j++)
			str_add_char(&body, (char)bad_keys[i].secret);
		if (bad_keys[i].curve)
			str_add_slice(&body, slice_of("\xa0\x0a\x06\x08"
			    "\x2a\x86\x48\xce\x3d\x03\x01\x07", 12));
		str_add_char(&der, 0x30);
		str_add_char(&der, (char)body.len);
		str_add_slice(&der, str_slice(&body));
		if (bad_keys[i].trailing)
			str_add_char(&der, 0);
		pem_add(&pem, PEM_LABEL_EC_KEY, str_slice(&der));
		assert_int_equal(key_parse(&key, str_slice(&pem), &err), -1);
		assert_int_equal(err.kind, ERR_DATA);
		str_fini(&body);
		str_fini(&der);
		str_fini(&pem);
	}
}

TEST(key_parse_says_that_there_is_none)
{
	struct key key;
	struct err err = ERR_INIT;

	assert_int_equal(key_parse(&key, SLICE("hello\n"), &err), -1);
	assert_non_null(strstr(err.text, "no private key"));
}

TEST(openssl_reads_our_keys_and_we_read_its)
{
	struct key a, b;
	struct str s = { 0 }, text = { 0 };
	struct err err = ERR_INIT;

	openssl_needed();
	key_generate(&a);
	key_pem(&s, &a);
	openssl_save("a.key", str_slice(&s));
	openssl_must(&text, "ec -in a.key -text -noout -check");
	assert_non_null(strstr(str_ptr(&text), "prime256v1"));
	openssl_must(NULL, "ec -in a.key -out a.sec1");
	openssl_must(NULL, "ecparam -name prime256v1 -genkey -out b.pem");
	key_wipe_str(&s);

	s = openssl_load("a.sec1");
	assert_int_equal(key_parse(&b, str_slice(&s), &err), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	key_wipe_str(&s);
	s = openssl_load("b.pem");	/* parameters first, then the key */
	assert_int_equal(key_parse(&b, str_slice(&s), &err), 0);
	str_fini(&s);
	openssl_must(NULL, "genpkey -algorithm EC "
	    "-pkeyopt ec_paramgen_curve:P-384 -out c.pem");
	s = openssl_load("c.pem");
	assert_int_equal(key_parse(&b, str_slice(&s), &err), -1);
	str_fini(&s);
	str_fini(&text);
}
