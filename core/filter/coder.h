#ifndef FILTER_CODER_H
#define FILTER_CODER_H

#include <stdint.h>

#include "loop/buf.h"

/*
 * coder: makes bytes shorter, as gzip (RFC 1952).
 *
 * Life: coder_new -> coder_run ... -> coder_run with CODER_END -> coder_free.
 *
 * A coder keeps at most 128 KiB, less for what is short.  What comes out goes
 * to the queue at once; CODER_FLUSH lets the reader decode all that came in so
 * far.
 */
enum coder_op { CODER_MORE, CODER_FLUSH, CODER_END };

struct coder;

/* level: 1 ... 9; size: bytes to come, -1: unknown. */
struct coder *coder_new(int level, int64_t size);
void coder_free(struct coder *);	/* NULL is allowed */
/* Drains in, adds to out.  After CODER_END nothing may come. */
void coder_run(struct coder *, struct buf *in, struct buf *out, enum coder_op);

const char *coder_library_version(void);

#endif
