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

static bool
all_are(struct slice s, unsigned int classes)
{
	for (size_t i = 0; i < s.len; i++)
		if (!http_byte_is(s.ptr[i], classes))
			return false;
	return true;
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
