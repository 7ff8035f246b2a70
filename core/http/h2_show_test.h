#ifndef HTTP_H2_SHOW_TEST_H
#define HTTP_H2_SHOW_TEST_H

#include "http/h2_bench_test.h"

/*
 * Notes what the bench has sent, frame by frame, as text: at its stream or at
 * the connection (h2_frames_test.h says how); what is not whole stays.
 */
void h2_show(struct h2_bench *);

#endif
