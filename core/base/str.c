#include <stdbool.h>
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

void
str_reserve(struct str *s, size_t more)
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
str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	check(n >= 0);
	str_reserve(s, (size_t)n);
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

#define EIGHT(byte)	(0x0101010101010101u * (byte))

/* Has one of eight bytes this value?  May also say yes when none has. */
static uint64_t
may_have(uint64_t eight, unsigned char byte)
{
	uint64_t x = eight ^ EIGHT(byte);

	return (x - EIGHT(1)) & ~x & EIGHT(0x80);
}

static bool
are_plain(const unsigned char *p)
{
	uint64_t eight;

	memcpy(&eight, p, sizeof(eight));
	return (((eight - EIGHT(0x20)) & EIGHT(0x80)) |
	    (eight & EIGHT(0x80)) | may_have(eight, '"') |
	    may_have(eight, '\\') | may_have(eight, 0x7f)) == 0;
}

/* How many bytes stand for themselves in a JSON string. */
static size_t
plain_run(const unsigned char *p, size_t len)
{
	size_t n = 0;

	while (len - n >= 8 && are_plain(p + n))
		n += 8;
	while (n < len && p[n] >= 0x20 && p[n] < 0x7f && p[n] != '"' &&
	    p[n] != '\\')
		n++;
	return n;
}

void
str_add_json_text(struct str *s, struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;

	for (size_t i = 0; i < text.len;) {
		size_t run = plain_run(p + i, text.len - i);

		if (run > 0) {
			str_add_slice(s, slice_of(p + i, run));
			i += run;
			continue;
		}
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
}

void
str_add_json(struct str *s, struct slice text)
{
	str_add_char(s, '"');
	str_add_json_text(s, text);
	str_add_char(s, '"');
}

/* The code points of str_add_printable that are well-formed but escaped. */
static bool
is_unprintable(const unsigned char *p, size_t n)
{
	if (n == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	if (n == 2)	/* U+0080..U+009F */
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (n != 3 || p[0] != 0xe2)
		return false;
	if (p[1] == 0x80)	/* U+200E, U+200F, U+2028..U+202E */
		return p[2] == 0x8e || p[2] == 0x8f ||
		    (p[2] >= 0xa8 && p[2] <= 0xae);
	return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9; /* U+2066..U+2069 */
}

void
str_add_printable(struct str *s, struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;

	for (size_t i = 0; i < text.len;) {
		size_t n = slice_utf8(slice_from(text, i));

		if (n > 0 && !is_unprintable(p + i, n)) {
			str_add_slice(s, slice_of(p + i, n));
		} else if (n == 3) {
			str_addf(s, "\\u%04x", (p[i] & 0x0fu) << 12 |
			    (p[i + 1] & 0x3fu) << 6 | (p[i + 2] & 0x3fu));
		} else if (n == 2) {
			str_addf(s, "\\u%04x", (p[i] & 0x1fu) << 6 |
			    (p[i + 1] & 0x3fu));
		} else if (p[i] == '\n' || p[i] == '\t') {
			str_add(s, p[i] == '\n' ? "\\n" : "\\t");
		} else {
			str_addf(s, "\\x%02x", p[i]);
		}
		i += n > 0 ? n : 1;
	}
}

void
str_add_hex(struct str *s, const void *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = p;

	str_reserve(s, len * 2);
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
