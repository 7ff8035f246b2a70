#include <stdint.h>

#include "pki/base64.h"

static const char alphabet[2][65] = {
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void
base64_add(struct str *out, enum base64_kind kind, struct slice s)
{
	const char *letters = alphabet[kind];

	for (size_t i = 0; i < s.len; i += 3) {
		size_t n = s.len - i < 3 ? s.len - i : 3;
		uint32_t v = 0;

		for (size_t j = 0; j < 3; j++)
			v = v << 8 | (j < n ? (unsigned char)s.ptr[i + j] : 0);
		for (size_t j = 0; j <= n; j++)
			str_add_char(out, letters[v >> (18 - 6 * j) & 63]);
		for (size_t j = n; j < 3 && kind == BASE64_STD; j++)
			str_add_char(out, '=');
	}
}

size_t
base64_room(size_t len)
{
	return len / 4 * 3 + 3;
}

/* 0..63, or -1.  Compares every range, so that time says nothing. */
static int
value_of(enum base64_kind kind, char c)
{
	int v = -1, u = (unsigned char)c;
	int plus = kind == BASE64_STD ? '+' : '-';
	int slash = kind == BASE64_STD ? '/' : '_';

	v = u >= 'A' && u <= 'Z' ? u - 'A' : v;
	v = u >= 'a' && u <= 'z' ? u - 'a' + 26 : v;
	v = u >= '0' && u <= '9' ? u - '0' + 52 : v;
	v = u == plus ? 62 : v;
	v = u == slash ? 63 : v;
	return v;
}

/* Takes the padding off; false if there is not exactly what must be there. */
static bool
strip_padding(enum base64_kind kind, struct slice *s)
{
	if (kind == BASE64_STD) {
		if (s->len % 4 != 0)
			return false;
		for (int i = 0; i < 2 && s->len > 0; i++)
			if (s->ptr[s->len - 1] == '=')
				s->len--;
	}
	return s->len % 4 != 1;
}

ptrdiff_t
base64_decode(void *out, size_t cap, enum base64_kind kind, struct slice s)
{
	unsigned char *to = out;
	size_t len = 0;
	uint32_t bits = 0;
	unsigned int have = 0;

	if (!strip_padding(kind, &s))
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		int v = value_of(kind, s.ptr[i]);

		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (len == cap)
			return -1;
		to[len++] = (unsigned char)(bits >> have);
		bits &= (1u << have) - 1;
	}
	return bits == 0 ? (ptrdiff_t)len : -1;
}
