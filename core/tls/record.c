#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/buf.h"
#include "net/conn.h"
#include "tls/aead.h"
#include "tls/tls.h"

/*
 * The record layer after the handshake (RFC 5246, section 6).  Received
 * bytes are decrypted in fresh room at the end of the plaintext queue and
 * become part of it only when their tag is right.
 */
#define HEAD_LEN	5
#define PLAIN_MAX	16384	/* RFC 5246, section 6.2.1 */
/* One sealed record fills one block of the queue. */
#define SEAL_MAX	(BUF_BLOCK_MAX - HEAD_LEN - AEAD_NONCE_MAX - AEAD_TAG_LEN)
/* Records in a row without data that are put up with (CVE-2016-8610). */
#define IDLE_RECORDS_MAX	16

enum content_type {
	TYPE_CHANGE_CIPHER_SPEC = 20,
	TYPE_ALERT = 21,
	TYPE_HANDSHAKE = 22,
	TYPE_DATA = 23,
};

enum { LEVEL_WARNING = 1, LEVEL_FATAL = 2 };

struct record {
	struct aead rx, tx;
	unsigned    idle;	/* records since the last data */
	bool        ended;	/* close_notify came */
};

struct head {
	uint8_t type;
	size_t  body;	/* bytes behind the header */
	size_t  plain;	/* of these are data */
};

static bool
refuse(enum close_reason *why, enum close_reason reason, const char *text)
{
	log_debug("tls", "record refused: %s", text);
	*why = reason;
	return false;
}

/* Looks at the header of the next record, once it is there. */
static bool
head_parse(const struct record *r, const struct buf *raw, struct head *h,
    enum close_reason *why)
{
	unsigned char p[HEAD_LEN];
	size_t over = aead_nonce_len(r->rx.suite) + AEAD_TAG_LEN;

	buf_copy_out(raw, p, sizeof(p));
	h->type = p[0];
	h->body = (size_t)p[3] << 8 | p[4];
	if (p[1] != 3 || p[2] != 3)
		return refuse(why, CLOSE_TLS, "not of TLS 1.2");
	if (h->type < TYPE_CHANGE_CIPHER_SPEC || h->type > TYPE_DATA)
		return refuse(why, CLOSE_TLS, "of unknown type");
	if (h->body < over || h->body > over + PLAIN_MAX)
		return refuse(why, CLOSE_TLS, "of forbidden length");
	h->plain = h->body - over;
	return true;
}

/* The bytes of raw from `at` on. */
static void
copy_tag(const struct buf *raw, size_t at, unsigned char *tag)
{
	struct buf_seg *it = NULL;
	struct slice piece;
	size_t got = 0;

	while (got < AEAD_TAG_LEN && buf_next(raw, &it, &piece)) {
		size_t skip = piece.len < at ? piece.len : at;

		at -= skip;
		piece = slice_from(piece, skip);
		if (piece.len > AEAD_TAG_LEN - got)
			piece.len = AEAD_TAG_LEN - got;
		memcpy(tag + got, piece.ptr, piece.len);
		got += piece.len;
	}
	check(got == AEAD_TAG_LEN);
}

/* Takes the record off raw; its plaintext is at `to`. */
static bool
body_open(struct record *r, struct buf *raw, const struct head *h,
    unsigned char *to)
{
	unsigned char nonce[AEAD_NONCE_MAX], tag[AEAD_TAG_LEN];

	buf_drain(raw, HEAD_LEN);
	if (aead_nonce_len(r->rx.suite) > 0) {
		buf_copy_out(raw, nonce, aead_nonce_len(r->rx.suite));
		buf_drain(raw, aead_nonce_len(r->rx.suite));
	}
	copy_tag(raw, h->plain, tag);
	bool is_right = aead_open(&r->rx, h->type, raw, h->plain,
	    &(struct aead_record){ nonce, to, tag });

	buf_drain(raw, h->plain + sizeof(tag));
	return is_right;
}

static bool
open_data(struct record *r, struct buf *raw, const struct head *h,
    struct buf *in, enum close_reason *why)
{
	size_t room, want = h->plain > 0 ? h->plain : 1;	/* never 0 */
	unsigned char *to =
	    (unsigned char *)buf_reserve(in, want, want, &room);

	if (!body_open(r, raw, h, to)) {
		mem_wipe(to, h->plain);
		buf_commit(in, 0);
		return refuse(why, CLOSE_TLS, "not authentic");
	}
	buf_commit(in, h->plain);
	r->idle = h->plain > 0 ? 0 : r->idle + 1;
	return true;
}

static bool
open_alert(struct record *r, struct buf *raw, const struct head *h, bool *eof,
    enum close_reason *why)
{
	unsigned char alert[2];

