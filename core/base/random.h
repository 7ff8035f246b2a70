#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/*
 * random: two sources.  random_bytes is for secrets, serials and identifiers
 * (getrandom).  random_u64 and random_below are for balancing and jitter:
 * fast, per thread, seeded from the kernel, not for secrets.
 */
void random_bytes(void *p, size_t len);
uint64_t random_u64(void);
uint64_t random_below(uint64_t n);	/* 0 <= result < n; n > 0 */
double random_unit(void);		/* 0 <= result < 1 */
/* A seed drawn once per process, for hash tables. */
uint64_t random_seed(void);
/* "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx" (RFC 9562, version 4). */
#define RANDOM_UUID_LEN	36
void random_uuid(char out[RANDOM_UUID_LEN + 1]);

#endif
