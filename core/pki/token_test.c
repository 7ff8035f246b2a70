#include <string.h>

#include "base/unit.h"
#include "pki/token.h"

static const uint8_t roots[HASH_LEN] = { 1, 2, 3, 0xff };

TEST(token_comes_back_from_its_text)
{
	struct token a, b;
	struct str s = { 0 };

	token_make(&a, roots);
	token_add(&s, &a);
	assert_int_equal(s.len, TOKEN_TEXT_LEN);
	assert_true(slice_has_prefix(str_slice(&s), SLICE("mesh1.AQID_w")));
	assert_true(token_parse(&b, str_slice(&s)));
	assert_memory_equal(&a, &b, sizeof(a));
	str_fini(&s);
}

TEST(tokens_differ)
{
	struct token a, b;

	token_make(&a, roots);
	token_make(&b, roots);
	assert_string_not_equal(a.id, b.id);
	assert_memory_not_equal(a.secret, b.secret, TOKEN_SECRET_LEN);
	token_fini(&a);
	assert_string_equal(a.id, "");
}

TEST(token_secret_must_be_exactly_the_one)
{
	struct token t;
	uint8_t stored[HASH_LEN];

	token_make(&t, roots);
	token_secret_hash(stored, &t);
	assert_true(token_matches(&t, stored));
	for (size_t bit = 0; bit < TOKEN_SECRET_LEN * 8; bit++) {
		t.secret[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(token_matches(&t, stored));
		t.secret[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_memory_not_equal(stored, t.secret, HASH_LEN);
}

#define R43	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ID	"0123456789abcdef"

static const struct {
	const char *text;
	bool ok;
} texts[] = {
	{ "mesh1." R43 "." ID "." R43, true },
	{ "mesh2." R43 "." ID "." R43, false },
	{ "MESH1." R43 "." ID "." R43, false },
	{ "mesh1." R43 "." ID "." R43 "\n", false },
	{ " mesh1." R43 "." ID "." R43, false },
	{ "mesh1." R43 "." ID "." R43 ".", false },
	{ "mesh1." R43 "." ID "." R43 "A", false },
	{ "mesh1." R43 ".0123456789ABCDEF." R43, false },
	{ "mesh1." R43 ".0123456789abcde." R43 "A", false },
	{ "mesh1." R43 ".0123456789abcde.." R43, false },
	{ "mesh1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB." ID "." R43,
	    false },		/* bits left over */
	{ "mesh1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=." ID "." R43,
	    false },
	{ "mesh1", false },
	{ "", false },
};

TEST(token_has_one_text)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct token t;

		assert_int_equal(token_parse(&t, slice_str(texts[i].text)),
		    texts[i].ok);
	}
}

TEST(token_survives_every_truncation)
{
	struct slice whole = slice_str(texts[0].text);

	for (size_t n = 0; n < whole.len; n++) {
		struct token t;

		assert_false(token_parse(&t, slice_of(whole.ptr, n)));
	}
}