	if (h->plain != sizeof(alert))
		return refuse(why, CLOSE_TLS, "an alert of wrong length");
	if (!body_open(r, raw, h, alert))
		return refuse(why, CLOSE_TLS, "not authentic");
	if (alert[1] == BR_ALERT_CLOSE_NOTIFY) {
		r->ended = true;
		*eof = true;
		return true;
	}
	if (alert[0] != LEVEL_WARNING) {
		log_debug("tls", "the peer sent fatal alert %d", alert[1]);
		*why = CLOSE_TLS;
		return false;
	}
	r->idle++;
	return true;
}

/*
 * Renegotiation is off (RFC 5746 or not), and TLS 1.2 has no other message
 * after the handshake.
 */
static bool
refuse_handshake(enum close_reason *why)
{
	return refuse(why, CLOSE_PROTOCOL, "a handshake after the handshake");
}

static bool
open_one(struct record *r, struct buf *raw, const struct head *h,
    struct buf *in, bool *eof, enum close_reason *why)
{
	if (r->idle >= IDLE_RECORDS_MAX)
		return refuse(why, CLOSE_PROTOCOL, "too many without data");
	if (r->rx.key.seq >= AEAD_SEQ_MAX || r->tx.key.seq >= AEAD_SEQ_MAX)
		return refuse(why, CLOSE_LIMIT, "one too many for its key");
	switch (h->type) {
	case TYPE_DATA:
		return open_data(r, raw, h, in, why);
	case TYPE_ALERT:
		return open_alert(r, raw, h, eof, why);
	default:
		return refuse_handshake(why);
	}
}

static int
record_open(void *state, struct buf *raw, struct buf *in, bool *eof,
    enum close_reason *why)
{
	struct record *r = state;
	struct head h;

	while (!r->ended && buf_len(raw) >= HEAD_LEN) {
		if (!head_parse(r, raw, &h, why))
			return -1;
		if (buf_len(raw) < HEAD_LEN + h.body)
			return 0;
		if (!open_one(r, raw, &h, in, eof, why))
			return -1;
	}
	if (r->ended)
		buf_drain(raw, buf_len(raw));
	return 0;
}

/* Appends one record with the first len bytes of plain. */
static void
seal_one(struct aead *tx, enum content_type type, struct buf *plain,
    size_t len, struct buf *raw)
{
	size_t nonce = aead_nonce_len(tx->suite), room;
	size_t body = nonce + len + AEAD_TAG_LEN;
	unsigned char *p = (unsigned char *)buf_reserve(raw, HEAD_LEN + body,
	    HEAD_LEN + body, &room);

	check(tx->key.seq < UINT64_MAX);
	p[0] = (unsigned char)type;
	p[1] = 3;
	p[2] = 3;
	p[3] = (unsigned char)(body >> 8);
	p[4] = (unsigned char)body;
	p += HEAD_LEN;
	aead_seal(tx, type, plain, len,
	    &(struct aead_record){ p, p + nonce, p + nonce + len });
	buf_drain(plain, len);
	buf_commit(raw, HEAD_LEN + body);
}

static void
record_seal(void *state, struct buf *plain, struct buf *raw)
{
	struct record *r = state;

	while (buf_len(plain) > 0) {
		size_t len = buf_len(plain);

		seal_one(&r->tx, TYPE_DATA, plain,
		    len < SEAL_MAX ? len : SEAL_MAX, raw);
	}
}

static void
record_seal_end(void *state, struct buf *raw)
{
	static const unsigned char close_notify[] = {
		LEVEL_WARNING, BR_ALERT_CLOSE_NOTIFY
	};
	struct record *r = state;
	struct buf alert = { 0 };

	buf_add(&alert, close_notify, sizeof(close_notify));
	seal_one(&r->tx, TYPE_ALERT, &alert, sizeof(close_notify), raw);
	buf_fini(&alert);
}

static void
record_pack(void *state, struct conn_image *image)
{
	struct record *r = state;

	image->suite = r->tx.suite;
	image->rx = r->rx.key;
	image->tx = r->tx.key;
	aead_wipe(&r->rx);
	aead_wipe(&r->tx);
}

static void *
record_unpack(struct conn_image *image)
{
	struct record *r = mem_zalloc(sizeof(*r));

	aead_init(&r->rx, image->suite, &image->rx);
	aead_init(&r->tx, image->suite, &image->tx);
	mem_wipe(&image->rx, sizeof(image->rx));
	mem_wipe(&image->tx, sizeof(image->tx));
	return r;
}

static void
record_free(void *state)
{
	struct record *r = state;

	if (r == NULL)
		return;
	aead_wipe(&r->rx);
	aead_wipe(&r->tx);
	mem_free(r);
}

const struct transport tls_transport = {
	.name = "tls",
	.open = record_open,
	.seal = record_seal,
	.seal_end = record_seal_end,
	.pack = record_pack,
	.unpack = record_unpack,
	.free = record_free,
	.needs_authenticated_end = true,
};
