#include <string.h>

#include "modes/ctl/items.h"

static void
skip_space(struct slice *s)
{
	while (s->len > 0 && strchr(" \t\r\n", *s->ptr) != NULL && *s->ptr != '\0')
		*s = slice_from(*s, 1);
}

static bool
take(struct slice *s, char c)
{
	skip_space(s);
	if (s->len == 0 || *s->ptr != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* The length of the string that s begins with, quotes included; 0: none. */
static size_t
string_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '"')
			return i + 1;
		if (s.ptr[i] == '\\')
			i++;
	}
	return 0;
}

/* Cuts off the value that *rest begins with, up to a comma or a bracket. */
static bool
take_value(struct slice *rest, struct slice *value)
{
	size_t depth = 0, i = 0;

	skip_space(rest);
	while (i < rest->len) {
		char c = rest->ptr[i];
		bool closes = c == ']' || c == '}';

		if (depth == 0 && (c == ',' || closes))
			break;
		if (c == '"') {
			size_t len = string_len(slice_from(*rest, i));

			if (len == 0)
				return false;
			i += len;
			continue;
		}
		depth += c == '[' || c == '{';
		depth -= closes;
		i++;
	}
	*value = slice_of(rest->ptr, i);
	*rest = slice_from(*rest, i);
	return i > 0 && depth == 0;
}

bool
items_find(struct slice text, const char *key, struct slice *rest)
{
	struct slice value;

	*rest = text;
	if (take(rest, '['))
		return true;
	if (!take(rest, '{'))
		return false;
	do {
		skip_space(rest);
		size_t len = rest->len > 0 && *rest->ptr == '"' ?
		    string_len(*rest) : 0;

		if (len == 0)
			return false;
		bool is_it = slice_is(slice_of(rest->ptr + 1, len - 2), key);

		*rest = slice_from(*rest, len);
		if (!take(rest, ':'))
			return false;
		if (is_it)
			return take(rest, '[');
		if (!take_value(rest, &value))
			return false;
	} while (take(rest, ','));
	return false;
}

int
items_next(struct slice *rest, struct slice *item)
{
	skip_space(rest);
	if (rest->len > 0 && *rest->ptr == ']')
		return 0;
	if (!take_value(rest, item))
		return -1;
	skip_space(rest);
	if (rest->len == 0 || (*rest->ptr != ',' && *rest->ptr != ']'))
		return -1;
	take(rest, ',');
	return 1;
}
