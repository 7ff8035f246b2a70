#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "http/grammar.h"
#include "http/head.h"

#define VCHAR	(BYTE_VALUE | BYTE_TARGET)
#define WORD	(VCHAR | BYTE_TOKEN | BYTE_PCHAR | BYTE_UNRESERVED | BYTE_HOST)
#define SUBDELIM (VCHAR | BYTE_PCHAR)

const unsigned char http_bytes[256] = {
	['\t'] = BYTE_VALUE, [' '] = BYTE_VALUE,
	['0' ... '9'] = WORD | BYTE_HEX,
	['A' ... 'F'] = WORD | BYTE_HEX | BYTE_UPPER,
	['G' ... 'Z'] = WORD | BYTE_UPPER,
	['a' ... 'f'] = WORD | BYTE_HEX,
	['g' ... 'z'] = WORD,
	['-'] = WORD, ['.'] = WORD, ['_'] = WORD, ['~'] = WORD,
	['!'] = SUBDELIM | BYTE_TOKEN, ['$'] = SUBDELIM | BYTE_TOKEN,
	['&'] = SUBDELIM | BYTE_TOKEN, ['\''] = SUBDELIM | BYTE_TOKEN,
	['*'] = SUBDELIM | BYTE_TOKEN, ['+'] = SUBDELIM | BYTE_TOKEN,
	['('] = SUBDELIM, [')'] = SUBDELIM, [','] = SUBDELIM,
	[';'] = SUBDELIM, ['='] = SUBDELIM,
	[':'] = SUBDELIM, ['@'] = SUBDELIM,
	['%'] = VCHAR | BYTE_TOKEN, ['^'] = VCHAR | BYTE_TOKEN,
	['`'] = VCHAR | BYTE_TOKEN, ['|'] = VCHAR | BYTE_TOKEN,
	['#'] = BYTE_VALUE | BYTE_TOKEN,
	['"'] = VCHAR, ['/'] = VCHAR, ['<'] = VCHAR, ['>'] = VCHAR,
	['?'] = VCHAR, ['['] = VCHAR, ['\\'] = VCHAR, [']'] = VCHAR,
	['{'] = VCHAR, ['}'] = VCHAR,
	[0x80 ... 0xff] = BYTE_VALUE,
};

/* --- eight bytes at a time ------------------------------------------------ */

#define EACH(byte)	(UINT64_C(0x0101010101010101) * (byte))
#define TOP_BITS	EACH(0x80)

/* Of these marks the lowest is in the first byte that is less; others may err. */
static uint64_t
less(uint64_t v, uint64_t than)
{
	return (v - EACH(than)) & ~v & TOP_BITS;
}

static uint64_t
equal(uint64_t v, uint64_t byte)
{
	return less(v ^ EACH(byte), 1);
}

/* Marks the first byte that is not of the class; a tab is left to the table. */
static uint64_t
not_value(uint64_t v)
{
	return less(v, 0x20) | equal(v, 0x7f);
}

static uint64_t
not_target(uint64_t v)
{
	return (v & TOP_BITS) | less(v, 0x21) | equal(v, 0x7f) | equal(v, '#');
}

/* Where the first marked byte is of the eight at p, or 8. */
static size_t
first_mark(const char *p, uint64_t (*marks)(uint64_t))
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	v = marks(le64toh(v));
	return v == 0 ? sizeof(v) : (size_t)__builtin_ctzll(v) / 8;
}

/* How many bytes need no second look; the last word overlaps the one before. */
static size_t
span_words(const char *p, size_t n, uint64_t (*marks)(uint64_t))
{
	if (n < sizeof(uint64_t))
		return 0;
	for (size_t i = 0, last = n - sizeof(uint64_t);; i += sizeof(uint64_t)) {
		if (i > last)
			i = last;
		size_t clean = first_mark(p + i, marks);

		if (clean < sizeof(uint64_t) || i == last)
			return i + clean;
	}
}

size_t
http_bytes_span(const char *p, size_t n, unsigned int classes)
{
	size_t i = 0;

	if (classes == BYTE_VALUE)
		i = span_words(p, n, not_value);
	else if (classes == BYTE_TARGET)
		i = span_words(p, n, not_target);
	while (i < n && http_byte_is(p[i], classes))
		i++;
	return i;
}

static bool
all_are(struct slice s, unsigned int classes)
{
	return http_bytes_span(s.ptr, s.len, classes) == s.len;
}

bool
http_is_token(struct slice s)
{
	return s.len > 0 && all_are(s, BYTE_TOKEN);
}

bool
http_is_field_value(struct slice s)
{
	return all_are(s, BYTE_VALUE);
}
