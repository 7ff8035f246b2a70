#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/der.h"

/* What der_any makes of the first element; -1: refused. */
static const struct {
	const char *name, *bytes;
	size_t      len;
	int         body;
} elements[] = {
	{ "empty sequence",	"\x30\x00",			2, 0 },
	{ "three octets",	"\x04\x03" "abc",		5, 3 },
	{ "nothing",		"",				0, -1 },
	{ "tag alone",		"\x30",				1, -1 },
	{ "tag zero",		"\x00\x00",			2, -1 },
	{ "tag in two bytes",	"\x1f\x81\x00\x00",		4, -1 },
	{ "indefinite",		"\x30\x80\x00\x00",		4, -1 },
	{ "long form for 3",	"\x04\x81\x03" "abc",		6, -1 },
	{ "leading zero",	"\x04\x82\x00\x81",		4, -1 },
	{ "four octets",	"\x04\x84\x00\x00\x00\x01" "a",	7, -1 },
	{ "one short",		"\x04\x04" "abc",		5, -1 },
	{ "length cut",		"\x04\x82\x01",			3, -1 },
};

TEST(der_lengths_are_definite_and_minimal)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		struct der d;
		struct slice body, whole;

		der_init(&d, slice_of(elements[i].bytes, elements[i].len));
		der_any(&d, &body, &whole);
		if (elements[i].body < 0) {
			assert_true(d.bad);
			assert_null(body.ptr);
			assert_false(der_end(&d));
			continue;
		}
		assert_true(der_end(&d));
		assert_int_equal(body.len, elements[i].body);
		assert_int_equal(whole.len, elements[i].len);
	}
}

TEST(der_long_lengths_come_back)
{
	static const size_t lens[] = {
		0, 1, 127, 128, 255, 256, 65535, 65536, 100000
	};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct str s = { 0 };
		char *body = mem_zalloc(lens[i] + 1);
		struct der d, in;
		struct slice got;
		size_t at = der_open(&s, DER_SEQUENCE);

		der_put(&s, DER_OCTETS, slice_of(body, lens[i]));
		der_close(&s, at);
		der_init(&d, str_slice(&s));
		assert_true(der_enter(&d, DER_SEQUENCE, &in));
		assert_true(der_get(&in, DER_OCTETS, &got));
		assert_int_equal(got.len, lens[i]);
		assert_true(der_end(&in) && der_end(&d));
		mem_free(body);
		str_fini(&s);
	}
}

enum reader { R_BOOL, R_UINT, R_PAIR, R_U32, R_OID, R_BITS, R_FLAGS, R_TIME };

static bool
read_one(enum reader r, struct der *d, int64_t *v)
{
	struct slice s = SLICE_NONE, t = SLICE_NONE;
	uint32_t u = 0;
	uint16_t flags = 0;
	enum oid oid;
	bool b = false, ok = false;

	switch (r) {
	case R_BOOL:	ok = der_bool(d, &b); *v = b; break;
	case R_UINT:	ok = der_uint(d, &s); *v = (int64_t)s.len; break;
	case R_PAIR:
		ok = der_uint_pair(d, &s, &t);
		*v = (int64_t)(10 * s.len + t.len);
		break;
	case R_U32:	ok = der_u32(d, &u); *v = u; break;
	case R_OID:	ok = der_oid(d, &oid); *v = oid; break;
	case R_BITS:	ok = der_bits(d, &s); *v = (int64_t)s.len; break;
	case R_FLAGS:	ok = der_flags(d, &flags); *v = flags; break;
	case R_TIME:	ok = der_time(d, v); break;
	}
	return ok;
}

#define B(lit)	lit, sizeof(lit) - 1
#define REFUSED	INT64_MIN

