#include "base/unit.h"
#include "modes/proxy/session_look.h"

/* "time bytes" in order; then what is seen, at each due time until the last. */
struct step {
	uint64_t            at_ms;
	const char         *bytes;	/* more of them; NULL: a tick */
	bool                end;
	enum session_sight  sight;
};

struct story {
	const char *what;
	struct step steps[8];	/* of at_ms 0 behind the first: no more */
};

static const struct story stories[] = {
	{ "a request at once", {
		{ 0, "GET / HTTP/1.1\r\n", false, SIGHT_HTTP } } },
	{ "bytes at once", {
		{ 0, "*1\r\n", false, SIGHT_BYTES } } },
	{ "the server speaks first, or nobody", {
		{ 0, "", false, SIGHT_WAIT },
		{ 19, NULL, false, SIGHT_WAIT },
		{ 20, NULL, false, SIGHT_CONNECT },
		{ 999, NULL, false, SIGHT_WAIT },
		{ 1000, NULL, false, SIGHT_SILENT },
		{ 99000, NULL, false, SIGHT_WAIT },
		{ 99001, "GET / HTTP/1.1\r\n", false, SIGHT_HTTP } } },
	{ "bytes after a long silence", {
		{ 20, NULL, false, SIGHT_CONNECT },
		{ 1000, NULL, false, SIGHT_SILENT },
		{ 5000, "QUIT\r\n", false, SIGHT_BYTES } } },
	{ "half a request after a long silence", {
		{ 20, NULL, false, SIGHT_CONNECT },
		{ 1000, NULL, false, SIGHT_SILENT },
		{ 5000, "GET", false, SIGHT_WAIT },
		{ 5999, NULL, false, SIGHT_WAIT },
		{ 6000, NULL, false, SIGHT_BYTES } } },
	{ "a word without the end of its line", {
		{ 0, "hello", false, SIGHT_WAIT },
		{ 20, NULL, false, SIGHT_CONNECT },
		{ 999, NULL, false, SIGHT_WAIT },
		{ 1000, NULL, false, SIGHT_BYTES } } },
	{ "each byte is waited for", {
		{ 0, "GET", false, SIGHT_WAIT },
		{ 20, NULL, false, SIGHT_CONNECT },
		{ 900, " ", false, SIGHT_WAIT },
		{ 1800, "key", false, SIGHT_WAIT },
		{ 2799, NULL, false, SIGHT_WAIT },
		{ 2800, NULL, false, SIGHT_BYTES } } },
	{ "a late request is one nevertheless", {
		{ 0, "GET / HT", false, SIGHT_WAIT },
		{ 20, NULL, false, SIGHT_CONNECT },
		{ 999, NULL, false, SIGHT_WAIT },
		{ 1000, NULL, false, SIGHT_HTTP } } },
	{ "no version", {
		{ 0, "GET /admin", false, SIGHT_WAIT },
		{ 10, "GET /admin\r\nhost: a\r\n", false, SIGHT_HTTP } } },
	{ "but not for ever", {
		{ 0, "G", false, SIGHT_WAIT },
		{ 20, NULL, false, SIGHT_CONNECT },
		{ 9500, "E", false, SIGHT_WAIT },
		{ 9999, NULL, false, SIGHT_WAIT },
		{ 10000, NULL, false, SIGHT_BYTES } } },
	{ "the client ends without a word", {
		{ 5, "", true, SIGHT_BYTES } } },
	{ "or in the middle of one", {
		{ 5, "GET", true, SIGHT_BYTES } } },
	{ "or of a request", {
		{ 5, "GET /", true, SIGHT_HTTP } } },
	{ "a request, and its end", {
		{ 5, "GET / HTTP/1.0\r\n\r\n", true, SIGHT_HTTP } } },
};

TEST(session_look_waits_no_longer_than_it_says)
{
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		const uint64_t start_ms = 7000000;
		struct session_look l;
		struct buf b = { 0 };

		session_look_start(&l, start_ms);
		for (size_t n = 0; n < 8; n++) {
			const struct step *s = &stories[i].steps[n];

			if (n > 0 && s->at_ms == 0)
				break;
			if (s->bytes != NULL)
				buf_add_slice(&b, slice_str(s->bytes));
			assert_int_equal(s->bytes != NULL ?
			    session_look_at(&l, &b, s->end,
			    start_ms + s->at_ms) : session_look_tick(&l,
			    start_ms + s->at_ms), s->sight);
		}
		buf_fini(&b);
	}
}

TEST(session_look_ends_with_too_long_a_line)
{
	static const struct {
		const char         *begin;
		enum session_sight  sight;
	} cases[] = { { "GET a", SIGHT_BYTES }, { "GET /", SIGHT_HTTP } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session_look l;
		struct buf b = { 0 };

		session_look_start(&l, 1);
		buf_add_slice(&b, slice_str(cases[i].begin));
		while (buf_len(&b) < LOOK_BYTES_MAX - 1) {
			assert_int_equal(session_look_at(&l, &b, false, 1),
			    SIGHT_WAIT);
			buf_add_slice(&b, SLICE("a"));
		}
		assert_int_equal(session_look_at(&l, &b, false, 1), SIGHT_WAIT);
		buf_add_slice(&b, SLICE("a"));
		assert_int_equal(session_look_at(&l, &b, false, 1),
		    cases[i].sight);
		buf_fini(&b);
	}
}
