#include "tls/hello.h"

#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "tls/engine.h"

static const char *const offered[] = { "h2", "http/1.1", NULL };

/* What our own client says. */
static void
say_hello(struct buf *out, const char *sni, const char *const *alpn)
{
	struct engine_template *base = mem_alloc(sizeof(*base));
	struct engine *e = mem_alloc(sizeof(*e));
	struct engine_options o = { .alpn = alpn, .sni = sni };
	struct buf in = { 0 };

	engine_template_init(base);
	engine_start(e, base, &o);
	assert_int_equal(engine_run(e, &in, out), ENGINE_WAITS);
	engine_wipe(e);
	mem_free(e);
	mem_free(base);
}

TEST(hello_says_name_and_protocols)
{
	static const char *const first[] = { "smtp", "http/1.1", "h2", NULL };
	static const char *const none[] = { "smtp", NULL };
	struct buf raw = { 0 };
	struct hello h;

	say_hello(&raw, "80.b.x.mesh", offered);
	assert_true(hello_parse(&h, &raw));
	assert_true(slice_is(h.sni, "80.b.x.mesh"));
	assert_string_equal(hello_choose(&h, offered), "h2");
	assert_string_equal(hello_choose(&h, first), "http/1.1");
	assert_string_equal(hello_choose(&h, none), "");
	assert_string_equal(hello_choose(&h, NULL), "");
	/* What follows the record does not matter. */
	buf_add(&raw, "more", 4);
	assert_true(hello_parse(&h, &raw));
	buf_fini(&raw);
}

TEST(hello_without_name_and_protocols)
{
	struct buf raw = { 0 };
	struct hello h;

	say_hello(&raw, NULL, NULL);
	assert_true(hello_parse(&h, &raw));
	assert_null(h.sni.ptr);
	assert_string_equal(hello_choose(&h, offered), "");
	buf_fini(&raw);
}

static bool
parses(const unsigned char *bytes, size_t len, struct hello *h)
{
	struct buf raw = { 0 };
	bool ok;

	buf_add(&raw, bytes, len);
	ok = hello_parse(h, &raw);
	buf_fini(&raw);
	return ok;
}

TEST(hello_cut_short_is_none)
{
	struct buf raw = { 0 };
	unsigned char bytes[512];
	struct hello h;
	size_t len;

	say_hello(&raw, "80.b.x.mesh", offered);
	len = buf_len(&raw);
	buf_copy_out(&raw, bytes, len);
	assert_true(parses(bytes, len, &h));
	for (size_t n = 0; n < len; n++)
		assert_false(parses(bytes, n, &h));
	/* Any byte changed: nothing may be read that is not there. */
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (unsigned char)(1 << bit);
			if (parses(bytes, len, &h)) {
				assert_true(h.sni.ptr == NULL ||
				    h.sni.len < len);
				hello_choose(&h, offered);
			}
			bytes[i] ^= (unsigned char)(1 << bit);
		}
	}
	buf_fini(&raw);
}

/* Two names: which one is meant is anybody's guess. */
TEST(hello_with_an_extension_twice_is_none)
{
	static const unsigned char ext[] = {
		0, 0, 0, 6, 0, 4, 0, 0, 1, 'a',
	};
	unsigned char bytes[200] = { 22, 3, 1 };
	struct hello h;

	for (size_t times = 1; times <= 2; times++) {
		size_t exts = times * sizeof(ext);
		size_t body = 2 + 32 + 1 + 4 + 2 + 2 + exts;
		unsigned char *p = bytes + 3;

		*p++ = 0;
		*p++ = (unsigned char)(4 + body);
		*p++ = 1;
		*p++ = 0;
		*p++ = 0;
		*p++ = (unsigned char)body;
		memset(p, 3, 34);
		p += 34;
		memcpy(p, "\0\0\2\xc0\x2b\1\0\0", 8);
		p += 8;
		*p++ = (unsigned char)exts;
		for (size_t i = 0; i < times; i++, p += sizeof(ext))
			memcpy(p, ext, sizeof(ext));
		assert_int_equal(parses(bytes, (size_t)(p - bytes), &h),
		    times == 1);
	}
}

/* --- peeking -------------------------------------------------------------- */

/* The hello again, in records of at most so many bytes. */
static size_t
in_records(const unsigned char *hello, size_t len, size_t most,
    unsigned char *out)
{
	size_t n = 0;

	for (size_t at = 5; at < len;) {
		size_t part = len - at < most ? len - at : most;

		out[n++] = 22;
		out[n++] = 3;
		out[n++] = 1;
		out[n++] = (unsigned char)(part >> 8);
		out[n++] = (unsigned char)part;
		memcpy(out + n, hello + at, part);
		n += part;
		at += part;
	}
	return n;
}

