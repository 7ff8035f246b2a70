#define ZLIB_CONST
#include <zlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "filter/coder.h"

#define WINDOW_LEAST	9	/* powers of two: 512 bytes ... */
#define WINDOW_MOST	14	/* ... 16 KiB */

struct coder {
	z_stream gzip;
};

/* The smallest window that holds it all. */
static int
window_for(int64_t size)
{
	int bits = WINDOW_LEAST;

	if (size < 0)
		return WINDOW_MOST;
	while (bits < WINDOW_MOST && INT64_C(1) << bits < size)
		bits++;
	return bits;
}

static void *
alloc(void *opaque, unsigned n, unsigned size)
{
	(void)opaque;
	return mem_zalloc((size_t)n * size);
}

static void
release(void *opaque, void *p)
{
	(void)opaque;
	mem_free(p);
}

struct coder *
coder_new(int level, int64_t size)
{
	struct coder *c = mem_zalloc(sizeof(*c));

	c->gzip.zalloc = alloc;
	c->gzip.zfree = release;
	/* 16 on top asks for gzip's frame instead of zlib's. */
	check(deflateInit2(&c->gzip, level, Z_DEFLATED, 16 + window_for(size),
	    7, Z_DEFAULT_STRATEGY) == Z_OK);
	return c;
}

void
coder_free(struct coder *c)
{
	if (c == NULL)
		return;
	deflateEnd(&c->gzip);
	mem_free(c);
}

/* All of the piece, and with another op than CODER_MORE what is inside too. */
static void
run_piece(struct coder *c, struct slice in, struct buf *out, enum coder_op op)
{
	static const int ops[] = {
		[CODER_MORE] = Z_NO_FLUSH, [CODER_FLUSH] = Z_SYNC_FLUSH,
		[CODER_END] = Z_FINISH
	};
	int r = Z_OK;

	c->gzip.next_in = (const unsigned char *)in.ptr;
	c->gzip.avail_in = (unsigned)in.len;
	do {
		size_t room;

		c->gzip.next_out = (unsigned char *)buf_reserve(out, 16,
		    in.len > 2048 ? 4096 : 1024, &room);
		c->gzip.avail_out = (unsigned)room;
		r = deflate(&c->gzip, ops[op]);
		/* Z_BUF_ERROR: nothing to do, which is no error. */
		check(r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR);
		buf_commit(out, room - c->gzip.avail_out);
	} while (r != Z_STREAM_END && c->gzip.avail_out == 0);
	check(c->gzip.avail_in == 0);
}

void
coder_run(struct coder *c, struct buf *in, struct buf *out, enum coder_op op)
{
	struct buf_seg *it = NULL;
	struct slice piece;

	while (buf_next(in, &it, &piece))
		if (piece.len > 0)
			run_piece(c, piece, out, CODER_MORE);
	buf_drain(in, buf_len(in));
	if (op != CODER_MORE)
		run_piece(c, SLICE(""), out, op);
}

const char *
coder_library_version(void)
{
	return zlibVersion();
}
