#include "base/unit.h"
#include "pki/base64.h"

static const struct {
	const char *bytes, *std, *url;
} vectors[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "+//+", "-__-" },
};

TEST(base64_of_rfc_4648_both_ways)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct slice bytes = slice_str(vectors[i].bytes);

		for (int kind = BASE64_STD; kind <= BASE64_URL; kind++) {
			struct slice text = slice_str(kind == BASE64_STD ?
			    vectors[i].std : vectors[i].url);
			struct str s = { 0 };
			char out[16];
			ptrdiff_t n;

			base64_add(&s, (enum base64_kind)kind, bytes);
			assert_true(slice_eq(str_slice(&s), text));
			n = base64_decode(out, sizeof(out),
			    (enum base64_kind)kind, text);
			assert_int_equal(n, bytes.len);
			assert_true(slice_eq(slice_of(out, (size_t)n), bytes));
			if (bytes.len > 0)
				assert_int_equal(base64_decode(out, bytes.len - 1,
				    (enum base64_kind)kind, text), -1);
			assert_true(base64_room(text.len) >= bytes.len);
			str_fini(&s);
		}
	}
}

static const struct {
	enum base64_kind kind;
	const char *text;
} refused[] = {
	{ BASE64_STD, "Zg" },		/* padding missing */
	{ BASE64_STD, "Zg=" },
	{ BASE64_STD, "Zg===" },
	{ BASE64_STD, "====" },
	{ BASE64_STD, "Z===" },
	{ BASE64_STD, "Zh==" },		/* bits left over */
	{ BASE64_STD, "Zm9=" },
	{ BASE64_STD, "Zg==Zg==" },	/* padding in the middle */
	{ BASE64_STD, "-__-" },		/* the other alphabet */
	{ BASE64_STD, "Zm9v\n" },
	{ BASE64_STD, " Zm9" },
	{ BASE64_URL, "+//+" },
	{ BASE64_URL, "Zg==" },
	{ BASE64_URL, "Z" },
	{ BASE64_URL, "Zm9vY" },
	{ BASE64_URL, "Zh" },
	{ BASE64_URL, "Zm9v\xff" "aaa" },
};

TEST(base64_refuses_a_second_text_for_a_value)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char out[16];

		assert_int_equal(base64_decode(out, sizeof(out),
		    refused[i].kind, slice_str(refused[i].text)), -1);
	}
	char out[16];

	assert_int_equal(base64_decode(out, sizeof(out), BASE64_URL,
	    slice_of("Zm\0v", 4)), -1);
}
