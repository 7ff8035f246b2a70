#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "loop/buf.h"
#include "net/conn.h"
#include "tls/aead.h"
#include "tls/pair_test.h"
#include "tls/tls.h"

/*
 * Our record layer at the client's end; at the other BearSSL's server engine,
 * or a second aead with the server's keys for what BearSSL never says.
 */
struct ends {
	struct pair *pair;
	void        *ours;
	struct aead  theirs;	/* seals as the server */
};

static const uint16_t suites[] = { AEAD_AES_128_GCM, AEAD_CHACHA20_POLY1305 };
#define EACH_SUITE(i)	for (size_t i = 0; i < 2; i++)

static struct ends
ends_new(uint16_t suite)
{
	struct ends e = { .pair = pair_new(suite) };
	struct conn_image image = { 0 };

	pair_run(e.pair);
	assert_int_equal(e.pair->client_state, ENGINE_DONE);
	assert_int_equal(e.pair->server_state, ENGINE_DONE);
	engine_export(&e.pair->client, &image);
	aead_init(&e.theirs, suite, &image.rx);
	e.ours = tls_transport.unpack(&image);
	return e;
}

static void
ends_free(struct ends *e)
{
	tls_transport.free(e->ours);
	pair_free(e->pair);
}

/* BearSSL's server says len bytes; their records go to raw. */
static void
peer_says(struct ends *e, const unsigned char *bytes, size_t len,
    struct buf *raw)
{
	br_ssl_engine_context *eng = &e->pair->server.ssl.any;
	unsigned char *p;
	size_t room;

	while (len > 0 || br_ssl_engine_sendrec_buf(eng, &room) != NULL) {
		p = br_ssl_engine_sendrec_buf(eng, &room);
		if (p != NULL) {
			buf_add(raw, p, room);
			br_ssl_engine_sendrec_ack(eng, room);
			continue;
		}
		p = br_ssl_engine_sendapp_buf(eng, &room);
		assert_non_null(p);
		room = room < len ? room : len;
		memcpy(p, bytes, room);
		br_ssl_engine_sendapp_ack(eng, room);
		br_ssl_engine_flush(eng, 0);
		bytes += room;
		len -= room;
	}
}

/* BearSSL's server reads raw; what it understood goes to heard. */
static void
peer_hears(struct ends *e, struct buf *raw, struct buf *heard)
{
	br_ssl_engine_context *eng = &e->pair->server.ssl.any;
	unsigned char *p;
	size_t room;

	for (;;) {
		p = br_ssl_engine_recvapp_buf(eng, &room);
		if (p != NULL) {
			buf_add(heard, p, room);
			br_ssl_engine_recvapp_ack(eng, room);
			continue;
		}
		p = br_ssl_engine_recvrec_buf(eng, &room);
		if (p == NULL || buf_len(raw) == 0)
			return;
		room = room < buf_len(raw) ? room : buf_len(raw);
		buf_copy_out(raw, p, room);
		buf_drain(raw, room);
		br_ssl_engine_recvrec_ack(eng, room);
	}
}

static unsigned char *
pattern(size_t len)
{
	unsigned char *p = mem_alloc(len);

	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)(i * 7 + i / 251);
	return p;
}

static void
assert_holds(struct buf *b, const unsigned char *want, size_t len)
{
	unsigned char *got = mem_alloc(len + 1);

	assert_int_equal(buf_len(b), len);
	buf_copy_out(b, got, len);
	assert_memory_equal(got, want, len);
	mem_free(got);
	buf_fini(b);
}

static const size_t lengths[] = {
	1, 2, 15, 16, 17, 1000, 16354, 16355, 16356, 16383, 16384, 16385, 100000
};

