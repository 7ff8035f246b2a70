#include "pki/dn.h"

#include <string.h>

#include "base/unit.h"
#include "pki/der.h"

/* One attribute: what stands in an OBJECT IDENTIFIER, a tag, bytes. */
struct attribute {
	struct slice type;
	uint8_t      tag;
	struct slice value;
};
#define CN	SLICE("\x55\x04\x03")
#define ORG	SLICE("\x55\x04\x0a")
#define MAIL	SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01")
#define SETS	3
#define PARTS	2

static const struct {
	struct attribute sets[SETS][PARTS];	/* type.len 0 ends */
	const char      *want;
} names[] = {
	{ { { { CN, DER_UTF8, { "web", 3 } } } }, "CN=web" },
	{ { { { ORG, DER_PRINTABLE, { "Example", 7 } } },
	    { { CN, DER_UTF8, { "web", 3 } } } }, "CN=web,O=Example" },
	/* what would end a value, or make a second one */
	{ { { { CN, DER_UTF8, { "x, CN=admin", 11 } } } },
	    "CN=x\\, CN=admin" },
	{ { { { CN, DER_UTF8, { "\"q\"\\<>;+", 8 } } } },
	    "CN=\\\"q\\\"\\\\\\<\\>\\;\\+" },
	{ { { { CN, DER_UTF8, { " a b ", 5 } } } }, "CN=\\ a b\\ " },
	{ { { { CN, DER_UTF8, { "#1#", 3 } } } }, "CN=\\#1#" },
	{ { { { CN, DER_UTF8, { "\r\n\0\x7f", 4 } } } },
	    "CN=\\0d\\0a\\00\\7f" },
	{ { { { CN, DER_UTF8, { "\xc3\xa4", 2 } } } }, "CN=\\c3\\a4" },
	{ { { { CN, DER_UTF8, { "", 0 } } } }, "CN=" },
	/* several parts in one set */
	{ { { { CN, DER_UTF8, { "a", 1 } }, { ORG, DER_UTF8, { "b", 1 } } } },
	    "CN=a+O=b" },
	/* no short name, and no text */
	{ { { { MAIL, DER_IA5, { "a@b", 3 } } } },
	    "1.2.840.113549.1.9.1=#1603614062" },
	{ { { { CN, 0x1e, { "\0a", 2 } } } }, "CN=#1e020061" },
	{ { { { { NULL, 0 }, 0, { NULL, 0 } } } }, "" },
};

static struct str
encode(const struct attribute sets[SETS][PARTS])
{
	struct str out = { 0 };
	size_t name = der_open(&out, DER_SEQUENCE);

	for (size_t i = 0; i < SETS && sets[i][0].type.len > 0; i++) {
		size_t set = der_open(&out, DER_SET);

		for (size_t k = 0; k < PARTS && sets[i][k].type.len > 0; k++) {
			size_t part = der_open(&out, DER_SEQUENCE);

			der_put(&out, DER_OID, sets[i][k].type);
			der_put(&out, sets[i][k].tag, sets[i][k].value);
			der_close(&out, part);
		}
		der_close(&out, set);
	}
	der_close(&out, name);
	return out;
}

TEST(names_are_told_so_that_programs_can_take_them_apart)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str der = encode(names[i].sets), text = { 0 };

		assert_true(dn_add(&text, str_slice(&der)));
		assert_string_equal(str_ptr(&text), names[i].want);
		str_fini(&der);
		str_fini(&text);
	}
}

TEST(a_name_that_is_cut_short_is_none)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str der = encode(names[i].sets);

		for (size_t len = 0; len < der.len; len++) {
			struct str text = { 0 };

			assert_false(dn_add(&text, slice_of(der.ptr, len)));
			str_fini(&text);
		}
		str_fini(&der);
	}
}

TEST(what_is_no_name_is_none)
{
	static const struct slice bad[] = {
		{ "\x30\x02\x31\x00", 4 },		/* an empty set */
		{ "\x30\x04\x31\x02\x30\x00", 6 },	/* nothing in a part */
		{ "\x30\x02\x05\x00", 4 },		/* no set */
		{ "\x30\x00\x00", 3 },			/* a byte behind it */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct str text = { 0 };

		assert_false(dn_add(&text, bad[i]));
		str_fini(&text);
	}
}
