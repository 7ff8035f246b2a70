#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/key.h"
#include "pki/wrap.h"

static const char key_text[] = "mesh-wrap-key 1 "
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

static void
read_key(struct wrap_key *k)
{
	struct err err = ERR_INIT;

	assert_int_equal(wrap_key_read(k, slice_str(key_text), &err), 0);
}

TEST(wrap_keys_are_read_as_they_are_written)
{
	struct wrap_key k, other;
	struct str text = { 0 };
	struct err err = ERR_INIT;

	read_key(&k);
	wrap_key_write(&text, &k);
	assert_string_equal(str_ptr(&text), key_text);
	key_wipe_str(&text);
	wrap_key_new(&other);
	wrap_key_write(&text, &other);
	assert_int_equal(wrap_key_read(&k, str_slice(&text), &err), 0);
	assert_string_equal(k.id, other.id);
	assert_memory_equal(k.bytes, other.bytes, sizeof(k.bytes));
	key_wipe_str(&text);
}

TEST(wrap_keys_that_are_none_are_refused)
{
	size_t len = strlen(key_text);
	struct wrap_key k;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < len - 1; i++) {
		char *text = mem_strdup(key_text);

		assert_int_equal(wrap_key_read(&k, slice_of(text, i), &err), -1);
		text[i] = 'G';
		assert_int_equal(wrap_key_read(&k, slice_str(text), &err), -1);
		mem_free(text);
	}
	assert_int_equal(err.kind, ERR_DATA);
}

static const char *const plains[] = { "", "x", "{\"data\":{\"tls.key\":\"abc\"}}" };

TEST(wrap_opens_in_its_place_with_its_key)
{
	struct wrap_key k, other;
	struct err err = ERR_INIT;

	read_key(&k);
	wrap_key_new(&other);
	for (size_t i = 0; i < sizeof(plains) / sizeof(plains[0]); i++) {
		struct slice plain = slice_str(plains[i]);
		struct str locked = { 0 }, out = { 0 };

		wrap_close(&locked, plain, SLICE("/a"), &k);
		assert_int_equal(locked.len, plain.len + WRAP_OVERHEAD);
		assert_int_equal(wrap_open(&out, str_slice(&locked), SLICE("/a"),
		    &k, &err), 0);
		assert_true(slice_eq(str_slice(&out), plain));
		str_clear(&out);
		assert_int_equal(wrap_open(&out, str_slice(&locked), SLICE("/b"),
		    &k, &err), -1);
		assert_int_equal(err.kind, ERR_DENIED);
		assert_int_equal(wrap_open(&out, str_slice(&locked), SLICE("/a"),
		    &other, &err), -1);
		assert_int_equal(out.len, 0);
		str_fini(&locked);
		key_wipe_str(&out);
	}
}

TEST(wrap_refuses_every_changed_byte)
{
	struct str locked = { 0 }, out = { 0 };
	struct wrap_key k;
	struct err err = ERR_INIT;

	read_key(&k);
	wrap_close(&locked, slice_str(plains[2]), SLICE("/a"), &k);
	for (size_t i = 0; i < locked.len; i++) {
		locked.ptr[i] ^= 1;
		assert_int_equal(wrap_open(&out, str_slice(&locked), SLICE("/a"),
		    &k, &err), -1);
		locked.ptr[i] ^= 1;
		assert_int_equal(wrap_open(&out, slice_of(locked.ptr, i),
		    SLICE("/a"), &k, &err), -1);
	}
	assert_int_equal(out.len, 0);
	str_fini(&locked);
}

/* The same bytes never look the same: nobody sees that two are equal. */
TEST(wrap_never_repeats_itself)
{
	struct str a = { 0 }, b = { 0 };
	struct wrap_key k;

	read_key(&k);
	wrap_close(&a, SLICE("secret"), SLICE("/a"), &k);
	wrap_close(&b, SLICE("secret"), SLICE("/a"), &k);
	assert_false(slice_eq(str_slice(&a), str_slice(&b)));
	assert_memory_not_equal(a.ptr + 33, b.ptr + 33, 6);
	str_fini(&a);
	str_fini(&b);
}