static const struct {
	enum reader reader;
	const char *bytes;
	size_t      len;
	int64_t     value;
} values[] = {
	{ R_BOOL, B("\x01\x01\xff"), 1 },
	{ R_BOOL, B("\x01\x01\x00"), 0 },
	{ R_BOOL, B("\x01\x01\x01"), REFUSED },
	{ R_BOOL, B("\x01\x00"), REFUSED },
	{ R_U32, B("\x02\x01\x00"), 0 },
	{ R_U32, B("\x02\x01\x7f"), 127 },
	{ R_U32, B("\x02\x02\x00\x80"), 128 },
	{ R_U32, B("\x02\x05\x00\xff\xff\xff\xff"), 0xffffffffLL },
	{ R_U32, B("\x02\x05\x01\x00\x00\x00\x00"), REFUSED },
	{ R_U32, B("\x02\x02\x00\x7f"), REFUSED },	/* not minimal */
	{ R_U32, B("\x02\x01\x80"), REFUSED },		/* negative */
	{ R_U32, B("\x02\x00"), REFUSED },
	{ R_UINT, B("\x02\x09\x00\x80\x00\x00\x00\x00\x00\x00\x00"), 8 },
	{ R_PAIR, B("\x30\x07\x02\x02\x00\x80\x02\x01\x01"), 11 },
	{ R_PAIR, B("\x30\x07\x02\x01\x01\x02\x02\x12\x34"), 12 },
	{ R_PAIR, B("\x30\x03\x02\x01\x01"), REFUSED },	/* one */
	{ R_PAIR, B("\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01"), REFUSED },
	{ R_PAIR, B("\x30\x06\x02\x01\x01\x02\x01\xff"), REFUSED },
	{ R_PAIR, B("\x31\x06\x02\x01\x01\x02\x01\x01"), REFUSED },
	{ R_OID, B("\x06\x03\x55\x1d\x13"), OID_BASIC_CONSTRAINTS },
	{ R_OID, B("\x06\x03\x55\x1d\x14"), OID_UNKNOWN },
	{ R_OID, B("\x06\x00"), REFUSED },
	{ R_OID, B("\x06\x02\x55\x80"), REFUSED },	/* unfinished */
	{ R_OID, B("\x06\x04\x55\x1d\x80\x13"), REFUSED }, /* padded */
	{ R_BITS, B("\x03\x03\x00" "ab"), 2 },
	{ R_BITS, B("\x03\x03\x01" "ab"), REFUSED },
	{ R_BITS, B("\x03\x00"), REFUSED },
	{ R_FLAGS, B("\x03\x02\x07\x80"), 1 },		/* digitalSignature */
	{ R_FLAGS, B("\x03\x02\x01\x06"), 1 << 5 | 1 << 6 },
	{ R_FLAGS, B("\x03\x03\x07\x00\x80"), 1 << 8 },
	{ R_FLAGS, B("\x03\x01\x00"), 0 },
	{ R_FLAGS, B("\x03\x02\x00\x80"), REFUSED },	/* trailing zeros kept */
	{ R_FLAGS, B("\x03\x02\x07\xc0"), REFUSED },	/* unused bit set */
	{ R_FLAGS, B("\x03\x02\x08\x80"), REFUSED },
	{ R_FLAGS, B("\x03\x01\x03"), REFUSED },
	{ R_FLAGS, B("\x03\x00"), REFUSED },
	{ R_TIME, B("\x17\x0d" "700101000000Z"), 0 },
	{ R_TIME, B("\x17\x0d" "500101000000Z"), -631152000 },
	{ R_TIME, B("\x17\x0d" "491231235959Z"), 2524607999 },
	{ R_TIME, B("\x18\x0f" "20500101000000Z"), 2524608000 },
	{ R_TIME, B("\x18\x0f" "99991231235959Z"), 253402300799 },
	{ R_TIME, B("\x17\x0d" "240229120000Z"), 1709208000 },
	{ R_TIME, B("\x17\x0d" "230229120000Z"), REFUSED },
	{ R_TIME, B("\x17\x0d" "231301120000Z"), REFUSED },
	{ R_TIME, B("\x17\x0d" "230001120000Z"), REFUSED },
	{ R_TIME, B("\x17\x0d" "230100120000Z"), REFUSED },
	{ R_TIME, B("\x17\x0d" "230101240000Z"), REFUSED },
	{ R_TIME, B("\x17\x0d" "230101006000Z"), REFUSED },
	{ R_TIME, B("\x17\x0d" "230101000060Z"), REFUSED },
	{ R_TIME, B("\x17\x0b" "2301010000Z"), REFUSED },
	{ R_TIME, B("\x17\x11" "230101000000+0000"), REFUSED },
	{ R_TIME, B("\x17\x0d" "2301010000 0Z"), REFUSED },
	{ R_TIME, B("\x18\x0f" "20491231235959Z"), REFUSED },
	{ R_TIME, B("\x18\x11" "20500101000000.0Z"), REFUSED },
};

