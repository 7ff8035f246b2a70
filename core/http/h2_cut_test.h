#ifndef HTTP_H2_CUT_TEST_H
#define HTTP_H2_CUT_TEST_H

#include "http/h2_bench_test.h"

/*
 * h2_cut: the same frames whole, in two pieces cut at each byte, and byte by
 * byte (SIZE_MAX).
 */
void h2_cut_each(const char *frames,
    void (*run)(const void *arg, struct slice in, size_t at), const void *arg);
void h2_cut_feed(struct h2_bench *, struct slice in, size_t at);

#endif
