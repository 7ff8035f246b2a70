#include <string.h>

#include "base/random.h"
#include "base/unit.h"
#include "pki/shamir.h"

#define LEN	3	/* bytes of a secret */
#define SHARES	7	/* at most, where all subsets are tried */

/* The product as schools teach it: polynomials, then the remainder. */
static uint8_t
mul_plain(unsigned int a, unsigned int b)
{
	unsigned int product = 0;

	for (int i = 0; i < 8; i++)
		if (b >> i & 1)
			product ^= a << i;
	for (int i = 14; i >= 8; i--)
		if (product >> i & 1)
			product ^= 0x11bu << (i - 8);
	return (uint8_t)product;
}

TEST(shamir_multiplies_every_pair)
{
	for (unsigned int a = 0; a < 256; a++)
		for (unsigned int b = 0; b < 256; b++)
			assert_int_equal(shamir_mul((uint8_t)a, (uint8_t)b),
			    mul_plain(a, b));
	assert_int_equal(shamir_mul(0x57, 0x83), 0xc1);	/* FIPS 197, 4.2 */
}

TEST(shamir_inverts_every_value)
{
	assert_int_equal(shamir_invert(0), 0);
	for (unsigned int a = 1; a < 256; a++)
		assert_int_equal(shamir_mul((uint8_t)a,
		    shamir_invert((uint8_t)a)), 1);
}

/* The chosen of count shares, by the bits of set, give the secret back. */
static void
try_subset(const uint8_t *shares, size_t count, unsigned int set,
    const uint8_t *secret)
{
	const uint8_t *chosen[SHARES];
	uint8_t x[SHARES], out[LEN];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (set >> i & 1) {
			chosen[n] = shares + i * LEN;
			x[n++] = (uint8_t)(i + 1);
		}
	shamir_combine(out, LEN, chosen, x, n);
	assert_memory_equal(out, secret, LEN);
	/* The order that they come in does not matter. */
	for (size_t i = 0; i < n / 2; i++) {
		const uint8_t *share = chosen[i];
		uint8_t at = x[i];

		chosen[i] = chosen[n - 1 - i];
		x[i] = x[n - 1 - i];
		chosen[n - 1 - i] = share;
		x[n - 1 - i] = at;
	}
	shamir_combine(out, LEN, chosen, x, n);
	assert_memory_equal(out, secret, LEN);
}

TEST(shamir_every_subset_that_is_large_enough_gives_the_secret)
{
	uint8_t secret[LEN] = { 0, 0x80, 0xff }, random[SHARES * LEN];
	uint8_t shares[SHARES * LEN];

	memset(random, 0x5a, sizeof(random));
	for (size_t count = 1; count <= SHARES; count++)
		for (size_t threshold = 1; threshold <= count; threshold++) {
			shamir_split(shares, count, secret, LEN, threshold,
			    random);
			for (unsigned int set = 1; set < 1u << count; set++) {
				size_t n = (size_t)__builtin_popcount(set);

				if (n >= threshold)
					try_subset(shares, count, set, secret);
			}
		}
}

/*
 * All of it, of one byte: for every secret, over all coefficients, each share
 * takes each value equally often.  So one share of a threshold of two says
 * nothing, and no pair of a threshold of three does.
 */
TEST(shamir_too_few_shares_say_nothing)
{
	static uint16_t seen[256][256];

	for (unsigned int secret = 0; secret < 256; secret += 51)
		for (size_t which = 0; which < 3; which++) {
			memset(seen, 0, sizeof(seen));
			for (unsigned int r = 0; r < 256; r++) {
				uint8_t s = (uint8_t)secret, c = (uint8_t)r;
				uint8_t out[3];

				shamir_split(out, 3, &s, 1, 2, &c);
				seen[0][out[which]]++;
			}
			for (size_t v = 0; v < 256; v++)
				assert_int_equal(seen[0][v], 1);
		}
	for (unsigned int secret = 0; secret < 256; secret += 255) {
		memset(seen, 0, sizeof(seen));
		for (unsigned int r = 0; r < 65536; r++) {
			uint8_t s = (uint8_t)secret, out[3];
			uint8_t c[2] = { (uint8_t)r, (uint8_t)(r >> 8) };

			shamir_split(out, 3, &s, 1, 3, c);
			seen[out[0]][out[2]]++;
		}
		for (size_t v = 0; v < 256; v++)
			for (size_t w = 0; w < 256; w++)
				assert_int_equal(seen[v][w], 1);
	}
}

TEST(shamir_takes_255_shares)
{
	static uint8_t shares[SHAMIR_MAX * LEN], random[SHAMIR_MAX * LEN];
	const uint8_t *chosen[SHAMIR_MAX];
	uint8_t secret[LEN] = { 1, 2, 3 }, x[SHAMIR_MAX], out[LEN];

	random_bytes(random, sizeof(random));
	shamir_split(shares, SHAMIR_MAX, secret, LEN, SHAMIR_MAX, random);
	for (size_t i = 0; i < SHAMIR_MAX; i++) {
		chosen[i] = shares + i * LEN;
		x[i] = (uint8_t)(i + 1);
	}
	shamir_combine(out, LEN, chosen, x, SHAMIR_MAX);
	assert_memory_equal(out, secret, LEN);
}
