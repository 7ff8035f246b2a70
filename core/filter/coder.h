#ifndef FILTER_CODER_H
#define FILTER_CODER_H

#include <stdint.h>

#include "filter/coding.h"
#include "loop/buf.h"

/*
 * coder: makes bytes shorter, as gzip (RFC 1952) or brotli (RFC 7932).
 *
 * Life: coder_new -> coder_run ... -> coder_run with CODER_END -> coder_free.
 *
 * What comes out goes to the queue at once; CODER_FLUSH lets the reader decode
 * all that came in so far.  Windows are small, at most 16 KiB of gzip and 64
 * KiB of brotli: bodies are made while somebody waits, by many coders at once.
 */
enum coder_op { CODER_MORE, CODER_FLUSH, CODER_END };

struct coder;

/*
 * effort: 1 ... 9 of gzip, 0 ... 11 of brotli; size: bytes to come, -1:
 * unknown.  A coder of what is short keeps less.
 */
struct coder *coder_new(enum coding, int effort, int64_t size);
void coder_free(struct coder *);	/* NULL is allowed */
/* Drains in, adds to out.  After CODER_END nothing may come. */
void coder_run(struct coder *, struct buf *in, struct buf *out, enum coder_op);
/* Bytes that such a coder keeps at most, and that this one kept so far. */
size_t coder_most(enum coding, int effort);
size_t coder_peak(const struct coder *);

const char *coder_gzip_version(void);
const char *coder_brotli_version(void);

#endif
