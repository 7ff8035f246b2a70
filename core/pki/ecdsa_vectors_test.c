#include <string.h>

#include "base/unit.h"
#include "pki/chain_fixture_test.h"
#include "pki/key.h"

/*
 * What has been wrong with verifiers of ECDSA, one vector each, in the manner of
 * Wycheproof: numbers out of range, numbers written in another way, bytes
 * where none belong, keys that are no point.
 */
#define NUMBER_MAX	34

struct number {
	const char *name, *bytes;	/* big-endian */
	size_t      len;
};

/* Of RFC 6979, A.2.5: "sample" with SHA-256.  The first bit of both is set. */
#define POINT								\
	"\x04\x60\xFE\xD4\xBA\x25\x5A\x9D\x31\xC9\x61\xEB\x74\xC6\x35\x6D"	\
	"\x68\xC0\x49\xB8\x92\x3B\x61\xFA\x6C\xE6\x69\x62\x2E\x60\xF2\x9F"	\
	"\xB6\x79\x03\xFE\x10\x08\xB8\xBC\x99\xA4\x1A\xE9\xE9\x56\x28\xBC"	\
	"\x64\xF2\xF1\xB2\x0C\x2D\x7E\x9F\x51\x77\xA3\xC2\x94\xD4\x46\x22"	\
	"\x99"
#define R								\
	"\xEF\xD4\x8B\x2A\xAC\xB6\xA8\xFD\x11\x40\xDD\x9C\xD4\x5E\x81\xD6"	\
	"\x9D\x2C\x87\x7B\x56\xAA\xF9\x91\xC3\x4D\x0E\xA8\x4E\xAF\x37\x16"
#define S								\
	"\xF7\xCB\x1C\x94\x2D\x65\x7C\x41\xD4\x36\xC7\xA1\xB6\xE2\x9F\x65"	\
	"\xF3\xE9\x00\xDB\xB9\xAF\xF4\x06\x4D\xC4\xAB\x2F\x84\x3A\xCD\xA8"

static const struct number number_r = { "r", R, 32 };
static const struct number number_s = { "s", S, 32 };
/* The order n less s, which makes another good signature of s. */
static const struct number number_minus_s = { "n - s",
	"\x08\x34\xE3\x6A\xD2\x9A\x83\xBF\x2B\xC9\x38\x5E\x49\x1D\x60\x99"
	"\xC8\xFD\xF9\xD1\xED\x67\xAA\x7E\xA5\xF5\x1F\x93\x78\x28\x57\xA9",
	32 };

#define N_HEAD	"\xFF\xFF\xFF\xFF\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF" \
	"\xFF\xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25"