TEST(what_bearssl_seals_we_open)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);

		for (size_t k = 0; k < sizeof(lengths) / sizeof(*lengths); k++) {
			unsigned char *bytes = pattern(lengths[k]);
			struct buf raw = { 0 }, in = { 0 };
			enum close_reason why = CLOSE_NONE;
			bool eof = false;

			peer_says(&e, bytes, lengths[k], &raw);
			assert_int_equal(tls_transport.open(e.ours, &raw, &in,
			    &eof, &why), 0);
			assert_false(eof);
			assert_int_equal(buf_len(&raw), 0);
			assert_holds(&in, bytes, lengths[k]);
			buf_fini(&raw);
			mem_free(bytes);
		}
		ends_free(&e);
	}
}

TEST(what_we_seal_bearssl_opens)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);

		for (size_t k = 0; k < sizeof(lengths) / sizeof(*lengths); k++) {
			unsigned char *bytes = pattern(lengths[k]);
			struct buf plain = { 0 }, raw = { 0 }, heard = { 0 };

			buf_add(&plain, bytes, lengths[k]);
			tls_transport.seal(e.ours, &plain, &raw);
			assert_int_equal(buf_len(&plain), 0);
			peer_hears(&e, &raw, &heard);
			assert_holds(&heard, bytes, lengths[k]);
			buf_fini(&raw);
			buf_fini(&plain);
			mem_free(bytes);
		}
		ends_free(&e);
	}
}

TEST(small_writes_leave_in_one_record)
{
	struct ends e = ends_new(AEAD_AES_128_GCM);
	struct buf plain = { 0 }, raw = { 0 }, heard = { 0 };

	for (int i = 0; i < 10; i++) {
		struct buf one = { 0 };

		buf_add(&one, "abc", 3);
		buf_move(&plain, &one);
	}
	tls_transport.seal(e.ours, &plain, &raw);
	assert_int_equal(buf_len(&raw), 5 + 8 + 30 + 16);
	peer_hears(&e, &raw, &heard);
	assert_holds(&heard,
	    (const unsigned char *)"abcabcabcabcabcabcabcabcabcabc", 30);
	buf_fini(&raw);
	ends_free(&e);
}

/* Appends one record that the server seals, of any type. */
static void
they_seal(struct ends *e, uint8_t type, const void *bytes, size_t len,
    struct buf *raw)
{
	size_t nonce = aead_nonce_len(e->theirs.suite);
	size_t body = nonce + len + AEAD_TAG_LEN;
	unsigned char *p = mem_alloc(5 + body);

	p[0] = type;
	p[1] = p[2] = 3;
	p[3] = (unsigned char)(body >> 8);
	p[4] = (unsigned char)body;
	struct buf plain = { 0 };

	buf_add(&plain, bytes, len);
	aead_seal(&e->theirs, type, &plain, len, &(struct aead_record){
	    p + 5, p + 5 + nonce, p + 5 + nonce + len });
	buf_fini(&plain);
	buf_add(raw, p, 5 + body);
	mem_free(p);
}

static void
copy_part(struct buf *to, const struct buf *from, size_t start, size_t end)
{
	unsigned char *all = mem_alloc(buf_len(from));

	buf_copy_out(from, all, buf_len(from));
	buf_add(to, all + start, end - start);
	mem_free(all);
}

static void
open_in_two(const struct conn_image *image, const struct buf *all, size_t at)
{
	struct conn_image mine = { .suite = image->suite, .rx = image->rx,
	    .tx = image->tx };
	void *ours = tls_transport.unpack(&mine);
	struct buf raw = { 0 }, in = { 0 };
	enum close_reason why = CLOSE_NONE;
	bool eof = false;

	copy_part(&raw, all, 0, at);
	assert_int_equal(tls_transport.open(ours, &raw, &in, &eof, &why), 0);
	assert_true(!eof || at == buf_len(all));
	copy_part(&raw, all, at, buf_len(all));
	assert_int_equal(tls_transport.open(ours, &raw, &in, &eof, &why), 0);
	assert_true(eof);
	assert_holds(&in, (const unsigned char *)"hello, worldagain", 17);
	buf_fini(&raw);
	tls_transport.free(ours);
}

