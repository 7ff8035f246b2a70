#include "base/str.h"
#include "base/unit.h"
#include "http/protobuf.h"

#define BYTES(s)	{ s, sizeof(s) - 1 }

/* Fields as text, "1:n150 2:b[testing]"; false: it is malformed. */
static bool
show(struct slice bytes, struct str *out)
{
	static const char letters[] = { [PROTOBUF_VARINT] = 'n',
		[PROTOBUF_FIXED64] = 'l', [PROTOBUF_BYTES] = 'b',
		[PROTOBUF_FIXED32] = 'i' };
	struct protobuf_field f;
	struct protobuf p;

	str_clear(out);
	protobuf_init(&p, bytes);
	while (protobuf_next(&p, &f)) {
		str_addf(out, "%s%u:%c", out->len > 0 ? " " : "", f.number,
		    letters[f.wire]);
		if (f.wire == PROTOBUF_BYTES)
			str_addf(out, "[%.*s]", SLICE_ARG(f.bytes));
		else
			str_addf(out, "%llu", (unsigned long long)f.n);
	}
	return protobuf_end(&p);
}

/* The first two are the examples of the document that the format is in. */
static const struct {
	struct slice bytes;
	const char  *text;
} good[] = {
	{ BYTES("\x08\x96\x01"), "1:n150" },
	{ BYTES("\x12\x07testing"), "2:b[testing]" },
	{ BYTES(""), "" },
	{ BYTES("\x0a\0"), "1:b[]" },
	{ BYTES("\x08\0\x10\1\x18\x7f"), "1:n0 2:n1 3:n127" },
	{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"),
	    "1:n18446744073709551615" },
	{ BYTES("\x09\1\2\0\0\0\0\0\x80"), "1:l9223372036854776321" },
	{ BYTES("\x0d\1\2\3\xff"), "1:i4278387201" },
	/* The greatest number. */
	{ BYTES("\xf8\xff\xff\xff\x0f\2"), "536870911:n2" },
	/* Zeros in front are not written, but read. */
	{ BYTES("\x08\x80\0"), "1:n0" },
	{ BYTES("\x88\0\5"), "1:n5" },
};

TEST(protobuf_reads_fields)
{
	struct str got = { 0 };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (!show(good[i].bytes, &got))
			fail_msg("case %zu: malformed", i);
		assert_string_equal(str_ptr(&got), good[i].text);
	}
	str_fini(&got);
}

/* Cut anywhere it is malformed, unless that is between two fields. */
TEST(protobuf_misses_what_is_cut_off)
{
	struct str whole = { 0 }, part = { 0 };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		show(good[i].bytes, &whole);
		for (size_t n = 1; n < good[i].bytes.len; n++) {
			if (!show(slice_of(good[i].bytes.ptr, n), &part))
				continue;
			assert_true(slice_has_prefix(str_slice(&whole),
			    str_slice(&part)));
			assert_int_equal(whole.ptr[part.len], ' ');
		}
	}
	str_fini(&whole);
	str_fini(&part);
}

TEST(protobuf_refuses_what_is_malformed)
{
	static const struct slice bad[] = {
		BYTES("\0\1"),				/* number 0 */
		BYTES("\x80\0\1"),
		BYTES("\x08"),				/* nothing behind */
		BYTES("\x80"),
		/* 65 bits, eleven bytes, a tag of 33 bits. */
		BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\2"),
		BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0"),
		BYTES("\x88\x80\x80\x80\x10\1"),
		BYTES("\x0a\2x"),			/* more than there is */
		BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\1x"),
		BYTES("\x0d\1\2\3"), BYTES("\x09\1\2\3\4\5\6\7"),
		BYTES("\x0b\x0c"), BYTES("\x0c"),	/* groups */
		BYTES("\x0e"), BYTES("\x0f"),		/* no types */
	};
	struct str got = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (show(bad[i], &got))
			fail_msg("case %zu: %s", i, str_ptr(&got));
	str_fini(&got);
}

/* --- what a field is --------------------------------------------------------------- */

