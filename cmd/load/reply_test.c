#include <string.h>

#include "base/unit.h"
#include "cmd/load/reply.h"

static const struct {
	const char      *bytes;
	enum reply_state state;
	int              status;
	bool             closes;
	size_t           rest;		/* bytes of the next reply */
} replies[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", REPLY_DONE, 200,
	    false, 0 },
	{ "HTTP/1.1 200 OK\r\ncontent-length:3 \r\nConnection: Close\r\n\r\nok\n",
	    REPLY_DONE, 200, true, 0 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/", REPLY_DONE, 200,
	    false, 5 },
	{ "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", REPLY_DONE, 204,
	    false, 0 },
	{ "HTTP/1.1 503 x\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n?",
	    REPLY_DONE, 503, false, 0 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", REPLY_MORE, 200,
	    false, 0 },
	{ "HTTP/1.1 200 OK\r\nContent-Le", REPLY_MORE, 0, false, 0 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", REPLY_WRONG,
	    200, false, 0 },
	{ "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", REPLY_WRONG, 200, false, 0 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", REPLY_WRONG, 200,
	    false, 0 },
	{ "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", REPLY_WRONG, 0, false, 0 },
};

static void
assert_reply(size_t i, const struct reply *r, enum reply_state state,
    size_t rest)
{
	assert_int_equal(state, replies[i].state);
	assert_int_equal(r->status, replies[i].status);
	assert_int_equal(r->closes, replies[i].closes);
	if (state == REPLY_DONE)
		assert_int_equal(rest, replies[i].rest);
}

TEST(replies_are_read_whole_and_split_at_every_byte)
{
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		size_t len = strlen(replies[i].bytes);

		for (size_t at = 0; at <= len; at++) {
			struct slice a = slice_of(replies[i].bytes, at);
			struct slice b = slice_of(replies[i].bytes + at, len - at);
			struct reply r;

			reply_init(&r);
			enum reply_state state = reply_feed(&r, &a);

			if (state == REPLY_MORE)
				state = reply_feed(&r, &b);
			assert_reply(i, &r, state, a.len + b.len);
		}
	}
}

TEST(a_head_without_end_is_given_up)
{
	struct reply r;
	char line[] = "HTTP/1.1 200 OK\r\n";
	enum reply_state state = REPLY_MORE;

	reply_init(&r);
	for (size_t fed = 0; fed < REPLY_HEAD_MAX; fed += sizeof(line) - 1) {
		struct slice in = slice_of(line, sizeof(line) - 1);

		assert_int_equal(state, REPLY_MORE);
		state = reply_feed(&r, &in);
	}
	assert_int_equal(state, REPLY_WRONG);
}
