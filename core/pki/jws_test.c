#include "base/unit.h"
#include "pki/base64.h"
#include "pki/jwk.h"
#include "pki/jws_vectors_test.h"

struct fixture {
	struct arena   arena;
	struct jwk_set set;
};

static void
read_set(struct fixture *f, const char *text)
{
	struct err err = ERR_INIT;

	arena_init(&f->arena);
	if (jwk_set_read(&f->set, &f->arena, slice_str(text), &err) != 0)
		fail_msg("%s", err.text);
}

static const struct pubkey *
key_named(const struct fixture *f, const char *kid)
{
	for (size_t i = 0; i < f->set.len; i++)
		if (slice_is(f->set.v[i].kid, kid))
			return &f->set.v[i].key;
	fail_msg("no key %s", kid);
	return NULL;
}

static size_t
decode(unsigned char out[1024], const char *text)
{
	ptrdiff_t n = base64_decode(out, 1024, BASE64_URL, slice_str(text));

	assert_true(n >= 0);
	return (size_t)n;
}

TEST(jws_vectors_are_judged_as_they_should)
{
	struct fixture f;
	unsigned char sig[1024];

	read_set(&f, jws_keys);
	assert_int_equal(f.set.len, 7);
	for (size_t i = 0; i < jws_vectors_len; i++) {
		const struct jws_vector *v = &jws_vectors[i];
		size_t n = decode(sig, v->sig);

		if (jws_verify(jws_alg_named(slice_str(v->alg)),
		    key_named(&f, v->kid), SLICE(JWS_MESSAGE),
		    slice_of(sig, n)) != v->is_good)
			fail_msg("%s by %s: %s", v->alg, v->kid, v->name);
	}
	arena_fini(&f.arena);
}

TEST(jws_no_bit_of_a_good_signature_can_change)
{
	struct fixture f;
	unsigned char sig[1024];

	read_set(&f, jws_keys);
	for (size_t i = 0; i < jws_vectors_len; i++) {
		const struct jws_vector *v = &jws_vectors[i];
		const struct jws_alg *alg = jws_alg_named(slice_str(v->alg));
		size_t n = decode(sig, v->sig);

		for (size_t k = 0; v->is_good && k < n; k += 1 + n / 24) {
			sig[k] ^= 1;
			assert_false(jws_verify(alg, key_named(&f, v->kid),
			    SLICE(JWS_MESSAGE), slice_of(sig, n)));
			sig[k] ^= 1;
		}
		assert_false(jws_verify(alg, key_named(&f, v->kid),
		    SLICE("what is signeD"), slice_of(sig, n)));
	}
	arena_fini(&f.arena);
}

TEST(jws_nothing_without_a_key_has_a_name)
{
	static const char *const names[] = { "none", "None", "NONE", "", "HS256",
		"HS384", "HS512", "rs256", "RS256 ", "RS1", "ES512", "ES256K",
		"EdDSA", "RSA-OAEP", "dir" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(jws_alg_named(slice_str(names[i])));
	assert_null(jws_alg_named(slice_of("RS256\0", 6)));
	assert_string_equal(jws_alg_name(jws_alg_named(SLICE("PS256"))), "PS256");
}