TEST(records_split_at_every_byte)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);
		struct conn_image image = { 0 };
		struct buf all = { 0 };

		engine_export(&e.pair->client, &image);
		they_seal(&e, 23, "hello, world", 12, &all);
		they_seal(&e, 23, "", 0, &all);
		they_seal(&e, 23, "again", 5, &all);
		they_seal(&e, 21, "\1\0", 2, &all);
		for (size_t at = 0; at <= buf_len(&all); at++)
			open_in_two(&image, &all, at);
		buf_fini(&all);
		ends_free(&e);
	}
}

/* No bit of a record may change; nothing of a changed one is delivered. */
TEST(a_changed_byte_is_noticed)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);
		struct buf all = { 0 };
		struct conn_image image = { 0 };
		unsigned char bytes[200];
		size_t len;

		engine_export(&e.pair->client, &image);
		they_seal(&e, 23, "untouched", 9, &all);
		len = buf_len(&all);
		buf_copy_out(&all, bytes, len);
		for (size_t bit = 0; bit < len * 8; bit++) {
			struct conn_image mine = { .suite = image.suite,
			    .rx = image.rx, .tx = image.tx };
			void *ours = tls_transport.unpack(&mine);
			struct buf raw = { 0 }, in = { 0 };
			enum close_reason why = CLOSE_NONE;
			bool eof = false;
			int rc;

			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			buf_add(&raw, bytes, len);
			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			rc = tls_transport.open(ours, &raw, &in, &eof, &why);
			/* A longer length makes it wait for more. */
			assert_true(rc == -1 || (bit / 8 == 3 || bit / 8 == 4));
			assert_int_equal(rc == -1, why != CLOSE_NONE);
			assert_int_equal(buf_len(&in), 0);
			assert_false(eof);
			buf_fini(&in);
			buf_fini(&raw);
			tls_transport.free(ours);
		}
		buf_fini(&all);
		ends_free(&e);
	}
}

/* Feeds raw to our end and expects this refusal, and no byte of plaintext. */
static void
assert_refused(struct ends *e, struct buf *raw, enum close_reason want)
{
	struct buf in = { 0 };
	enum close_reason why = CLOSE_NONE;
	bool eof = false;

	assert_int_equal(tls_transport.open(e->ours, raw, &in, &eof, &why),
	    -1);
	assert_int_equal(why, want);
	assert_false(eof);
	assert_int_equal(buf_len(&in), 0);
	buf_fini(&in);
	buf_fini(raw);
	ends_free(e);
}

static void
assert_taken(struct ends *e, struct buf *raw, size_t plain)
{
	struct buf in = { 0 };
	enum close_reason why = CLOSE_NONE;
	bool eof = false;

	assert_int_equal(tls_transport.open(e->ours, raw, &in, &eof, &why), 0);
	assert_int_equal(buf_len(&in), plain);
	buf_fini(&in);
}

TEST(a_replayed_or_skipped_record_is_refused)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);
		struct buf raw = { 0 }, again = { 0 };

		they_seal(&e, 23, "pay", 3, &raw);
		buf_share(&again, &raw);
		assert_taken(&e, &raw, 3);
		assert_refused(&e, &again, CLOSE_TLS);

		e = ends_new(suites[i]);
		they_seal(&e, 23, "first", 5, &raw);
		buf_drain(&raw, buf_len(&raw));
		they_seal(&e, 23, "second", 6, &raw);
		assert_refused(&e, &raw, CLOSE_TLS);
	}
}

TEST(what_we_said_ourselves_is_refused)
{
	struct ends e = ends_new(AEAD_AES_128_GCM);
	struct buf plain = { 0 }, raw = { 0 };

	buf_add(&plain, "mirror", 6);
	tls_transport.seal(e.ours, &plain, &raw);
	assert_refused(&e, &raw, CLOSE_TLS);
}

