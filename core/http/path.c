#include <string.h>

#include "base/check.h"
#include "http/grammar.h"
#include "http/path.h"

static const char hex[] = "0123456789ABCDEF";

/* Only plain letters, no empty segment, no segment that begins with a dot. */
static bool
is_normal(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		char c = s.ptr[i];

		if ((c == '/' || c == '.') && s.ptr[i - 1] == '/')
			return false;
		if (c != '/' && !http_byte_is(c, BYTE_PCHAR))
			return false;
	}
	return true;
}

static char *
put_encoded(char *to, unsigned int c)
{
	*to++ = '%';
	*to++ = hex[c >> 4];
	*to++ = hex[c & 15];
	return to;
}

/* The byte that "%XY" at s stands for, or -1. */
static int
decode(struct slice s)
{
	if (s.len < 3 || !http_byte_is(s.ptr[1], BYTE_HEX) ||
	    !http_byte_is(s.ptr[2], BYTE_HEX))
		return -1;
	return (int)(http_hex_value(s.ptr[1]) << 4 | http_hex_value(s.ptr[2]));
}

/* Writes one segment in its normal form behind to; NULL when refused. */
static char *
put_segment(char *to, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '%') {
			int v = decode(slice_from(s, i));

			if (v < 0x20 || v == 0x7f || v == '/' || v == '\\')
				return NULL;
			if (http_byte_is((char)v, BYTE_UNRESERVED))
				*to++ = (char)v;
			else
				to = put_encoded(to, (unsigned int)v);
			i += 2;
		} else if (http_byte_is((char)c, BYTE_PCHAR)) {
			*to++ = (char)c;
		} else if (http_byte_is((char)c, BYTE_TARGET) && c != '\\') {
			to = put_encoded(to, c);
		} else {
			return NULL;
		}
	}
	return to;
}

enum segment { LETTERS, EMPTY, DOT, DOT_DOT, TRAP };

static enum segment
kind_of(struct slice s)
{
	size_t dots = 0;

	if (s.len == 0)
		return EMPTY;
	while (dots < s.len && s.ptr[dots] == '.')
		dots++;
	if (dots == 0 || dots > 2)
		return LETTERS;
	if (dots == s.len)
		return dots == 1 ? DOT : DOT_DOT;
	return s.ptr[dots] == ';' ? TRAP : LETTERS;
}

bool
http_path_normalize(struct arena *a, struct slice raw, struct slice *out)
{
	check(raw.len > 0 && raw.ptr[0] == '/');
	if (is_normal(raw)) {
		*out = raw;
		return true;
	}
	char *base = arena_alloc(a, 3 * raw.len + 1);
	char *to = base;	/* behind the '/' that begins the next segment */
	struct slice rest = slice_from(raw, 1), s;

	*to++ = '/';
	while (slice_cut(&rest, '/', &s)) {
		char *end = put_segment(to, s);

		if (end == NULL)
			return false;
		switch (kind_of(slice_of(to, (size_t)(end - to)))) {
		case TRAP:
			return false;
		case DOT_DOT:
			if (to - 1 > base)
				for (to--; to[-1] != '/'; to--)
					;
			break;
		case DOT:
		case EMPTY:
			break;
		case LETTERS:
			to = end;
			if (rest.ptr != NULL)
				*to++ = '/';
			break;
		}
	}
	*out = slice_of(base, (size_t)(to - base));
	return true;
}