TEST(protobuf_holds_a_field_to_its_type)
{
	static const struct {
		struct slice bytes;
		int64_t      i64;	/* -2: refused, likewise below */
		int          boolean;
		const char  *text;	/* NULL: refused */
		bool         is_message, is_bytes;
	} cases[] = {
		{ BYTES("\x08\0"), 0, 0, NULL, false, false },
		{ BYTES("\x08\7"), 7, 1, NULL, false, false },
		{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"), -1, 1,
		    NULL, false, false },
		{ BYTES("\x0a\2\x08\1"), -2, -2, "\x08\1", true, true },
		{ BYTES("\x0a\2\xc3\xa4"), -2, -2, "\xc3\xa4", false, true },
		{ BYTES("\x0a\1\xc3"), -2, -2, NULL, false, true },
		{ BYTES("\x0d\1\2\3\4"), -2, -2, NULL, false, false },
		{ BYTES("\x09\1\2\3\4\5\6\7\x08"), -2, -2, NULL, false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice text = SLICE_NONE, bytes = SLICE_NONE;
		struct protobuf p, inner;
		struct protobuf_field f, skipped;
		int64_t n = -2;
		bool b;

#define FRESH	(protobuf_init(&p, cases[i].bytes), protobuf_next(&p, &f))
		assert_true(FRESH);
		assert_int_equal(protobuf_i64(&p, &f, &n), cases[i].i64 != -2);
		assert_int_equal(n, cases[i].i64);
		assert_int_equal(protobuf_end(&p), cases[i].i64 != -2);
		assert_true(FRESH);
		assert_int_equal(protobuf_bool(&p, &f, &b) ? b : -2,
		    cases[i].boolean);
		assert_true(FRESH);
		assert_int_equal(protobuf_text(&p, &f, &text),
		    cases[i].text != NULL);
		assert_true(slice_eq(text, slice_str(cases[i].text)));
		assert_int_equal(protobuf_end(&p), cases[i].text != NULL);
		assert_true(FRESH);
		assert_int_equal(protobuf_bytes(&p, &f, &bytes),
		    cases[i].is_bytes);
		assert_true(FRESH);
		assert_int_equal(protobuf_enter(&p, &f, &inner),
		    cases[i].is_bytes);
		while (protobuf_next(&inner, &skipped))
			;
		assert_int_equal(!p.bad && protobuf_end(&inner),
		    cases[i].is_message);
#undef FRESH
	}
}

TEST(protobuf_reads_maps)
{
	static const struct {
		struct slice bytes;
		const char  *key, *value;	/* NULL: refused */
	} cases[] = {
		{ BYTES("\x0a\6\x0a\1k\x12\1v"), "k", "v" },
		{ BYTES("\x0a\6\x12\1v\x0a\1k"), "k", "v" },
		{ BYTES("\x0a\3\x0a\1k"), "k", "" },
		{ BYTES("\x0a\0"), "", "" },
		{ BYTES("\x0a\5\x18\1\x0a\1k"), "k", "" },
		{ BYTES("\x0a\2\x08\1"), NULL, NULL },
		{ BYTES("\x0a\3\x0a\1\xff"), NULL, NULL },
		{ BYTES("\x0a\2\x0a\1"), NULL, NULL },
		{ BYTES("\x08\1"), NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice key, value;
		struct protobuf_field f;
		struct protobuf p;

		protobuf_init(&p, cases[i].bytes);
		assert_true(protobuf_next(&p, &f));
		bool is_good = protobuf_entry(&p, &f, &key, &value);

		assert_int_equal(is_good, cases[i].key != NULL);
		assert_int_equal(is_good, protobuf_end(&p));
		if (!is_good)
			continue;
		assert_true(slice_is(key, cases[i].key));
		assert_true(slice_is(value, cases[i].value));
	}
}

/* --- writing --------------------------------------------------------------------- */

TEST(protobuf_writes_as_it_reads)
{
	struct str out = { 0 }, got = { 0 };

	protobuf_put_u64(&out, 1, 150);
	protobuf_put_i64(&out, 2, -1);
	protobuf_put_bytes(&out, 3, SLICE("testing"));
	protobuf_put_bytes(&out, 3, SLICE(""));
	protobuf_put_fixed64(&out, 4, 0x8000000000000201);
	protobuf_put_fixed32(&out, 536870911, 0xff030201);
	assert_true(show(str_slice(&out), &got));
	assert_string_equal(str_ptr(&got), "1:n150 2:n18446744073709551615 "
	    "3:b[testing] 3:b[] 4:l9223372036854776321 "
	    "536870911:i4278387201");

	str_clear(&out);
	protobuf_put_entry(&out, 1, SLICE("k"), SLICE("v"));
	assert_true(slice_eq(str_slice(&out), SLICE("\x0a\6\x0a\1k\x12\1v")));
	str_fini(&out);
	str_fini(&got);
}

/* Lengths of one byte, two and three, inside each other. */
TEST(protobuf_knows_the_length_of_what_nests)
{
	static const size_t lengths[] = { 0, 1, 125, 126, 127, 128, 16381,
		16382, 16383, 16384, 100000 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct str out = { 0 };
		struct protobuf p, inner, innermost;
		struct protobuf_field f;
		size_t outer = protobuf_open(&out, 5), mid;

		mid = protobuf_open(&out, 6);
		for (size_t k = 0; k < lengths[i]; k++)
			str_add_char(&out, 'x');
		protobuf_close(&out, mid);
		protobuf_close(&out, outer);

		protobuf_init(&p, str_slice(&out));
		assert_true(protobuf_next(&p, &f) && f.number == 5);
		assert_true(protobuf_enter(&p, &f, &inner));
		assert_true(protobuf_next(&inner, &f) && f.number == 6);
		assert_true(protobuf_enter(&inner, &f, &innermost));
		assert_int_equal(innermost.rest.len, lengths[i]);
		assert_false(protobuf_next(&inner, &f));
		assert_true(protobuf_end(&inner));
		assert_false(protobuf_next(&p, &f));
		assert_true(protobuf_end(&p));
		str_fini(&out);
	}
}
