/* The writing half of der.h. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "pki/der.h"

size_t
der_open(struct str *out, uint8_t tag)
{
	str_add_char(out, (char)tag);
	return out->len;
}

void
der_close(struct str *out, size_t mark)
{
	size_t len = out->len - mark, octets = 0;
	char head[4];

	check(len <= 0xffffff);
	if (len < 0x80) {
		head[octets++] = (char)len;
	} else {
		size_t n = len > 0xffff ? 3 : len > 0xff ? 2 : 1;

		head[octets++] = (char)(0x80 | n);
		while (n-- > 0)
			head[octets++] = (char)(len >> (8 * n) & 0xff);
	}
	str_add_slice(out, slice_of(head, octets));
	memmove(out->ptr + mark + octets, out->ptr + mark, len);
	memcpy(out->ptr + mark, head, octets);
}

void
der_put(struct str *out, uint8_t tag, struct slice body)
{
	size_t at = der_open(out, tag);

	str_add_slice(out, body);
	der_close(out, at);
}

void
der_put_bool(struct str *out, bool v)
{
	der_put(out, DER_BOOLEAN, v ? SLICE("\xff") : SLICE("\0"));
}

void
der_put_uint(struct str *out, struct slice digits)
{
	size_t at = der_open(out, DER_INTEGER);

	while (digits.len > 0 && digits.ptr[0] == 0)
		digits = slice_from(digits, 1);
	if (digits.len == 0 || (digits.ptr[0] & 0x80) != 0)
		str_add_char(out, 0);
	str_add_slice(out, digits);
	der_close(out, at);
}

void
der_put_u32(struct str *out, uint32_t v)
{
	char digits[4] = {
		(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v
	};

	der_put_uint(out, slice_of(digits, sizeof(digits)));
}

void
der_put_oid(struct str *out, enum oid oid)
{
	der_put(out, DER_OID, oid_body(oid));
}

void
der_put_bits(struct str *out, struct slice octets)
{
	size_t at = der_open(out, DER_BIT_STRING);

	str_add_char(out, 0);
	str_add_slice(out, octets);
	der_close(out, at);
}

void
der_put_flags(struct str *out, uint16_t flags)
{
	uint8_t body[3] = { 0 };
	unsigned int used = 0;

	for (unsigned int bit = 0; bit < 16; bit++)
		if ((flags >> bit & 1) != 0) {
			body[1 + bit / 8] |= (uint8_t)(0x80u >> bit % 8);
			used = bit + 1;
		}
	body[0] = (uint8_t)((8 - used % 8) % 8);
	der_put(out, DER_BIT_STRING, slice_of(body, 1 + (used + 7) / 8));
}

void
der_put_time(struct str *out, int64_t wall_s)
{
	char text[CLOCK_TEXT_MAX], digits[20];
	size_t n = 0;

	clock_format(text, wall_s, -1);
	for (const char *p = text; *p != '\0'; p++)
		if ((*p >= '0' && *p <= '9') || *p == 'Z')
			digits[n++] = *p;
	check(n == 15);
	if (memcmp(digits, "1950", 4) >= 0 && memcmp(digits, "2050", 4) < 0)
		der_put(out, DER_UTC_TIME, slice_of(digits + 2, 13));
	else
		der_put(out, DER_TIME, slice_of(digits, 15));
}
