#include <string.h>

#include "base/unit.h"
#include "pki/pem.h"

TEST(pem_comes_back_at_every_length)
{
	uint8_t bytes[200], out[200];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct str s = { 0 };
		struct slice text;
		struct pem pem;
		struct err err = ERR_INIT;

		pem_add(&s, PEM_LABEL_CERT, slice_of(bytes, n));
		text = str_slice(&s);
		assert_int_equal(pem_next(&text, &pem, &err), 1);
		assert_true(slice_is(pem.label, "CERTIFICATE"));
		assert_int_equal(pem_decode(&pem, out, sizeof(out)), n);
		assert_memory_equal(out, bytes, n);
		if (n > 0)
			assert_int_equal(pem_decode(&pem, out, n - 1), -1);
		assert_int_equal(pem_next(&text, &pem, &err), 0);
		str_fini(&s);
	}
}

TEST(pem_reads_several_blocks_and_skips_words)
{
	struct slice text = SLICE("# the root\r\n"
	    "-----BEGIN A-----\r\nYWJj\r\n-----END A-----\r\nwords\n"
	    "-----BEGIN B-----\n Y W\t\nJj\n-----END B-----");
	struct pem pem;
	struct err err = ERR_INIT;
	char out[8];

	assert_int_equal(pem_next(&text, &pem, &err), 1);
	assert_true(slice_is(pem.label, "A"));
	assert_int_equal(pem_decode(&pem, out, sizeof(out)), 3);
	assert_int_equal(pem_next(&text, &pem, &err), 1);
	assert_true(slice_is(pem.label, "B"));
	assert_int_equal(pem_decode(&pem, out, sizeof(out)), 3);
	assert_memory_equal(out, "abc", 3);
	assert_int_equal(pem_next(&text, &pem, &err), 0);
}

static const char *const malformed[] = {
	"-----BEGIN A-----\nYWJj\n",
	"-----BEGIN A-----\nYWJj\n-----END B-----\n",
	"-----BEGIN A-----\nYWJj\n-----END A----\n",
	"-----BEGIN A-----\n-----BEGIN A-----\n-----END A-----\n",
};

TEST(pem_refuses_blocks_without_their_end)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		struct slice text = slice_str(malformed[i]);
		struct pem pem;
		struct err err = ERR_INIT;

		assert_int_equal(pem_next(&text, &pem, &err), -1);
		assert_int_equal(err.kind, ERR_DATA);
		assert_non_null(strstr(err.text, "\"A\""));
	}
}

TEST(pem_refuses_headers_in_a_block)
{
	struct slice text = SLICE("-----BEGIN A-----\n"
	    "Proc-Type: 4,ENCRYPTED\n\nYWJj\n-----END A-----\n");
	struct pem pem;
	struct err err = ERR_INIT;
	char out[64];

	assert_int_equal(pem_next(&text, &pem, &err), 1);
	assert_int_equal(pem_decode(&pem, out, sizeof(out)), -1);
}

TEST(pem_text_has_a_limit)
{
	static char big[PEM_TEXT_MAX + 1];
	struct slice text = slice_of(big, sizeof(big));
	struct pem pem;
	struct err err = ERR_INIT;

	memset(big, '\n', sizeof(big));
	assert_int_equal(pem_next(&text, &pem, &err), -1);
	text.len--;
	assert_int_equal(pem_next(&text, &pem, &err), 0);
}