TEST(der_values_and_every_truncation)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct der d;
		int64_t v = 0;
		bool ok;

		der_init(&d, slice_of(values[i].bytes, values[i].len));
		ok = read_one(values[i].reader, &d, &v);
		assert_int_equal(ok, values[i].value != REFUSED);
		assert_int_equal(der_end(&d), ok);
		if (ok)
			assert_int_equal(v, values[i].value);
		for (size_t n = 0; n < values[i].len; n++) {
			char *cut = mem_dup(values[i].bytes, n);

			der_init(&d, slice_of(cut, n));
			assert_false(read_one(values[i].reader, &d, &v));
			mem_free(cut);
		}
	}
}

TEST(der_latches_the_first_fault)
{
	struct der d, in;
	struct slice s;

	der_init(&d, SLICE("\x02\x01\x05\x04\x01" "a"));
	assert_false(der_get(&d, DER_OCTETS, &s));
	assert_false(der_get(&d, DER_INTEGER, &s));
	assert_int_equal(der_peek(&d), 0);
	assert_false(der_enter(&d, DER_SEQUENCE, &in));
	assert_false(der_end(&in));
	assert_false(der_end(&d));
}

TEST(der_refuses_bytes_left_over)
{
	struct der d;

	der_init(&d, SLICE("\x05\x00\x00"));
	assert_true(der_get(&d, DER_NULL, NULL));
	assert_false(der_end(&d));
}

TEST(der_writes_what_it_reads)
{
	static const int64_t times[] = {
		-631152000, 0, 1795223561, 2524607999, 2524608000, 253402300799
	};
	static const uint16_t flags[] = { 0, 1, 1 << 5 | 1 << 6, 1 << 8, 0xffff };
	static const uint32_t ints[] = { 0, 1, 127, 128, 255, 256, UINT32_MAX };
	struct str s = { 0 };
	struct der d;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		der_put_time(&s, times[i]);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		der_put_flags(&s, flags[i]);
	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++)
		der_put_u32(&s, ints[i]);
	der_put_bool(&s, true);
	der_put_oid(&s, OID_P256);
	der_put_bits(&s, SLICE("xyz"));
	der_init(&d, str_slice(&s));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t t;

		assert_true(der_time(&d, &t));
		assert_int_equal(t, times[i]);
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		uint16_t f;

		assert_true(der_flags(&d, &f));
		assert_int_equal(f, flags[i]);
	}
	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
		uint32_t v;

		assert_true(der_u32(&d, &v));
		assert_int_equal(v, ints[i]);
	}
	bool b;
	enum oid oid;
	struct slice bits;

	assert_true(der_bool(&d, &b) && b);
	assert_true(der_oid(&d, &oid) && oid == OID_P256);
	assert_true(der_bits(&d, &bits) && slice_is(bits, "xyz"));
	assert_true(der_end(&d));
	str_fini(&s);
}

TEST(oid_table_is_complete_and_unique)
{
	for (enum oid i = OID_UNKNOWN + 1; i < OID_COUNT; i++) {
		assert_non_null(oid_name(i));
		assert_int_equal(oid_find(oid_body(i)), i);
	}
	assert_int_equal(oid_find(SLICE("")), OID_UNKNOWN);
}
