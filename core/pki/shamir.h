#ifndef PKI_SHAMIR_H
#define PKI_SHAMIR_H

#include <stddef.h>
#include <stdint.h>

/*
 * shamir: a secret cut into shares, of which so many as were agreed on give it
 * back and fewer tell nothing (A. Shamir, How to share a secret, 1979), byte by
 * byte over GF(2^8) with the polynomial of AES (FIPS 197, 4.2).
 *
 * No branch and no address depends on a secret.  Whether a share is the right
 * one cannot be seen here: with a wrong one a wrong secret comes out.  See
 * share.h.
 */
#define SHAMIR_MAX	255	/* shares: x is 1 .. 255, the secret at 0 */

/*
 * Share i, the bytes at shares + i * len, is for x = i + 1.  random: (threshold
 * - 1) * len bytes that nobody else ever sees.  0 < threshold <= count.
 */
void shamir_split(uint8_t *shares, size_t count, const uint8_t *secret,
    size_t len, size_t threshold, const uint8_t *random);
/* n shares; x[i], none 0 and none twice, says which one shares[i] is. */
void shamir_combine(uint8_t *secret, size_t len, const uint8_t *const *shares,
    const uint8_t *x, size_t n);

/* The field, for tests: product, and inverse (of 0 it is 0). */
uint8_t shamir_mul(uint8_t a, uint8_t b);
uint8_t shamir_invert(uint8_t a);

#endif
