#include <brotli/encode.h>
#include <malloc.h>
#include <stdio.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "filter/coder.h"

#define KIB	1024

struct coder {
	const struct maker *maker;
	size_t              bytes, peak;	/* that the library has of us */
	z_stream            gzip;
	BrotliEncoderState *brotli;
};

struct maker {
	int    window_least, window_most;	/* powers of two */
	void (*start)(struct coder *, int effort, int window, int64_t size);
	/* All of the piece; with another op than CODER_MORE what is inside too. */
	void (*run)(struct coder *, struct slice, struct buf *, enum coder_op);
	void (*stop)(struct coder *);
};

/* --- memory -------------------------------------------------------------------- */

static void *
count(struct coder *c, void *p)
{
	c->bytes += malloc_usable_size(p);
	if (c->bytes > c->peak)
		c->peak = c->bytes;
	return p;
}

static void
give_back(void *coder, void *p)
{
	struct coder *c = coder;

	if (p != NULL)
		c->bytes -= malloc_usable_size(p);
	mem_free(p);
}

static size_t
piece_for(struct slice in)
{
	return in.len > 2048 ? 4096 : 1024;
}

/* --- gzip ---------------------------------------------------------------------- */

static void *
take_items(void *coder, unsigned n, unsigned size)
{
	return count(coder, mem_zalloc((size_t)n * size));
}

static void
start_gzip(struct coder *c, int effort, int window, int64_t size)
{
	(void)size;
	c->gzip.zalloc = take_items;
	c->gzip.zfree = give_back;
	c->gzip.opaque = c;
	/* 16 on top asks for gzip's frame instead of zlib's. */
	check(deflateInit2(&c->gzip, effort, Z_DEFLATED, 16 + window, 7,
	    Z_DEFAULT_STRATEGY) == Z_OK);
}

static void
run_gzip(struct coder *c, struct slice in, struct buf *out, enum coder_op op)
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
		    piece_for(in), &room);
		c->gzip.avail_out = (unsigned)room;
		r = deflate(&c->gzip, ops[op]);
		/* Z_BUF_ERROR: nothing to do, which is no error. */
		check(r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR);
		buf_commit(out, room - c->gzip.avail_out);
	} while (r != Z_STREAM_END && c->gzip.avail_out == 0);
	check(c->gzip.avail_in == 0);
}

static void
stop_gzip(struct coder *c)
{
	deflateEnd(&c->gzip);
}

/* --- brotli -------------------------------------------------------------------- */

static void *
take_bytes(void *coder, size_t size)
{
	return count(coder, mem_alloc(size));
}

/* From a MiB on brotli takes tables of megabytes: it is told of less. */
static void
start_brotli(struct coder *c, int effort, int window, int64_t size)
{
	const struct {
		BrotliEncoderParameter what;
		uint32_t value;
	} v[] = {
		{ BROTLI_PARAM_QUALITY, (uint32_t)effort },
		{ BROTLI_PARAM_LGWIN, (uint32_t)window },
		{ BROTLI_PARAM_SIZE_HINT, size > 0 && size < 64 * KIB ?
		    (uint32_t)size : 64 * KIB },
	};

	c->brotli = BrotliEncoderCreateInstance(take_bytes, give_back, c);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		check(BrotliEncoderSetParameter(c->brotli, v[i].what,
		    v[i].value));
}

static void
run_brotli(struct coder *c, struct slice in, struct buf *out, enum coder_op op)
{
	static const BrotliEncoderOperation ops[] = {
		[CODER_MORE] = BROTLI_OPERATION_PROCESS,
		[CODER_FLUSH] = BROTLI_OPERATION_FLUSH,
		[CODER_END] = BROTLI_OPERATION_FINISH
	};
	const uint8_t *next_in = (const uint8_t *)in.ptr;
	size_t left = in.len;

	do {
		size_t room;
		uint8_t *next_out = (uint8_t *)buf_reserve(out, 16,
		    piece_for(in), &room);
		size_t free_room = room;

		check(BrotliEncoderCompressStream(c->brotli, ops[op], &left,
		    &next_in, &free_room, &next_out, NULL));
		buf_commit(out, room - free_room);
	} while (left > 0 || BrotliEncoderHasMoreOutput(c->brotli));
}

static void
stop_brotli(struct coder *c)
{
	BrotliEncoderDestroyInstance(c->brotli);
}

/* --- the doors ----------------------------------------------------------------- */

static const struct maker makers[] = {
	[CODING_GZIP] = { 9, 14, start_gzip, run_gzip, stop_gzip },
	[CODING_BROTLI] = { 10, 16, start_brotli, run_brotli, stop_brotli },
};

/* The smallest window that holds it all. */
static int
window_for(const struct maker *m, int64_t size)
{
	int bits = m->window_least;

	if (size < 0)
		return m->window_most;
	while (bits < m->window_most && INT64_C(1) << bits < size)
		bits++;
	return bits;
}

struct coder *
coder_new(enum coding coding, int effort, int64_t size)
{
	struct coder *c = mem_zalloc(sizeof(*c));

	c->maker = &makers[coding];
	c->maker->start(c, effort, window_for(c->maker, size), size);
	return c;
}

void
coder_free(struct coder *c)
{
	if (c == NULL)
		return;
	c->maker->stop(c);
	mem_free(c);
}

void
coder_run(struct coder *c, struct buf *in, struct buf *out, enum coder_op op)
{
	struct buf_seg *it = NULL;
	struct slice piece;

	while (buf_next(in, &it, &piece))
		if (piece.len > 0)
			c->maker->run(c, piece, out, CODER_MORE);
	buf_drain(in, buf_len(in));
	if (op != CODER_MORE)
		c->maker->run(c, SLICE(""), out, op);
}

size_t
coder_most(enum coding coding, int effort)
{
	/* Brotli's, measured: its tables grow with the effort. */
	static const size_t brotli_kib[] = {
		512, 1024, 1024, 1024, 2048, 2560, 2560, 2560, 2560, 3072, 4096,
		6144,
	};

	return KIB * (coding == CODING_GZIP ? 136 : brotli_kib[effort]);
}

size_t
coder_peak(const struct coder *c)
{
	return c->peak;
}

const char *
coder_gzip_version(void)
{
	return zlibVersion();
}

const char *
coder_brotli_version(void)
{
	static _Thread_local char text[32];
	uint32_t v = BrotliEncoderVersion();

	snprintf(text, sizeof(text), "%u.%u.%u", v >> 24, v >> 12 & 0xfff,
	    v & 0xfff);
	return text;
}
