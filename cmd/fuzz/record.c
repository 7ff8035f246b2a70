#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/fuzz/fuzz.h"
#include "net/conn_image.h"
#include "tls/aead.h"
#include "tls/tls.h"

/*
 * The input is what a peer that has the keys does, so that what lies behind the
 * tag is reached: the suite, then steps.  A step is a byte that says what, two
 * of a length, and so many bytes.
 *
 *	bits 0, 1	the type: 20 and this
 *	bit 2		one bit of the record is another
 *	bit 3		as they are: nobody sealed these bytes
 *
 * Only what was sealed, and stands before anything that was not, may come out.
 */
#define STEP_TYPE	3u
#define STEP_FLIP	4u
#define STEP_RAW	8u

#define PLAIN_MAX	16384	/* RFC 5246, section 6.2.1 */
#define IDLE_MAX	16	/* records without data, in a row */

enum { CHANGE_CIPHER_SPEC = 20, ALERT, HANDSHAKE, DATA };

struct script {
	struct slice   rest;
	struct aead    peer;
	struct buf     wire;	/* what it sent */
	struct buf     data;	/* what of that is to come out */
	int            idle;
	bool           ends, fails;	/* what is to become of the reader */
	bool           is_forged;	/* nothing after this is the peer's */
};

struct reader {
	void             *state;
	struct buf        raw, in;
	bool              eof;
	int               result;
	enum close_reason why;
};

static size_t
take_number(struct slice *rest, size_t bytes)
{
	size_t n = 0;

	for (; bytes > 0 && rest->len > 0; bytes--) {
		n = n << 8 | (uint8_t)rest->ptr[0];
		*rest = slice_from(*rest, 1);
	}
	return n;
}

/* --- the peer -------------------------------------------------------------------- */

static void
expect_alert(struct script *s, struct slice body)
{
	if (body.len != 2 || (body.ptr[1] != 0 && body.ptr[0] != 1))
		s->fails = true;
	else if (body.ptr[1] == 0)	/* close_notify */
		s->ends = true;
	else
		s->idle++;
}

static void
expect(struct script *s, uint8_t type, struct slice body)
{
	if (s->ends || s->fails || s->is_forged)
		return;
	if (body.len > PLAIN_MAX || s->idle >= IDLE_MAX) {
		s->fails = true;
	} else if (type == DATA) {
		buf_add_slice(&s->data, body);
		s->idle = body.len > 0 ? 0 : s->idle + 1;
	} else if (type == ALERT) {
		expect_alert(s, body);
	} else {
		s->fails = true;
	}
}

static void
seal(struct script *s, uint8_t type, struct slice body, bool flips)
{
	size_t nonce = aead_nonce_len(s->peer.suite);
	size_t len = nonce + body.len + AEAD_TAG_LEN;
	unsigned char *p = mem_alloc(5 + len);
	struct buf plain = { 0 };

	p[0] = type;
	p[1] = p[2] = 3;
	p[3] = (unsigned char)(len >> 8);
	p[4] = (unsigned char)len;
	buf_add_slice(&plain, body);
	aead_seal(&s->peer, type, &plain, body.len, &(struct aead_record){
	    p + 5, p + 5 + nonce, p + 5 + nonce + body.len });
	if (flips) {
		size_t bit = slice_hash_fixed(body) % ((5 + len) * 8);

		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
		s->is_forged = true;
	}
	expect(s, type, body);
	buf_add(&s->wire, p, 5 + len);
	buf_fini(&plain);
	mem_free(p);
}

static void
play(struct script *s)
{
	while (s->rest.len > 0) {
		size_t what = take_number(&s->rest, 1);
		size_t len = take_number(&s->rest, 2);

		len %= s->rest.len + 1;
		struct slice body = slice_of(s->rest.ptr, len);

		s->rest = slice_from(s->rest, len);
		if (len > UINT16_MAX - 64)
			continue;
		if (what & STEP_RAW) {
			s->is_forged |= len > 0;
			buf_add_slice(&s->wire, body);
		} else {
			seal(s, (uint8_t)(CHANGE_CIPHER_SPEC +
			    (what & STEP_TYPE)), body, what & STEP_FLIP);
		}
	}
}

/* --- the readers ------------------------------------------------------------------ */

static const struct conn_key peer_key = { .key = "the peer's key", .iv = "iv" };
static const struct conn_key our_key = { .key = "our key", .iv = "iv" };

static void
reader_init(struct reader *r, uint16_t suite)
{
	struct conn_image image = { .suite = suite, .rx = peer_key,
	    .tx = our_key };

	*r = (struct reader){ .state = tls_transport.unpack(&image) };
}

static void
reader_feed(struct reader *r, const struct buf *wire, size_t from, size_t to)
{
	struct buf rest = { 0 };

	if (r->result != 0)
		return;
	buf_share(&rest, wire);
	buf_drain(&rest, from);
	buf_move_n(&r->raw, &rest, to - from);
	buf_fini(&rest);
	r->result = tls_transport.open(r->state, &r->raw, &r->in, &r->eof,
	    &r->why);
}

static void
reader_fini(struct reader *r)
{
	tls_transport.free(r->state);
	buf_fini(&r->raw);
	buf_fini(&r->in);
}

static void
check_same(struct buf *a, struct buf *b)
{
	check(buf_len(a) == buf_len(b));
	check(slice_eq(buf_pull(a, buf_len(a)), buf_pull(b, buf_len(b))));
}

int
fuzz_record(const uint8_t *data, size_t size)
{
	struct script s = { .rest = slice_of(data, size) };
	uint16_t suite = take_number(&s.rest, 1) & 1 ? AEAD_AES_128_GCM :
	    AEAD_CHACHA20_POLY1305;
	struct reader whole, cut;

	aead_init(&s.peer, suite, &peer_key);
	play(&s);
	size_t len = buf_len(&s.wire), at = len > 0 ?
	    slice_hash_fixed(slice_of(data, size)) % len : 0;

	reader_init(&whole, suite);
	reader_feed(&whole, &s.wire, 0, len);
	reader_init(&cut, suite);
	reader_feed(&cut, &s.wire, 0, at);
	reader_feed(&cut, &s.wire, at, len);
	check_same(&whole.in, &s.data);
	check_same(&cut.in, &s.data);
	check(whole.eof == s.ends && cut.eof == s.ends);
	check(whole.result == cut.result && whole.why == cut.why);
	check(!s.fails || whole.result < 0);
	check(s.fails || s.is_forged || whole.result == 0);
	reader_fini(&whole);
	reader_fini(&cut);
	aead_wipe(&s.peer);
	buf_fini(&s.wire);
	buf_fini(&s.data);
	return 0;
}
