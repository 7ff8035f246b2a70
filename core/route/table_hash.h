#ifndef ROUTE_TABLE_HASH_H
#define ROUTE_TABLE_HASH_H

#include "route/table.h"

/*
 * table_hash: hashes of paths, of one host and one kind of path match.
 * FNV-1a, a byte at a time, so that each prefix has its own on the way.
 */
static inline uint64_t
hash_start(uint32_t host)
{
	return UINT64_C(14695981039346656037) ^
	    (host + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint64_t
hash_byte(uint64_t h, char c)
{
	return (h ^ (uint8_t)c) * UINT64_C(1099511628211);
}

static inline uint64_t
hash_end(uint64_t h, enum route_path_kind kind)
{
	h = (h ^ (uint64_t)kind) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

#endif
