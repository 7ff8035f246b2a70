#include <string.h>

#include "route/query.h"

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes one character off the front; raw is not empty. */
static char
next(struct slice *raw)
{
	char c = raw->ptr[0];
	size_t taken = 1;

	if (c == '+') {
		c = ' ';
	} else if (c == '%' && raw->len >= 3 && digit(raw->ptr[1]) >= 0 &&
	    digit(raw->ptr[2]) >= 0) {
		c = (char)(digit(raw->ptr[1]) << 4 | digit(raw->ptr[2]));
		taken = 3;
	}
	*raw = slice_from(*raw, taken);
	return c;
}

bool
query_is(struct slice raw, struct slice decoded)
{
	size_t i = 0;

	for (; raw.len > 0 && i < decoded.len; i++)
		if (next(&raw) != decoded.ptr[i])
			return false;
	return raw.len == 0 && i == decoded.len;
}

bool
query_is_plain(struct slice raw)
{
	return slice_find(raw, '%') < 0 && slice_find(raw, '+') < 0;
}

bool
query_decode(struct slice raw, char *out, size_t cap, size_t *len)
{
	for (*len = 0; raw.len > 0; ) {
		if (*len == cap)
			return false;
		out[(*len)++] = next(&raw);
	}
	return true;
}

/* "name=value"; false: it is another. */
static bool
is_named(struct slice part, struct slice name, struct slice *raw)
{
	ptrdiff_t eq = slice_find(part, '=');
	size_t len = eq < 0 ? part.len : (size_t)eq;

	*raw = slice_from(part, eq < 0 ? len : len + 1);
	return query_is(slice_of(part.ptr, len), name);
}

bool
query_next(struct slice *query, struct slice name, struct slice *raw)
{
	struct slice part;

	while (slice_cut(query, '&', &part))
		if (is_named(part, name, raw))
			return true;
	return false;
}

bool
query_find(struct slice query, struct slice name, struct slice *raw)
{
	return query_next(&query, name, raw);
}

struct slice
query_without(struct arena *a, struct slice query, struct slice name)
{
	struct slice rest = query, part, raw;
	char *to = arena_alloc(a, query.len + 1);
	size_t n = 0;

	while (slice_cut(&rest, '&', &part)) {
		if (is_named(part, name, &raw))
			continue;
		if (n > 0)
			to[n++] = '&';
		memcpy(to + n, part.ptr, part.len);
		n += part.len;
	}
	return n > 0 ? slice_of(to, n) : SLICE_NONE;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

void
query_encode(struct str *s, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_unreserved(text.ptr[i]))
			str_add_char(s, text.ptr[i]);
		else
			str_addf(s, "%%%02X", (unsigned char)text.ptr[i]);
}

void
query_add(struct str *s, const char *name, struct slice value)
{
	if (s->len > 0)
		str_add_char(s, '&');
	query_encode(s, slice_str(name));
	str_add_char(s, '=');
	query_encode(s, value);
}
