#ifndef PKI_HASH_H
#define PKI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * hash: SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104) and the comparison
 * that takes the same time wherever two values differ.
 * The rest of the program hashes through this header, so that the library
 * behind it can change.  Nothing here can fail.
 *
 * In pieces: hash_init -> hash_add ... -> hash_out.  A context is plain data:
 * it may be copied, and hash_out leaves it as it was, so that the hash of a
 * prefix costs nothing extra.
 */
#define HASH_LEN	32	/* bytes of a SHA-256 */

struct hash {
	uint64_t state[14];	/* opaque */
};

void hash_init(struct hash *);
void hash_add(struct hash *, struct slice);
void hash_out(const struct hash *, uint8_t out[HASH_LEN]);
void hash_sha256(uint8_t out[HASH_LEN], struct slice);
/* SHA-1 of both behind each other: for protocols that prescribe it, no proof. */
#define HASH_SHA1_LEN	20
void hash_sha1(uint8_t out[HASH_SHA1_LEN], struct slice, struct slice);
void hash_hmac(uint8_t out[HASH_LEN], struct slice key, struct slice message);

/* In constant time for equal lengths; different lengths are unequal at once. */
bool hash_equal(struct slice a, struct slice b);

#endif
