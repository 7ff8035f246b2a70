#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/random.h"
#include "base/slice.h"

static unsigned char
lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

bool
slice_ieq(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

bool
slice_has_prefix(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	    slice_eq(slice_of(s.ptr, prefix.len), prefix);
}

bool
slice_has_suffix(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	    slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

struct slice
slice_from(struct slice s, size_t off)
{
	check(off <= s.len);
	return s.ptr == NULL ? s : slice_of(s.ptr + off, s.len - off);
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = slice_from(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

ptrdiff_t
slice_find(struct slice s, char c)
{
	const char *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;

	return at == NULL ? -1 : at - s.ptr;
}

bool
slice_cut(struct slice *rest, char sep, struct slice *part)
{
	if (rest->ptr == NULL)
		return false;
	ptrdiff_t at = slice_find(*rest, sep);

	if (at < 0) {
		*part = *rest;
		*rest = SLICE_NONE;
	} else {
		*part = slice_of(rest->ptr, (size_t)at);
		*rest = slice_from(*rest, (size_t)at + 1);
	}
	return true;
}

int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.ptr, b.ptr, n) : 0;

	if (c != 0)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

size_t
slice_utf8(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;

	if (s.len == 0)
		return 0;
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 :
	    p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;

	if (n > s.len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

bool
slice_u64(struct slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(s.ptr[i] - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

static uint64_t
load64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t
load32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Both halves of the product: each bit of either moves all of the result. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* At most eight bytes as a number; of the same length, others are another. */
static uint64_t
load_few(const char *p, size_t n)
{
	if (n == 8)
		return load64(p);
	if (n >= 4)
		return load32(p) << 32 | load32(p + n - 4);
	if (n > 0)
		return (uint64_t)(unsigned char)p[0] << 16 |
		    (uint64_t)(unsigned char)p[n / 2] << 8 |
		    (unsigned char)p[n - 1];
	return 0;
}

uint64_t
slice_hash(struct slice s)
{
	uint64_t h = random_seed() ^ s.len * UINT64_C(0x9e3779b97f4a7c15);
	const char *p = s.ptr;
	size_t left = s.len;

	for (; left > 8; p += 8, left -= 8)
		h = fold(h ^ load64(p), UINT64_C(0xa0761d6478bd642f));
	return fold(h ^ load_few(p, left), UINT64_C(0xe7037ed1a0b428db));
}

uint64_t
slice_hash_fixed(struct slice s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	return h * UINT64_C(0x9e3779b97f4a7c15);
}