TEST(hello_names_whom_it_wants_in_however_many_records)
{
	struct buf raw = { 0 };
	unsigned char hello[512], bytes[4096];
	char name[HELLO_NAME_MAX];
	size_t len;

	say_hello(&raw, "Shop.Example", offered);
	len = buf_len(&raw);
	buf_copy_out(&raw, hello, len);
	for (size_t most = 1; most <= len; most++) {
		size_t n = in_records(hello, len, most, bytes);

		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(hello_name(slice_of(bytes, cut), name),
			    HELLO_MORE);
		assert_int_equal(hello_name(slice_of(bytes, n), name),
		    HELLO_NAMED);
		assert_string_equal(name, "shop.example");
		bytes[n] = 23;	/* what follows does not matter */
		assert_int_equal(hello_name(slice_of(bytes, n + 1), name),
		    HELLO_NAMED);
	}
	buf_fini(&raw);
	say_hello(&raw, NULL, NULL);
	len = buf_len(&raw);
	buf_copy_out(&raw, hello, len);
	assert_int_equal(hello_name(slice_of(hello, len), name), HELLO_NAMED);
	assert_string_equal(name, "");
	buf_fini(&raw);
}

TEST(hello_that_is_none_is_known_by_its_first_bytes)
{
	static const struct {
		const char *bytes;
		size_t      len;
	} bad[] = {
		{ "GET / HTTP/1.1", 14 }, { "\x16\x02", 2 },
		{ "\x16\x03\x01\x00\x00", 5 },	/* an empty record */
		{ "\x16\x03\x01\x00\x04\x02", 6 },	/* ServerHello */
		{ "\x16\x03\x01\x00\x04\x01\x00\x40\x00", 9 },	/* too long */
		{ "\x16\x03\x01\xff\x00\x01", 6 },
		{ "\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9 },	/* nothing in it */
		{ "\x16\x03\x01\x00\x02\x01\x00\x17\x03\x01\x00\x01\x00", 13 },
	};
	char name[HELLO_NAME_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (hello_name(slice_of(bad[i].bytes, bad[i].len), name) !=
		    HELLO_BAD)
			fail_msg("row %zu", i);
}

/* Names end in logs and tables: what is no host name is none. */
TEST(hello_with_a_name_of_other_letters_is_bad)
{
	struct buf raw = { 0 };
	unsigned char hello[512];
	char name[HELLO_NAME_MAX];

	say_hello(&raw, "a\nb.example", NULL);
	size_t len = buf_len(&raw);

	buf_copy_out(&raw, hello, len);
	assert_int_equal(hello_name(slice_of(hello, len), name), HELLO_BAD);
	buf_fini(&raw);
}

static const struct {
	struct slice suites, signatures;	/* signatures.ptr NULL: none */
	bool         takes_ec, takes_rsa;
} kinds[] = {
	{ { "\xc0\x2b\xc0\x2f", 4 }, { NULL, 0 }, true, true },
	{ { "\xc0\x2b\xc0\x2f", 4 }, { "\x04\x03\x04\x01", 4 }, true, true },
	{ { "\xc0\x2b\xc0\x2f", 4 }, { "\x08\x04\x04\x01", 4 }, false, true },
	{ { "\xc0\x2b\xc0\x2f", 4 }, { "\x04\x03\x08\x04", 4 }, true, false },
	{ { "\xc0\x2b\xc0\x2f", 4 }, { "\x05\x03\x06\x01", 4 }, false, false },
	{ { "\xc0\x2b\xc0\x2f", 4 }, { "", 0 }, false, false },
	{ { "\xc0\x2f", 2 }, { "\x04\x03\x04\x01", 4 }, false, true },
	{ { "\xcc\xa9", 2 }, { "\x04\x03\x04\x01", 4 }, true, false },
	{ { "\x00\x2f\x13\x01", 4 }, { "\x04\x03\x04\x01", 4 }, false, false },
};

TEST(hello_says_what_kinds_of_certificates_it_takes)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct hello *h = mem_zalloc(sizeof(*h));

		h->suites = kinds[i].suites;
		h->signatures = kinds[i].signatures;
		assert_int_equal(hello_takes(h, false), kinds[i].takes_ec);
		assert_int_equal(hello_takes(h, true), kinds[i].takes_rsa);
		mem_free(h);
	}
}

/* What our own client says it takes: both kinds need both to be there. */
TEST(hello_of_our_own_takes_ecdsa)
{
	struct buf raw = { 0 };
	struct hello h;

	say_hello(&raw, "a.example", NULL);
	assert_true(hello_parse(&h, &raw));
	assert_non_null(h.signatures.ptr);
	assert_true(hello_takes(&h, false));
	buf_fini(&raw);
}
