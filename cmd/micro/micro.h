#ifndef MICRO_MICRO_H
#define MICRO_MICRO_H

#include <stddef.h>

/*
 * micro: the pure parts of the data path, one operation at a time, to be
 * counted in instructions: `micro NAME N` does it N times, and what 2N take
 * more than N, divided by N, is what one takes (testdata/bench/micro.py).
 *
 * Instructions do not depend on what else the machine does, so that a
 * regression of a few percent shows.  They say nothing about caches or about
 * the kernel.
 */
struct micro {
	const char *name;
	void     *(*start)(void);
	void      (*once)(void *state);
	void      (*stop)(void *state);
};

/* Builds a table of 10,000 routes once; prints its time and size as JSON. */
void micro_print_routes(void);

/* One table for each file. */
extern const struct micro micro_http[], micro_tls[], micro_proxy[], micro_route[],
    micro_policy[];
extern const size_t micro_http_len, micro_tls_len, micro_proxy_len, micro_route_len,
    micro_policy_len;

#endif
