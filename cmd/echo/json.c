#include <string.h>

#include "cmd/echo/json.h"

#define DEPTH_MAX	64

static bool skip_value(struct slice *s, int depth);

static void
skip_space(struct slice *s)
{
	while (s->len > 0 && memchr(" \t\r\n", s->ptr[0], 4) != NULL)
		*s = slice_from(*s, 1);
}

static bool
skip_char(struct slice *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool
skip_string(struct slice *s)
{
	if (!skip_char(s, '"'))
		return false;
	while (s->len > 0 && s->ptr[0] != '"') {
		if ((unsigned char)s->ptr[0] < 0x20)
			return false;
		size_t step = s->ptr[0] == '\\' ? 2 : 1;

		if (step > s->len ||
		    (step == 2 && strchr("\"\\/bfnrtu", s->ptr[1]) == NULL))
			return false;
		*s = slice_from(*s, step);
	}
	return skip_char(s, '"');
}

/* true, false, null and numbers, not checked to the last letter. */
static bool
skip_word(struct slice *s)
{
	size_t n = 0;

	while (n < s->len && s->ptr[n] != '\0' &&
	    strchr("-+.0123456789eEtrufalsn", s->ptr[n]) != NULL)
		n++;
	*s = slice_from(*s, n);
	return n > 0;
}

/* The members of an object or the items of an array, after the bracket. */
static bool
skip_members(struct slice *s, char end, int depth)
{
	skip_space(s);
	if (skip_char(s, end))
		return true;
	for (;;) {
		skip_space(s);
		if (end == '}') {
			if (!skip_string(s))
				return false;
			skip_space(s);
			if (!skip_char(s, ':'))
				return false;
		}
		if (!skip_value(s, depth))
			return false;
		if (skip_char(s, end))
			return true;
		if (!skip_char(s, ','))
			return false;
	}
}

static bool
skip_value(struct slice *s, int depth)
{
	bool ok;

	skip_space(s);
	if (s->len == 0 || depth == DEPTH_MAX)
		return false;
	switch (s->ptr[0]) {
	case '{':
	case '[':
		ok = s->ptr[0] == '{';
		*s = slice_from(*s, 1);
		ok = skip_members(s, ok ? '}' : ']', depth + 1);
		break;
	case '"':
		ok = skip_string(s);
		break;
	default:
		ok = skip_word(s);
	}
	skip_space(s);
	return ok;
}

bool
json_is_object(struct slice text)
{
	skip_space(&text);
	return text.len > 0 && text.ptr[0] == '{' && skip_value(&text, 0) &&
	    text.len == 0;
}