static const struct number wrong_numbers[] = {
	{ "0", "\x00", 1 },
	{ "1", "\x01", 1 },
	{ "n - 1", N_HEAD "\x50", 32 },
	{ "n", N_HEAD "\x51", 32 },
	{ "n + 1", N_HEAD "\x52", 32 },
	{ "p", "\xFF\xFF\xFF\xFF\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"
	    "\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
	    32 },
	{ "2^256 - 1", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
	    "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
	    "\xFF\xFF", 32 },
	{ "2^256", "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "\x00\x00", 33 },
	{ "r + n", "\x01\xEF\xD4\x8B\x29\xAC\xB6\xA8\xFE\x11\x40\xDD\x9C\xD4\x5E"
	    "\x81\xD6\x5A\x13\x82\x28\xFD\xC2\x98\x16\xB7\x06\xD9\x6B\x4B\x12"
	    "\x5C\x67", 33 },
	{ "n - r", "\x10\x2B\x74\xD4\x53\x49\x57\x03\xEE\xBF\x22\x63\x2B\xA1\x7E"
	    "\x29\x1F\xBA\x73\x32\x50\x6C\xA4\xF3\x30\x6C\xBC\x1A\xAD\xB3\xEE"
	    "\x3B", 32 },
};
#define WRONG_NUMBERS	(sizeof(wrong_numbers) / sizeof(wrong_numbers[0]))

/* --- encodings ----------------------------------------------------------------------- */

enum form {
	MINIMAL, NO_SIGN, ZERO, ZEROS, LONG, LONGER, INDEFINITE, SHORT, OVER,
	EMPTY, NEGATIVE, BITS, OCTETS, ENUMERATED, CONTEXT, NULL_TAG, REAL,
	UTF8, HIGH_TAG, ABSENT, FORMS
};

static const char *const forms[FORMS] = {
	"minimal", "no zero for the sign", "a zero too many", "many zeros",
	"length in two bytes", "length in three bytes", "no length",
	"length less one", "length and one", "nothing in it",
	"negative", "bit string", "octets", "enumerated", "context tag",
	"NULL", "REAL infinity", "text", "a tag of two bytes", "not there"
};

static void
put(struct str *s, uint8_t tag, size_t len, struct slice body)
{
	str_add_char(s, (char)tag);
	str_add_char(s, (char)len);
	str_add_slice(s, body);
}

/* The body that a positive number has: a zero before a first bit. */
static struct slice
signed_body(const struct number *n, char room[NUMBER_MAX + 1])
{
	size_t zero = (n->bytes[0] & 0x80) != 0;

	room[0] = 0;
	memcpy(room + zero, n->bytes, n->len);
	return slice_of(room, n->len + zero);
}

static void
put_number(struct str *s, const struct number *n, enum form form)
{
	static const uint8_t tags[FORMS] = { [BITS] = 3, [OCTETS] = 4,
		[ENUMERATED] = 10, [CONTEXT] = 0x82, [UTF8] = 12 };
	char room[NUMBER_MAX + 1];
	struct slice body = signed_body(n, room);
	struct slice bare = slice_of(n->bytes, n->len);

	switch (form) {
	case NO_SIGN:
		put(s, 2, bare.len, bare);
		break;
	case ZERO:
	case ZEROS:
		str_add_char(s, 2);
		str_add_char(s, (char)(body.len + (form == ZERO ? 1 : 4)));
		for (int i = 0; i < (form == ZERO ? 1 : 4); i++)
			str_add_char(s, 0);
		str_add_slice(s, body);
		break;
	case LONG:
		str_add_slice(s, slice_of("\x02\x81", 2));
		str_add_char(s, (char)body.len);
		str_add_slice(s, body);
		break;
	case LONGER:
		str_add_slice(s, slice_of("\x02\x82\x00", 3));
		str_add_char(s, (char)body.len);
		str_add_slice(s, body);
		break;
	case INDEFINITE:
		put(s, 2, 0x80, body);
		str_add_slice(s, slice_of("\0\0", 2));
		break;
	case SHORT:
		put(s, 2, body.len - 1, body);
		break;
	case OVER:
		put(s, 2, body.len + 1, body);
		break;
	case EMPTY:
		put(s, 2, 0, SLICE(""));
		break;
	case NEGATIVE:
		put(s, 2, bare.len + 1, SLICE("\xff"));
		str_add_slice(s, bare);
		break;
	case NULL_TAG:
		put(s, 5, 0, SLICE(""));
		break;
	case REAL:
		put(s, 9, 1, SLICE("\x40"));
		break;
	case HIGH_TAG:
		str_add_slice(s, slice_of("\x1f\x02", 2));
		str_add_char(s, (char)body.len);
		str_add_slice(s, body);
		break;
	case ABSENT:
		break;
	default:
		put(s, tags[form] != 0 ? tags[form] : 2, body.len, body);
		break;
	}
}

static struct str
signature(const struct number *r, enum form r_form, const struct number *s,
    enum form s_form)
{
	struct str body = { 0 }, out = { 0 };

	put_number(&body, r, r_form);
	put_number(&body, s, s_form);
	put(&out, 0x30, body.len, str_slice(&body));
	str_fini(&body);
	return out;
}

static void
judge(struct str *sig, bool is_good, const char *what, const char *more)
{
	if (key_verify((const uint8_t *)POINT, SLICE("sample"),
	    str_slice(sig)) != is_good)
		fail_msg("%s: %s", what, more);
	str_fini(sig);
}

TEST(ecdsa_numbers_out_of_range_are_no_signature)
{
	struct str sig = signature(&number_r, MINIMAL, &number_s, MINIMAL);

	judge(&sig, true, "of the standard", "good");
	sig = signature(&number_r, MINIMAL, &number_minus_s, MINIMAL);
	judge(&sig, true, "the other s", "good");
	sig = signature(&number_s, MINIMAL, &number_r, MINIMAL);
	judge(&sig, false, "s", "r");
	for (size_t i = 0; i < WRONG_NUMBERS; i++) {
		const struct number *n = &wrong_numbers[i];

		sig = signature(n, MINIMAL, &number_s, MINIMAL);
		judge(&sig, false, "r is", n->name);
		sig = signature(&number_r, MINIMAL, n, MINIMAL);
		judge(&sig, false, "s is", n->name);
		for (size_t j = 0; j < WRONG_NUMBERS; j++) {
			sig = signature(n, MINIMAL, &wrong_numbers[j], MINIMAL);
			judge(&sig, false, n->name, wrong_numbers[j].name);
		}
	}
}

TEST(ecdsa_numbers_are_written_in_one_way)
{
	for (int form = MINIMAL + 1; form < FORMS; form++) {
		struct str sig = signature(&number_r, (enum form)form,
		    &number_s, MINIMAL);

		judge(&sig, false, "r", forms[form]);
		sig = signature(&number_r, MINIMAL, &number_s, (enum form)form);
		judge(&sig, false, "s", forms[form]);
		sig = signature(&number_r, (enum form)form, &number_s,
		    (enum form)form);
		judge(&sig, false, "both", forms[form]);
	}
}

/* --- what is around them ------------------------------------------------------------- */

static const struct {
	const char *what;
	struct slice head;	/* in place of 30 and the length */
	struct slice inside, behind;
} frames[] = {
#define BYTES(text)	{ text, sizeof(text) - 1 }
	{ "length in two bytes", BYTES("\x30\x81\x46"), BYTES(""), BYTES("") },
	{ "length in three bytes", BYTES("\x30\x82\x00\x46"), BYTES(""),
	    BYTES("") },
	{ "length in five bytes", BYTES("\x30\x84\x00\x00\x00\x46"), BYTES(""),
	    BYTES("") },
	{ "a length of 2^64 more", BYTES("\x30\x89\x01\x00\x00\x00\x00\x00\x00"
	    "\x00\x46"), BYTES(""), BYTES("") },
	{ "no length", BYTES("\x30\x80"), BYTES(""), BYTES("\0\0") },
	{ "no length and no end", BYTES("\x30\x80"), BYTES(""), BYTES("") },
	{ "a length that is reserved", BYTES("\x30\xff"), BYTES(""), BYTES("") },
	{ "length less one", BYTES("\x30\x45"), BYTES(""), BYTES("") },
	{ "length and one", BYTES("\x30\x47"), BYTES(""), BYTES("") },
	{ "a set", BYTES("\x31\x46"), BYTES(""), BYTES("") },
	{ "primitive", BYTES("\x10\x46"), BYTES(""), BYTES("") },
	{ "a context tag", BYTES("\xa0\x46"), BYTES(""), BYTES("") },
	{ "octets", BYTES("\x04\x46"), BYTES(""), BYTES("") },
	{ "a tag of two bytes", BYTES("\x3f\x10\x46"), BYTES(""), BYTES("") },
	{ "in a sequence", BYTES("\x30\x48\x30\x46"), BYTES(""), BYTES("") },
	{ "a zero inside", BYTES("\x30\x47"), BYTES("\0"), BYTES("") },
	{ "two zeros inside", BYTES("\x30\x48"), BYTES("\0\0"), BYTES("") },
	{ "NULL inside", BYTES("\x30\x48"), BYTES("\x05\0"), BYTES("") },
	{ "a third number", BYTES("\x30\x49"), BYTES("\x02\x01\x01"), BYTES("") },
	{ "a zero behind", BYTES("\x30\x46"), BYTES(""), BYTES("\0") },
	{ "two zeros behind", BYTES("\x30\x46"), BYTES(""), BYTES("\0\0") },
	{ "NULL behind", BYTES("\x30\x46"), BYTES(""), BYTES("\x05\0") },
	{ "zeros before", BYTES("\0\0\x30\x46"), BYTES(""), BYTES("") },
	{ "no frame", BYTES(""), BYTES(""), BYTES("") },
};

TEST(ecdsa_signatures_are_framed_in_one_way)
{
	struct str body = { 0 };

	put_number(&body, &number_r, MINIMAL);
	put_number(&body, &number_s, MINIMAL);
	assert_int_equal(body.len, 0x46);
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct str sig = { 0 };

		str_add_slice(&sig, frames[i].head);
		str_add_slice(&sig, str_slice(&body));
		str_add_slice(&sig, frames[i].inside);
		str_add_slice(&sig, frames[i].behind);
		judge(&sig, false, "frame", frames[i].what);
	}
	/* Cut anywhere, and as two bare numbers. */
	struct str whole = signature(&number_r, MINIMAL, &number_s, MINIMAL);

	for (size_t len = 0; len < whole.len; len++)
		assert_false(key_verify((const uint8_t *)POINT, SLICE("sample"),
		    slice_of(whole.ptr, len)));
	str_fini(&whole);
	assert_false(key_verify((const uint8_t *)POINT, SLICE("sample"),
	    slice_of(R S, 64)));
	str_fini(&body);
}

