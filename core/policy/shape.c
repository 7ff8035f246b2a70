#include <string.h>

#include "policy/shape.h"

#define ANY	"{*}"
#define REST	"{**}"

struct looks {
	size_t digits, upper, lower;
	bool   is_word, is_hex;
};

static struct looks
look(struct slice s)
{
	struct looks l = { .is_word = true, .is_hex = true };

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool is_digit = c >= '0' && c <= '9';
		bool is_upper = c >= 'A' && c <= 'Z';
		bool is_lower = c >= 'a' && c <= 'z';

		l.digits += is_digit;
		l.upper += is_upper;
		l.lower += is_lower;
		l.is_hex &= is_digit || (c >= 'a' && c <= 'f') ||
		    (c >= 'A' && c <= 'F') || c == '-';
		l.is_word &= is_digit || is_upper || is_lower || c == '.' ||
		    c == '_' || c == '~' || c == '-';
	}
	return l;
}

/* A few digits among letters: "v2" is a word, "7fa3e1" and "x9Qa2Lm" are none. */
static bool
is_mixed(struct slice s)
{
	struct looks l = look(s);

	return s.len > SHAPE_WORD || (l.digits > 0 &&
	    ((l.is_hex && s.len >= 6) ||
	    (l.upper > 0 && l.lower > 0 && s.len >= 7) ||
	    (l.digits > 1 && s.len >= 10)));
}

bool
shape_is_id(struct slice s)
{
	struct looks l = look(s);
	struct slice rest = s, part;

	if (s.len == 0)
		return false;
	if (!l.is_word || l.digits >= 3 || l.digits == s.len)
		return true;
	if (l.digits == 0 && s.len <= SHAPE_WORD)
		return false;
	while (rest.ptr != NULL && slice_cut(&rest, '.', &part))
		if (is_mixed(part))
			return true;
	return false;
}

static bool
is_kept(struct slice segment, bool is_grpc)
{
	return is_grpc ? look(segment).is_word : !shape_is_id(segment);
}

static bool
add(char *out, size_t *len, struct slice s)
{
	/* Room for a last "/{**}". */
	if (*len + 1 + s.len + sizeof("/" REST) > SHAPE_MAX)
		return false;
	out[(*len)++] = '/';
	if (s.len > 0)
		memcpy(out + *len, s.ptr, s.len);
	*len += s.len;
	return true;
}

void
shape_of_path(struct slice path, bool is_grpc, char out[SHAPE_MAX])
{
	size_t len = 0, segments = 0;
	struct slice rest = path, segment;

	out[0] = '\0';
	if (path.len == 0 || path.ptr[0] != '/')
		return;
	rest = slice_from(rest, 1);
	while (rest.ptr != NULL && slice_cut(&rest, '/', &segment)) {
		if (segments++ == SHAPE_SEGMENTS || !add(out, &len,
		    is_kept(segment, is_grpc) ? segment : SLICE(ANY))) {
			memcpy(out + len, "/" REST, sizeof("/" REST));
			return;
		}
	}
	out[len] = '\0';
}
