#ifndef UPSTREAM_HASH_H
#define UPSTREAM_HASH_H

#include <stdint.h>

#include "base/slice.h"

/*
 * hash: XXH64 with seed 0.  It is the same in every process and release, so
 * that all proxies send the same key to the same endpoint.  Not for tables that
 * a peer could flood with chosen keys: base/map.h is.
 */
uint64_t hash_bytes(struct slice);
/* Another well mixed number out of a number. */
uint64_t hash_mix(uint64_t);

#endif
