#include <stdlib.h>
#include <string.h>

#include "base/unit.h"
#include "pki/any_key_test.h"
#include "pki/openssl_test.h"
#include "pki/pem.h"

static const char *const options[ANY_KINDS] = {
	[ANY_P256]	 = "EC -pkeyopt ec_paramgen_curve:P-256",
	[ANY_P384]	 = "EC -pkeyopt ec_paramgen_curve:P-384",
	[ANY_P521]	 = "EC -pkeyopt ec_paramgen_curve:P-521",
	[ANY_RSA_1024]	 = "RSA -pkeyopt rsa_keygen_bits:1024",
	[ANY_RSA_2048]	 = "RSA -pkeyopt rsa_keygen_bits:2048",
	[ANY_RSA_4096]	 = "RSA -pkeyopt rsa_keygen_bits:4096",
	[ANY_RSA_E3]	 = "RSA -pkeyopt rsa_keygen_bits:2048 "
	    "-pkeyopt rsa_keygen_pubexp:3",
	[ANY_RSA_WIDE_E] = "RSA -pkeyopt rsa_keygen_bits:2048 "
	    "-pkeyopt rsa_keygen_pubexp:8589934593",
};

#define RSA_ALGORITHM(n)	\
	"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" n "\x05\x00"
#define ECDSA_ALGORITHM(n)	"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03" n

static const struct hash_kind {
	const br_hash_class *class;
	const unsigned char *oid;
	struct { const char *bytes; size_t len; } rsa, ecdsa;
} hashes[] = {
	[ANY_SHA1] = { &br_sha1_vtable, BR_HASH_OID_SHA1,
	    { RSA_ALGORITHM("\x05"), 13 }, { "\x06\x07\x2a\x86\x48\xce\x3d\x04\x01", 9 } },
	[ANY_SHA256] = { &br_sha256_vtable, BR_HASH_OID_SHA256,
	    { RSA_ALGORITHM("\x0b"), 13 }, { ECDSA_ALGORITHM("\x02"), 10 } },
	[ANY_SHA384] = { &br_sha384_vtable, BR_HASH_OID_SHA384,
	    { RSA_ALGORITHM("\x0c"), 13 }, { ECDSA_ALGORITHM("\x03"), 10 } },
	[ANY_SHA512] = { &br_sha512_vtable, BR_HASH_OID_SHA512,
	    { RSA_ALGORITHM("\x0d"), 13 }, { ECDSA_ALGORITHM("\x04"), 10 } },
};

static struct any_key keys[ANY_KINDS];

static void
read_secret(struct any_key *k, struct str *text)
{
	struct slice rest = str_slice(text);
	unsigned char der[4096];
	struct err err = ERR_INIT;
	struct pem pem;

	assert_int_equal(pem_next(&rest, &pem, &err), 1);
	ptrdiff_t n = pem_decode(&pem, der, sizeof(der));

	assert_true(n > 0);
	br_skey_decoder_init(&k->secret);
	br_skey_decoder_push(&k->secret, der, (size_t)n);
	assert_int_equal(br_skey_decoder_last_error(&k->secret), 0);
}

const struct any_key *
any_key(enum any_kind kind)
{
	struct any_key *k = &keys[kind];
	struct str text;

	if (k->spki.len > 0)
		return k;
	openssl_needed();
	openssl_must(NULL, "genpkey -algorithm %s -out any-%d.pem",
	    options[kind], (int)kind);
	openssl_must(NULL, "pkey -in any-%d.pem -pubout -outform DER "
	    "-out any.der", (int)kind);
	k->spki = openssl_load("any.der");
	openssl_must(NULL, "pkey -in any-%d.pem -out any.pem", (int)kind);
	text = openssl_load("any.pem");
	read_secret(k, &text);
	str_fini(&text);
	return k;
}

__attribute__((destructor)) static void
keys_free(void)
{
	for (size_t i = 0; i < ANY_KINDS; i++)
		str_fini(&keys[i].spki);
}

void
any_key_put(struct forge *f, enum any_kind kind)
{
	f->spki = str_slice(&any_key(kind)->spki);
}

struct signing {
	const struct any_key   *key;
	const struct hash_kind *hash;
};

static size_t
sign(const void *arg, struct slice tbs, uint8_t sig[FORGE_SIG_MAX])
{
	const struct signing *s = arg;
	const br_hash_class *class = s->hash->class;
	const br_rsa_private_key *rsa = br_skey_decoder_get_rsa(&s->key->secret);
	unsigned char sum[64];
	br_hash_compat_context ctx;

	class->init(&ctx.vtable);
	class->update(&ctx.vtable, tbs.ptr, tbs.len);
	class->out(&ctx.vtable, sum);
	if (rsa == NULL)
		return br_ecdsa_i31_sign_asn1(br_ec_get_default(), class, sum,
		    br_skey_decoder_get_ec(&s->key->secret), sig);
	assert_int_equal(br_rsa_i31_pkcs1_sign(s->hash->oid, sum,
	    class->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK, rsa,
	    sig), 1);
	return (rsa->n_bitlen + 7) / 8;
}

struct str
any_key_sign(struct forge *f, enum any_kind by, enum any_hash hash)
{
	const struct signing s = { any_key(by), &hashes[hash] };
	bool is_rsa = br_skey_decoder_get_rsa(&s.key->secret) != NULL;
	struct slice own = is_rsa ? slice_of(s.hash->rsa.bytes, s.hash->rsa.len) :
	    slice_of(s.hash->ecdsa.bytes, s.hash->ecdsa.len);
	struct slice usual = slice_of(hashes[ANY_SHA256].ecdsa.bytes, 10);

	if (slice_eq(f->inner_algorithm, usual))
		f->inner_algorithm = own;
	if (slice_eq(f->outer_algorithm, usual))
		f->outer_algorithm = own;
	return forge_sign_by(f, sign, &s);
}
