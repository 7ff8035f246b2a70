#include <string.h>

#include "base/check.h"
#include "pki/shamir.h"

#define POLYNOMIAL	0x1b	/* x^8 + x^4 + x^3 + x + 1, without x^8 */

/* All bits of the lowest one. */
static uint8_t
mask(unsigned int bit)
{
	return (uint8_t)(0u - (bit & 1));
}

uint8_t
shamir_mul(uint8_t a, uint8_t b)
{
	uint8_t product = 0;

	for (int i = 0; i < 8; i++) {
		product ^= a & mask(b);
		a = (uint8_t)((a << 1) ^ (POLYNOMIAL & mask(a >> 7)));
		b >>= 1;
	}
	return product;
}

/* a^254, as a^255 is 1: 254 = 11111110b. */
uint8_t
shamir_invert(uint8_t a)
{
	uint8_t power = a, result = 1;

	for (int i = 0; i < 7; i++) {
		power = shamir_mul(power, power);
		result = shamir_mul(result, power);
	}
	return result;
}

void
shamir_split(uint8_t *shares, size_t count, const uint8_t *secret, size_t len,
    size_t threshold, const uint8_t *random)
{
	check(threshold > 0 && threshold <= count && count <= SHAMIR_MAX);
	for (size_t i = 0; i < count; i++) {
		uint8_t *y = shares + i * len;

		/* Horner's rule, from the highest coefficient down. */
		memset(y, 0, len);
		for (size_t k = threshold; k-- > 0;) {
			const uint8_t *c = k == 0 ? secret :
			    random + (k - 1) * len;

			for (size_t b = 0; b < len; b++)
				y[b] = shamir_mul(y[b], (uint8_t)(i + 1)) ^ c[b];
		}
	}
}

/* Lagrange's weight of share i for the value at 0; the x are no secret. */
static uint8_t
weight(const uint8_t *x, size_t n, size_t i)
{
	uint8_t over = 1, under = 1;

	for (size_t j = 0; j < n; j++) {
		if (j == i)
			continue;
		check(x[j] != x[i]);
		over = shamir_mul(over, x[j]);
		under = shamir_mul(under, x[i] ^ x[j]);
	}
	return shamir_mul(over, shamir_invert(under));
}

void
shamir_combine(uint8_t *secret, size_t len, const uint8_t *const *shares,
    const uint8_t *x, size_t n)
{
	memset(secret, 0, len);
	for (size_t i = 0; i < n; i++) {
		uint8_t w = weight(x, n, i);

		check(x[i] != 0);
		for (size_t b = 0; b < len; b++)
			secret[b] ^= shamir_mul(shares[i][b], w);
	}
}