TEST(headers_that_are_refused)
{
	static const struct {
		unsigned char     head[5];
		enum close_reason why;
	} bad[] = {
		{ { 23, 3, 3, 0x40, 0x19 }, CLOSE_TLS },	/* 16385 + 24 */
		{ { 23, 3, 3, 0xff, 0xff }, CLOSE_TLS },
		{ { 23, 3, 3, 0, 23 }, CLOSE_TLS },	/* no room for a tag */
		{ { 23, 3, 3, 0, 0 }, CLOSE_TLS },
		{ { 23, 3, 1, 0, 40 }, CLOSE_TLS },
		{ { 23, 3, 4, 0, 40 }, CLOSE_TLS },
		{ { 24, 3, 3, 0, 40 }, CLOSE_TLS },	/* heartbeat */
		{ { 19, 3, 3, 0, 40 }, CLOSE_TLS },
		{ { 'G', 'E', 'T', ' ', '/' }, CLOSE_TLS },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ends e = ends_new(AEAD_AES_128_GCM);
		struct buf raw = { 0 };

		buf_add(&raw, bad[i].head, 5);
		assert_refused(&e, &raw, bad[i].why);
	}
}

TEST(the_largest_record_is_taken)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);
		struct buf raw = { 0 };
		unsigned char *bytes = pattern(16384);

		they_seal(&e, 23, bytes, 16384, &raw);
		assert_taken(&e, &raw, 16384);
		mem_free(bytes);
		ends_free(&e);
	}
}

/* HelloRequest, ClientHello, ChangeCipherSpec: renegotiation is off. */
TEST(a_handshake_after_the_handshake_is_refused)
{
	static const struct {
		uint8_t     type;
		const char *bytes;
		size_t      len;
	} cases[] = {
		{ 22, "\0\0\0\0", 4 },
		{ 22, "\1\0\0\2\3\3", 6 },
		{ 20, "\1", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ends e = ends_new(AEAD_AES_128_GCM);
		struct buf raw = { 0 };

		they_seal(&e, cases[i].type, cases[i].bytes, cases[i].len,
		    &raw);
		assert_refused(&e, &raw, CLOSE_PROTOCOL);
	}
}

TEST(records_without_data_are_bounded)
{
	static const struct {
		uint8_t     type;
		const char *bytes;
		size_t      len;
	} floods[] = {
		{ 21, "\1\x5a", 2 },	/* warning: user_canceled */
		{ 23, "", 0 },
	};

	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
		struct ends e = ends_new(AEAD_AES_128_GCM);
		struct buf raw = { 0 };

		for (int round = 0; round < 3; round++) {
			for (int n = 0; n < 15; n++)
				they_seal(&e, floods[i].type,
				    floods[i].bytes, floods[i].len, &raw);
			they_seal(&e, 23, "x", 1, &raw);
		}
		assert_taken(&e, &raw, 3);
		for (int n = 0; n < 17; n++)
			they_seal(&e, floods[i].type, floods[i].bytes,
			    floods[i].len, &raw);
		assert_refused(&e, &raw, CLOSE_PROTOCOL);
	}
}

TEST(alerts_end_the_connection)
{
	struct ends e = ends_new(AEAD_AES_128_GCM);
	struct buf raw = { 0 };

	they_seal(&e, 21, "\2\x14", 2, &raw);	/* fatal bad_record_mac */
	assert_refused(&e, &raw, CLOSE_TLS);
	e = ends_new(AEAD_AES_128_GCM);
	they_seal(&e, 21, "\1", 1, &raw);
	assert_refused(&e, &raw, CLOSE_TLS);
	e = ends_new(AEAD_AES_128_GCM);
	they_seal(&e, 21, "\1\0\1\0", 4, &raw);
	assert_refused(&e, &raw, CLOSE_TLS);
}

