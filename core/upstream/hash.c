#include <string.h>

#include "upstream/hash.h"

#define P1	UINT64_C(0x9e3779b185ebca87)
#define P2	UINT64_C(0xc2b2ae3d27d4eb4f)
#define P3	UINT64_C(0x165667b19e3779f9)
#define P4	UINT64_C(0x85ebca77c2b2ae63)
#define P5	UINT64_C(0x27d4eb2f165667c5)

static uint64_t
rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

/* Little-endian, whatever the machine is. */
static uint64_t
read_le(const char *p, int bytes)
{
	uint64_t x = 0;

	for (int i = 0; i < bytes; i++)
		x |= (uint64_t)(unsigned char)p[i] << 8 * i;
	return x;
}

static uint64_t
round_of(uint64_t acc, uint64_t input)
{
	return rotl(acc + input * P2, 31) * P1;
}

static uint64_t
stripes(struct slice *s)
{
	uint64_t v[4] = { P1 + P2, P2, 0, 0 - P1 };

	for (; s->len >= 32; *s = slice_from(*s, 32))
		for (int i = 0; i < 4; i++)
			v[i] = round_of(v[i], read_le(s->ptr + 8 * i, 8));
	uint64_t h = rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) +
	    rotl(v[3], 18);

	for (int i = 0; i < 4; i++)
		h = (h ^ round_of(0, v[i])) * P1 + P4;
	return h;
}

uint64_t
hash_mix(uint64_t h)
{
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	return h ^ h >> 32;
}

uint64_t
hash_bytes(struct slice s)
{
	uint64_t len = s.len;
	uint64_t h = (s.len >= 32 ? stripes(&s) : P5) + len;

	for (; s.len >= 8; s = slice_from(s, 8))
		h = rotl(h ^ round_of(0, read_le(s.ptr, 8)), 27) * P1 + P4;
	for (; s.len >= 4; s = slice_from(s, 4))
		h = rotl(h ^ read_le(s.ptr, 4) * P1, 23) * P2 + P3;
	for (; s.len > 0; s = slice_from(s, 1))
		h = rotl(h ^ read_le(s.ptr, 1) * P5, 11) * P1;
	return hash_mix(h);
}
