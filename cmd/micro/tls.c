#include "base/check.h"
#include "base/mem.h"
#include "base/slice.h"
#include "cmd/micro/micro.h"
#include "loop/buf.h"
#include "net/conn.h"
#include "tls/tls.h"

/*
 * Records of TLS through the transport that connections use: plain text is
 * queued, sealed, opened again.  The two directions have the same key here,
 * so that what is sealed can be opened by the same state.
 */
#define AES_128_GCM	0xC02B	/* ECDHE-ECDSA-AES128-GCM-SHA256 */

struct records {
	void         *state;
	size_t        len;
	unsigned char plain[64 * 1024];
};

static void *
records_start(size_t len)
{
	struct records *r = mem_zalloc(sizeof(*r));
	struct conn_image image = { .fd = -1, .suite = AES_128_GCM };

	r->len = len;
	r->state = tls_transport.unpack(&image);
	conn_image_fini(&image);
	return r;
}

static void *
start_256(void)
{
	return records_start(256);
}

static void *
start_16k(void)
{
	return records_start(16 * 1024);
}

static void *
start_64k(void)
{
	return records_start(64 * 1024);
}

static void
once(void *state)
{
	struct records *r = state;
	struct buf plain = { 0 }, sealed = { 0 }, opened = { 0 };
	enum close_reason why;
	bool eof = false;

	buf_add(&plain, r->plain, r->len);
	tls_transport.seal(r->state, &plain, &sealed);
	check(tls_transport.open(r->state, &sealed, &opened, &eof, &why) == 0);
	check(buf_len(&opened) == r->len && buf_len(&sealed) == 0);
	buf_fini(&plain);
	buf_fini(&sealed);
	buf_fini(&opened);
}

static void
stop(void *state)
{
	struct records *r = state;

	tls_transport.free(r->state);
	mem_free(r);
}

const struct micro micro_tls[] = {
	{ "tls-seal-and-open-256", start_256, once, stop },
	{ "tls-seal-and-open-16k", start_16k, once, stop },
	{ "tls-seal-and-open-64k", start_64k, once, stop },
};
const size_t micro_tls_len = sizeof(micro_tls) / sizeof(micro_tls[0]);
