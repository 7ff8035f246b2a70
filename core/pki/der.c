#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "pki/der.h"

void
der_init(struct der *d, struct slice s)
{
	*d = (struct der){ .rest = s };
}

bool
der_end(const struct der *d)
{
	return !d->bad && d->rest.len == 0;
}

bool
der_fail(struct der *d)
{
	d->bad = true;
	d->rest = SLICE_NONE;
	return false;
}

uint8_t
der_peek(const struct der *d)
{
	return d->rest.len > 0 ? (uint8_t)d->rest.ptr[0] : 0;
}

/* Length of the body and of what stands before it; false if not DER. */
static bool
header(struct slice s, size_t *head, size_t *body)
{
	const uint8_t *p = (const uint8_t *)s.ptr;
	size_t octets, n = 0;

	if (s.len < 2 || (p[0] & 0x1f) == 0x1f || p[0] == 0)
		return false;
	if (p[1] < 0x80) {
		*head = 2;
		*body = p[1];
		return *body <= s.len - 2;
	}
	octets = p[1] & 0x7f;
	if (octets == 0 || octets > 3 || s.len < 2 + octets || p[2] == 0)
		return false;
	for (size_t i = 0; i < octets; i++)
		n = n << 8 | p[2 + i];
	*head = 2 + octets;
	*body = n;
	return n >= 0x80 && n <= s.len - *head;
}

uint8_t
der_any(struct der *d, struct slice *body, struct slice *whole)
{
	size_t head, len;
	uint8_t tag = der_peek(d);

	if (body != NULL)
		*body = SLICE_NONE;
	if (whole != NULL)
		*whole = SLICE_NONE;
	if (d->bad || !header(d->rest, &head, &len)) {
		der_fail(d);
		return 0;
	}
	if (body != NULL)
		*body = slice_of(d->rest.ptr + head, len);
	if (whole != NULL)
		*whole = slice_of(d->rest.ptr, head + len);
	d->rest = slice_from(d->rest, head + len);
	return tag;
}

bool
der_get(struct der *d, uint8_t tag, struct slice *body)
{
	if (body != NULL)
		*body = SLICE_NONE;
	if (der_peek(d) != tag)
		return der_fail(d);
	return der_any(d, body, NULL) == tag;
}

bool
der_enter(struct der *d, uint8_t tag, struct der *inner)
{
	struct slice body;
	bool ok = der_get(d, tag, &body);

	der_init(inner, body);
	inner->bad = !ok;
	return ok;
}

bool
der_bool(struct der *d, bool *out)
{
	struct slice s;

	*out = false;
	if (!der_get(d, DER_BOOLEAN, &s))
		return false;
	if (s.len != 1 || (s.ptr[0] != 0 && (uint8_t)s.ptr[0] != 0xff))
		return der_fail(d);
	*out = s.ptr[0] != 0;
	return true;
}

bool
der_uint(struct der *d, struct slice *digits)
{
	struct slice s;

	*digits = SLICE_NONE;
	if (!der_get(d, DER_INTEGER, &s))
		return false;
	if (s.len == 0 || (s.ptr[0] & 0x80) != 0)
		return der_fail(d);
	if (s.ptr[0] == 0 && s.len > 1) {
		if ((s.ptr[1] & 0x80) == 0)
			return der_fail(d);
		s = slice_from(s, 1);
	}
	*digits = s;
	return true;
}

bool
der_uint_pair(struct der *d, struct slice *a, struct slice *b)
{
	struct der in;

	der_enter(d, DER_SEQUENCE, &in);
	der_uint(&in, a);
	der_uint(&in, b);
	return der_end(&in) || der_fail(d);
}

bool
der_u32(struct der *d, uint32_t *out)
{
	struct slice s;
	uint32_t v = 0;

	*out = 0;
	if (!der_uint(d, &s))
		return false;
	if (s.len > sizeof(v))
		return der_fail(d);
	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | (uint8_t)s.ptr[i];
	*out = v;
	return true;
}

/* Sub-identifiers are minimal and complete (X.690, 8.19.2). */
static bool
oid_is_proper(struct slice s)
{
	bool first = true;

	for (size_t i = 0; i < s.len; i++) {
		if (first && (uint8_t)s.ptr[i] == 0x80)
			return false;
		first = (s.ptr[i] & 0x80) == 0;
	}
	return s.len > 0 && first;
}

bool
der_oid(struct der *d, enum oid *out)
{
	struct slice s;

	*out = OID_UNKNOWN;
	if (!der_get(d, DER_OID, &s))
		return false;
	if (!oid_is_proper(s))
		return der_fail(d);
	*out = oid_find(s);
	return true;
}

bool
der_bits(struct der *d, struct slice *octets)
{
	struct slice s;

	*octets = SLICE_NONE;
	if (!der_get(d, DER_BIT_STRING, &s))
		return false;
	if (s.len == 0 || s.ptr[0] != 0)
		return der_fail(d);
	*octets = slice_from(s, 1);
	return true;
}

bool
der_flags(struct der *d, uint16_t *out)
{
	struct slice s;
	uint8_t unused, last;

	*out = 0;
	if (!der_get(d, DER_BIT_STRING, &s))
		return false;
	if (s.len < 1 || s.len > 3)
		return der_fail(d);
	unused = (uint8_t)s.ptr[0];
	last = s.len > 1 ? (uint8_t)s.ptr[s.len - 1] : 0;
	/* Trailing zero bits are cut off, so the last bit kept is a one. */
	if (unused > 7 || (s.len == 1 && unused != 0) ||
	    (s.len > 1 && (last & ((1u << (unused + 1)) - 1)) != 1u << unused))
		return der_fail(d);
	for (size_t bit = 0; bit < 8 * (s.len - 1); bit++)
		if (((uint8_t)s.ptr[1 + bit / 8] & (0x80u >> bit % 8)) != 0)
			*out = (uint16_t)(*out | 1u << bit);
	return true;
}

static int
two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

static int
days_in(int year, int mon)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[mon - 1] + (mon == 2 && leap);
}

/* MMDDHHMMSSZ */
static bool
rest_of_time(int year, const char *p, int64_t *out)
{
	int v[5];

	for (int i = 0; i < 5; i++)
		if ((v[i] = two_digits(p + 2 * i)) < 0)
			return false;
	if (v[0] < 1 || v[0] > 12 || v[1] < 1 || v[1] > days_in(year, v[0]) ||
	    v[2] > 23 || v[3] > 59 || v[4] > 59 || p[10] != 'Z')
		return false;
	*out = clock_from_utc(year, v[0], v[1], v[2], v[3], v[4]);
	return true;
}

bool
der_time(struct der *d, int64_t *wall_s)
{
	struct slice s;
	uint8_t tag = der_any(d, &s, NULL);
	int year, low;

	*wall_s = 0;
	if (tag == DER_UTC_TIME && s.len == 13) {
		year = two_digits(s.ptr);
		if (year < 0)
			return der_fail(d);
		year += year < 50 ? 2000 : 1900;
		return rest_of_time(year, s.ptr + 2, wall_s) || der_fail(d);
	}
	if (tag == DER_TIME && s.len == 15) {
		year = two_digits(s.ptr);
		low = two_digits(s.ptr + 2);
		if (year < 0 || low < 0 || year * 100 + low < 2050)
			return der_fail(d);
		return rest_of_time(year * 100 + low, s.ptr + 4, wall_s) ||
		    der_fail(d);
	}
	return der_fail(d);
}