/* --- keys ----------------------------------------------------------------------------- */

#define ALG_P256	"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08" \
			"\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define XY		"\x60\xFE\xD4\xBA\x25\x5A\x9D\x31\xC9\x61\xEB\x74\xC6"	\
	"\x35\x6D\x68\xC0\x49\xB8\x92\x3B\x61\xFA\x6C\xE6\x69\x62\x2E\x60\xF2"	\
	"\x9F\xB6\x79\x03\xFE\x10\x08\xB8\xBC\x99\xA4\x1A\xE9\xE9\x56\x28\xBC"	\
	"\x64\xF2\xF1\xB2\x0C\x2D\x7E\x9F\x51\x77\xA3\xC2\x94\xD4\x46\x22\x99"
#define ZEROS_31	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
			"\0\0\0"
#define ONES_32		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"	\
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"	\
	"\xff\xff"

static const struct {
	const char  *what;
	struct slice spki;
	bool         is_good;
} keys[] = {
	{ "a good one", BYTES("\x30\x59" ALG_P256 "\x03\x42\0\x04" XY), true },
	{ "infinity in one byte", BYTES("\x30\x18" ALG_P256 "\x03\x02\0\0"),
	    false },
	{ "nothing", BYTES("\x30\x17" ALG_P256 "\x03\x01\0"), false },
	{ "no bits at all", BYTES("\x30\x16" ALG_P256 "\x03\0"), false },
	{ "0, 0", BYTES("\x30\x59" ALG_P256 "\x03\x42\0\x04" ZEROS_31 "\0"
	    ZEROS_31 "\0"), false },
	{ "0, 1", BYTES("\x30\x59" ALG_P256 "\x03\x42\0\x04" ZEROS_31 "\0"
	    ZEROS_31 "\x01"), false },
	{ "above the field", BYTES("\x30\x59" ALG_P256 "\x03\x42\0\x04" ONES_32
	    ONES_32), false },
	{ "compressed", BYTES("\x30\x39" ALG_P256 "\x03\x22\0\x03"
	    "\x60\xFE\xD4\xBA\x25\x5A\x9D\x31\xC9\x61\xEB\x74\xC6\x35\x6D\x68"
	    "\xC0\x49\xB8\x92\x3B\x61\xFA\x6C\xE6\x69\x62\x2E\x60\xF2\x9F\xB6"),
	    false },
	{ "hybrid, odd", BYTES("\x30\x59" ALG_P256 "\x03\x42\0\x07" XY), false },
	{ "hybrid, even", BYTES("\x30\x59" ALG_P256 "\x03\x42\0\x06" XY), false },
	{ "form 5", BYTES("\x30\x59" ALG_P256 "\x03\x42\0\x05" XY), false },
	{ "no form", BYTES("\x30\x58" ALG_P256 "\x03\x41\0" XY), false },
	{ "a byte behind", BYTES("\x30\x5a" ALG_P256 "\x03\x43\0\x04" XY "\0"),
	    false },
	{ "unused bits", BYTES("\x30\x59" ALG_P256 "\x03\x42\x01\x04" XY),
	    false },
	{ "octets for bits", BYTES("\x30\x58" ALG_P256 "\x04\x41\x04" XY),
	    false },
	{ "something behind", BYTES("\x30\x5b" ALG_P256 "\x03\x42\0\x04" XY
	    "\x05\0"), false },
	{ "no curve", BYTES("\x30\x4f\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02"
	    "\x01\x03\x42\0\x04" XY), false },
	{ "NULL for a curve", BYTES("\x30\x51\x30\x0b\x06\x07\x2a\x86\x48\xce"
	    "\x3d\x02\x01\x05\0\x03\x42\0\x04" XY), false },
	{ "secp256k1", BYTES("\x30\x56\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02"
	    "\x01\x06\x05\x2b\x81\x04\0\x0a\x03\x42\0\x04" XY), false },
	{ "two curves", BYTES("\x30\x63\x30\x1d\x06\x07\x2a\x86\x48\xce\x3d\x02"
	    "\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x06\x08\x2a\x86\x48"
	    "\xce\x3d\x03\x01\x07\x03\x42\0\x04" XY), false },
	{ "a curve of one's own", BYTES("\x30\x56\x30\x10\x06\x07\x2a\x86\x48"
	    "\xce\x3d\x02\x01\x30\x05\x02\x01\x01\x30\0\x03\x42\0\x04" XY),
	    false },
	{ "for key agreement alone", BYTES("\x30\x57\x30\x11\x06\x05\x2b\x81\x04"
	    "\x01\x0c\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\0\x04"
	    XY), false },
};

/* In a certificate that is proper otherwise. */
TEST(ecdsa_keys_of_certificates_are_points_of_the_curve)
{
	pki_make();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct forge f;
		struct str leaf;

		forge_leaf(&f, pki.leaf.point);
		f.spki = keys[i].spki;
		leaf = forge_sign(&f, &pki.inter);
		enum distrust got = pki_leaf_verdict(&leaf);

		if ((got == DISTRUST_NONE) != keys[i].is_good)
			fail_msg("%s: %d", keys[i].what, got);
	}
}
