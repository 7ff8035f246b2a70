#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"

void
str_init(struct str *s)
{
	*s = (struct str){ 0 };
}

void
str_fini(struct str *s)
{
	mem_free(s->ptr);
	*s = (struct str){ 0 };
}

void
str_clear(struct str *s)
{
	s->len = 0;
	if (s->ptr != NULL)
		s->ptr[0] = '\0';
}

static void
reserve(struct str *s, size_t more)
{
	check(more < SIZE_MAX / 4 && s->len < SIZE_MAX / 4);
	size_t need = s->len + more + 1;

	if (need <= s->cap)
		return;
	size_t cap = s->cap < 64 ? 64 : s->cap;

	while (cap < need)
		cap *= 2;
	s->ptr = mem_realloc(s->ptr, cap);
	s->cap = cap;
}

void
str_add_slice(struct str *s, struct slice part)
{
	reserve(s, part.len);
	if (part.len > 0)
		memcpy(s->ptr + s->len, part.ptr, part.len);
	s->len += part.len;
	s->ptr[s->len] = '\0';
}

void
str_add(struct str *s, const char *text)
{
	str_add_slice(s, slice_str(text));
}

void
str_add_char(struct str *s, char c)
{
	str_add_slice(s, slice_of(&c, 1));
}

void
str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	check(n >= 0);
	reserve(s, (size_t)n);
	vsnprintf(s->ptr + s->len, (size_t)n + 1, fmt, ap);
	s->len += (size_t)n;
}

void
str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

void
str_add_json(struct str *s, struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;

	str_add_char(s, '"');
	for (size_t i = 0; i < text.len;) {
		size_t n = slice_utf8(slice_from(text, i));

		if (n == 0) {
			str_add(s, "\\ufffd");
			n = 1;
		} else if (p[i] == '"' || p[i] == '\\') {
			str_addf(s, "\\%c", p[i]);
		} else if (p[i] == '\n') {
			str_add(s, "\\n");
		} else if (p[i] < 0x20 || p[i] == 0x7f) {
			str_addf(s, "\\u%04x", p[i]);
		} else {
			str_add_slice(s, slice_of(p + i, n));
		}
		i += n;
	}
	str_add_char(s, '"');
}

void
str_add_hex(struct str *s, const void *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = p;

	reserve(s, len * 2);
	for (size_t i = 0; i < len; i++) {
		s->ptr[s->len++] = digits[bytes[i] >> 4];
		s->ptr[s->len++] = digits[bytes[i] & 15];
	}
	s->ptr[s->len] = '\0';
}

struct slice
str_slice(const struct str *s)
{
	return slice_of(str_ptr(s), s->len);
}

const char *
str_ptr(const struct str *s)
{
	return s->ptr == NULL ? "" : s->ptr;
}

char *
str_give(struct str *s)
{
	char *p = s->ptr == NULL ? mem_strdup("") : s->ptr;

	*s = (struct str){ 0 };
	return p;
}
