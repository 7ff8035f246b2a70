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
