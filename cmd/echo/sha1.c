#include <string.h>

#include "cmd/echo/sha1.h"

#define BLOCK	64

static uint32_t
rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static uint32_t
mix(int round, const uint32_t *h)
{
	if (round < 20)
		return ((h[1] & h[2]) | (~h[1] & h[3])) + 0x5a827999u;
	if (round < 40)
		return (h[1] ^ h[2] ^ h[3]) + 0x6ed9eba1u;
	if (round < 60)
		return ((h[1] & h[2]) | (h[1] & h[3]) | (h[2] & h[3])) +
		    0x8f1bbcdcu;
	return (h[1] ^ h[2] ^ h[3]) + 0xca62c1d6u;
}

static void
add_block(uint32_t state[5], const uint8_t *p)
{
	uint32_t w[80], h[5];

	for (int i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | p[3];
	for (int i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(h, state, sizeof(h));
	for (int i = 0; i < 80; i++) {
		uint32_t next = rotate(h[0], 5) + mix(i, h) + h[4] + w[i];

		h[4] = h[3];
		h[3] = h[2];
		h[2] = rotate(h[1], 30);
		h[1] = h[0];
		h[0] = next;
	}
	for (int i = 0; i < 5; i++)
		state[i] += h[i];
}

void
sha1(uint8_t out[SHA1_LEN], struct slice s)
{
	uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
	    0xc3d2e1f0 };
	uint8_t last[2 * BLOCK] = { 0 };
	size_t rest = s.len % BLOCK;
	size_t len = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
	uint64_t bits = (uint64_t)s.len * 8;

	for (size_t i = 0; i + BLOCK <= s.len; i += BLOCK)
		add_block(state, (const uint8_t *)s.ptr + i);
	if (rest > 0)
		memcpy(last, s.ptr + s.len - rest, rest);
	last[rest] = 0x80;
	for (size_t i = 0; i < 8; i++)
		last[len - 1 - i] = (uint8_t)(bits >> (8 * i));
	for (size_t i = 0; i < len; i += BLOCK)
		add_block(state, last + i);
	for (size_t i = 0; i < SHA1_LEN; i++)
		out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
