#ifndef FILTER_CODING_H
#define FILTER_CODING_H

#include "http/head.h"

/*
 * coding: names of content codings (RFC 9110, section 8.4), and which of them
 * a caller takes.
 */
enum coding {
	CODING_GZIP,
	CODING_BROTLI,
	CODING_NONE
};

/* As in Content-Encoding; of CODING_NONE SLICE_NONE. */
struct slice coding_name(enum coding);
/*
 * The coding of n that Accept-Encoding likes most, of those that it likes
 * alike the first (RFC 9110, section 12.5.3).  CODING_NONE: leave it as it
 * is; that is also the answer where the field is absent or malformed.
 */
enum coding coding_choose(const struct http_fields *, const int *codings,
    size_t n);

#endif