TEST(the_end_is_authenticated_both_ways)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);
		br_ssl_engine_context *eng = &e.pair->server.ssl.any;
		struct buf raw = { 0 }, heard = { 0 };
		enum close_reason why = CLOSE_NONE;
		bool eof = false;

		tls_transport.seal_end(e.ours, &raw);
		peer_hears(&e, &raw, &heard);
		assert_int_equal(buf_len(&heard), 0);
		/* It answers with its own close_notify. */
		peer_says(&e, NULL, 0, &raw);
		assert_int_equal(tls_transport.open(e.ours, &raw, &heard, &eof,
		    &why), 0);
		assert_true(eof);
		assert_int_equal(br_ssl_engine_current_state(eng),
		    BR_SSL_CLOSED);
		assert_int_equal(br_ssl_engine_last_error(eng), BR_ERR_OK);
		buf_fini(&raw);
		ends_free(&e);
	}
}

TEST(nothing_behind_the_end_is_read)
{
	struct ends e = ends_new(AEAD_AES_128_GCM);
	struct buf raw = { 0 }, in = { 0 };
	enum close_reason why = CLOSE_NONE;
	bool eof = false;

	they_seal(&e, 21, "\1\0", 2, &raw);
	they_seal(&e, 23, "late", 4, &raw);
	assert_int_equal(tls_transport.open(e.ours, &raw, &in, &eof, &why), 0);
	assert_true(eof);
	assert_int_equal(buf_len(&in), 0);
	assert_int_equal(buf_len(&raw), 0);
	ends_free(&e);
}

/* Leaves a state as the old owner would: packed, then freed. */
static void
move_ours(struct ends *e)
{
	struct conn_image image = { 0 }, empty = { 0 };
	void *old = e->ours;

	tls_transport.pack(old, &image);
	assert_memory_not_equal(image.tx.key, empty.tx.key, 16);
	e->ours = tls_transport.unpack(&image);
	assert_memory_equal(&image.tx, &empty.tx, sizeof(image.tx));
	assert_memory_equal(&image.rx, &empty.rx, sizeof(image.rx));
	/* The giver has no key any more. */
	memset(&image, 0, sizeof(image));
	tls_transport.pack(old, &image);
	assert_memory_equal(image.tx.key, empty.tx.key, 32);
	assert_memory_equal(image.rx.key, empty.rx.key, 32);
	tls_transport.free(old);
}

TEST(packed_in_the_middle_of_a_stream)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);
		unsigned char *bytes = pattern(5000);
		struct buf plain = { 0 }, raw = { 0 }, heard = { 0 };
		struct buf rest = { 0 };

		for (size_t n = 1; n < 5000; n += 997) {
			struct buf in = { 0 };
			enum close_reason why = CLOSE_NONE;
			bool eof = false;

			buf_add(&plain, bytes, n);
			tls_transport.seal(e.ours, &plain, &raw);
			peer_hears(&e, &raw, &heard);
			assert_holds(&heard, bytes, n);
			/* Half a record is on its way when it moves. */
			peer_says(&e, bytes, n, &raw);
			buf_move_n(&rest, &raw, buf_len(&raw) / 2);
			assert_int_equal(tls_transport.open(e.ours, &rest, &in,
			    &eof, &why), 0);
			move_ours(&e);
			buf_move(&rest, &raw);
			assert_int_equal(tls_transport.open(e.ours, &rest, &in,
			    &eof, &why), 0);
			assert_holds(&in, bytes, n);
		}
		mem_free(bytes);
		ends_free(&e);
	}
}

TEST(a_key_is_not_used_for_ever)
{
	EACH_SUITE(i) {
		struct ends e = ends_new(suites[i]);
		struct conn_image image = { 0 };
		struct buf raw = { 0 };

		tls_transport.pack(e.ours, &image);
		tls_transport.free(e.ours);
		image.rx.seq = e.theirs.key.seq = AEAD_SEQ_MAX - 1;
		e.ours = tls_transport.unpack(&image);
		they_seal(&e, 23, "x", 1, &raw);
		assert_taken(&e, &raw, 1);
		they_seal(&e, 23, "x", 1, &raw);
		assert_refused(&e, &raw, CLOSE_LIMIT);
	}
}
