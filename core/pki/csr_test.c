#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/csr.h"
#include "pki/openssl_test.h"

TEST(csr_gives_the_point_of_its_key)
{
	struct key key;
	struct str der = { 0 };
	struct err err = ERR_INIT;
	uint8_t point[KEY_POINT_LEN];

	key_generate(&key);
	csr_make(&der, &key);
	assert_int_equal(csr_parse(point, str_slice(&der), &err), 0);
	assert_memory_equal(point, key.point, sizeof(point));
	str_add_char(&der, 0);
	assert_int_equal(csr_parse(point, str_slice(&der), &err), -1);
	assert_non_null(strstr(err.text, "left over"));
	str_fini(&der);
}

TEST(csr_refuses_every_truncation_and_flipped_bit)
{
	struct key key;
	struct str der = { 0 };
	struct err err = ERR_INIT;
	uint8_t point[KEY_POINT_LEN];

	key_generate(&key);
	csr_make(&der, &key);
	for (size_t n = 0; n < der.len; n++) {
		char *cut = mem_dup(der.ptr, n);

		assert_int_equal(csr_parse(point, slice_of(cut, n), &err), -1);
		mem_free(cut);
	}
	for (size_t bit = 0; bit < der.len * 8; bit++) {
		char *copy = mem_dup(der.ptr, der.len);

		copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(csr_parse(point, slice_of(copy, der.len),
		    &err), -1);
		mem_free(copy);
	}
	str_fini(&der);
}

TEST(csr_of_a_megabyte_is_refused_unread)
{
	struct str big = { 0 };
	struct err err = ERR_INIT;
	uint8_t point[KEY_POINT_LEN];

	while (big.len < 1 << 20)
		str_add(&big, "0000000000000000");
	assert_int_equal(csr_parse(point, str_slice(&big), &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	str_fini(&big);
}

/* What openssl can be asked to make, and our answer (NULL: taken). */
static const struct {
	const char *options, *why;
} made[] = {
	{ "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=x", NULL },
	{ "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj / "
	    "-addext basicConstraints=critical,CA:TRUE", "basic constraints" },
	{ "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj / "
	    "-addext subjectAltName=DNS:orders.shop.mesh", "asks for names" },
	{ "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj / "
	    "-addext subjectAltName=URI:spiffe://other/ns/a/sa/b",
	    "asks for names" },
	{ "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj / "
	    "-addext keyUsage=keyCertSign", "an extension" },
	{ "-newkey ec -pkeyopt ec_paramgen_curve:P-384 -subj /", "P-256" },
	{ "-newkey rsa:512 -subj /", "P-256" },
	{ "-newkey rsa:2048 -subj /", "P-256" },
	{ "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj / -sha512",
	    "ECDSA with SHA-256" },
	{ "-newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	    "-pkeyopt ec_param_enc:explicit -subj /", "P-256" },
};

TEST(csr_from_openssl_is_taken_or_refused_by_name)
{
	openssl_needed();
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		struct str der;
		struct err err = ERR_INIT;
		uint8_t point[KEY_POINT_LEN];
		int r;

		openssl_must(NULL, "req -new -nodes -keyout c.key "
		    "-outform DER -out c.csr %s", made[i].options);
		der = openssl_load("c.csr");
		r = csr_parse(point, str_slice(&der), &err);
		assert_int_equal(r, made[i].why == NULL ? 0 : -1);
		if (r < 0 && strstr(err.text, made[i].why) == NULL)
			fail_msg("%s: %s", made[i].options, err.text);
		str_fini(&der);
	}
}

TEST(openssl_verifies_our_csr)
{
	struct key key;
	struct str der = { 0 };

	openssl_needed();
	key_generate(&key);
	csr_make(&der, &key);
	openssl_save("ours.csr", str_slice(&der));
	openssl_must(NULL, "req -inform DER -in ours.csr -noout -verify");
	str_fini(&der);
}
