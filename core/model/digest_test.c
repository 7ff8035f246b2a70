#include <string.h>

#include "base/unit.h"
#include "model/digest.h"

static const struct {
	const char *key;
	uint64_t    revision;
	const char *bytes;
} documents[] = {
	{ "/core/services/default/web", 1, "{}" },
	{ "/core/services/default/web", 2, "{}" },
	{ "/core/services/default/we", 1, "b{}" },
	{ "/core/services/default/orders", UINT64_MAX, "{\"a\":1}" },
	{ "", 0, "" },
};

#define COUNT	(sizeof(documents) / sizeof(documents[0]))

static void
add(struct model_digest *d, size_t i)
{
	model_digest_add(d, slice_str(documents[i].key), documents[i].revision,
	    slice_str(documents[i].bytes));
}

static void
sub(struct model_digest *d, size_t i)
{
	model_digest_sub(d, slice_str(documents[i].key), documents[i].revision,
	    slice_str(documents[i].bytes));
}

TEST(digest_does_not_depend_on_the_order)
{
	struct model_digest forward = { { 0 } }, backward = { { 0 } };
	struct model_digest empty = { { 0 } };

	for (size_t i = 0; i < COUNT; i++) {
		add(&forward, i);
		add(&backward, COUNT - 1 - i);
	}
	assert_true(model_digest_equal(&forward, &backward));
	for (size_t i = 0; i < COUNT; i++)
		sub(&forward, (i + 2) % COUNT);
	assert_true(model_digest_equal(&forward, &empty));
}

TEST(digest_tells_every_two_documents_apart)
{
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < COUNT; j++) {
			struct model_digest a = { { 0 } }, b = { { 0 } };

			add(&a, i);
			add(&b, j);
			assert_int_equal(model_digest_equal(&a, &b), i == j);
		}
}

TEST(digest_wraps_around)
{
	struct model_digest d = { { 0 } }, before;

	for (int i = 0; i < 1000; i++)
		add(&d, (size_t)i % COUNT);
	before = d;
	memset(d.sum, 0xff, sizeof(d.sum));
	add(&d, 0);
	sub(&d, 0);
	for (size_t i = 0; i < sizeof(d.sum); i++)
		assert_int_equal(d.sum[i], 0xff);
	assert_false(model_digest_equal(&d, &before));
}

/* SHA-256 of 24 zero bytes: the empty key at revision 0 with no bytes. */
TEST(digest_of_one_document_is_its_hash)
{
	struct model_digest d = { { 0 } };
	char text[MODEL_DIGEST_TEXT];

	add(&d, COUNT - 1);
	model_digest_text(&d, text);
	assert_string_equal(text,
	    "9d908ecfb6b256def8b49a7c504e6c889c4b0e41fe6ce3e01863dd7b61a20aa0");
}
