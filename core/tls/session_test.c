#include "tls/session.h"

#include <string.h>

#include "base/unit.h"

static struct session
session_make(const char *id)
{
	struct session s = {
		.params = { .session_id_len = 32, .version = 0x0303 },
		.made_at = 1000, .not_after = 3000, .bundle_generation = 7,
		.sni = "80.b.x.mesh", .alpn = "h2",
	};

	strcpy(s.id, id);
	memset(s.params.master_secret, id[0], sizeof(s.params.master_secret));
	return s;
}

static void
key_make(unsigned char key[SESSION_KEY_LEN], int n)
{
	memset(key, 0, SESSION_KEY_LEN);
	key[0] = (unsigned char)n;
	key[31] = (unsigned char)(n >> 8);
}

TEST(sessions_come_out_as_they_went_in)
{
	struct session_cache *c = session_cache_new(4);
	struct session s = session_make("a"), out;
	unsigned char key[SESSION_KEY_LEN];

	key_make(key, 1);
	assert_false(session_cache_get(c, key, &out));
	session_cache_put(c, key, &s);
	assert_true(session_cache_get(c, key, &out));
	assert_string_equal(out.id, "a");
	assert_string_equal(out.sni, s.sni);
	assert_string_equal(out.alpn, s.alpn);
	assert_memory_equal(&out.params, &s.params, sizeof(s.params));
	assert_true(out.made_at == 1000 && out.not_after == 3000 &&
	    out.bundle_generation == 7);
	s = session_make("b");
	session_cache_put(c, key, &s);
	assert_true(session_cache_get(c, key, &out));
	assert_string_equal(out.id, "b");
	assert_int_equal(session_cache_len(c), 1);
	session_cache_drop(c, key);
	session_cache_drop(c, key);
	assert_false(session_cache_get(c, key, &out));
	session_cache_free(c);
}

TEST(the_least_used_session_goes_first)
{
	struct session_cache *c = session_cache_new(3);
	struct session s = session_make("a");
	unsigned char key[SESSION_KEY_LEN];
	static const bool stays[] = { true, false, true, true };

	for (int n = 0; n < 4; n++) {
		key_make(key, n);
		session_cache_put(c, key, &s);
		key_make(key, 0);
		assert_true(session_cache_get(c, key, &s));
	}
	assert_int_equal(session_cache_len(c), 3);
	for (int n = 0; n < 4; n++) {
		key_make(key, n);
		assert_int_equal(session_cache_get(c, key, &s), stays[n]);
	}
	session_cache_free(c);
}

TEST(a_session_is_good_while_nothing_has_changed)
{
	static const struct {
		int64_t  now;
		uint64_t generation;
		char     own;
		bool     want;
	} cases[] = {
		{ 1000, 7, 0, true },
		{ 2999, 7, 0, true },
		{ 3000, 7, 0, false },	/* the certificate's end */
		{ 999, 7, 0, false },	/* from the future */
		{ 1000, 8, 0, false },
		{ 1000, 6, 0, false },
		{ 1000, 7, 1, false },	/* another certificate of ours */
	};
	struct session s = session_make("a");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char own[HASH_LEN] = { (unsigned char)cases[i].own };

		assert_int_equal(session_is_good(&s, cases[i].now,
		    cases[i].generation, own), cases[i].want);
	}
	unsigned char own[HASH_LEN] = { 0 };

	s.not_after = 1 << 30;
	assert_true(session_is_good(&s, 1000 + SESSION_LIFE_S - 1, 7, own));
	assert_false(session_is_good(&s, 1000 + SESSION_LIFE_S, 7, own));
}
