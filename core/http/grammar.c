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

static bool
has_less(uint64_t v, uint64_t than)
{
	return ((v - EACH(than)) & ~v & TOP_BITS) != 0;
}

static bool
has_byte(uint64_t v, uint64_t byte)
{
	return has_less(v ^ EACH(byte), 1);
}

/* Surely all of the class; a tab in a value is left to the table. */
static bool
are_values(uint64_t v)
{
	return !has_less(v, 0x20) && !has_byte(v, 0x7f);
}

static bool
are_targets(uint64_t v)
{
	return (v & TOP_BITS) == 0 && !has_less(v, 0x21) &&
	    !has_byte(v, 0x7f) && !has_byte(v, '#');
}

/* Whole words of eight bytes that need no second look. */
static size_t
span_words(const char *p, size_t n, bool (*are_all)(uint64_t))
{
	size_t i = 0;
	uint64_t v;

	for (; n - i >= sizeof(v); i += sizeof(v)) {
		memcpy(&v, p + i, sizeof(v));
		if (!are_all(v))
			break;
	}
	return i;
}

size_t
http_bytes_span(const char *p, size_t n, unsigned int classes)
{
	size_t i = 0;

	if (classes == BYTE_VALUE)
		i = span_words(p, n, are_values);
	else if (classes == BYTE_TARGET)
		i = span_words(p, n, are_targets);
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
