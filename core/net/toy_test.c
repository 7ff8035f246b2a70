#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "net/conn_image.h"
#include "net/toy_test.h"

#define FRAME_MAX 16000

struct toy {
	struct conn_key rx, tx;
};

void *
toy_new(unsigned char rx, unsigned char tx)
{
	struct toy *t = mem_zalloc(sizeof(*t));

	t->rx.key[0] = rx;
	t->tx.key[0] = tx;
	return t;
}

static void
toy_mix(struct conn_key *k, char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (char)((unsigned char)p[i] ^ k->key[0] ^
		    (unsigned char)k->seq);
	k->seq++;
}

static int
toy_open(void *state, struct buf *raw, struct buf *in, bool *eof,
    enum close_reason *why)
{
	struct toy *t = state;
	unsigned char head[2];

	while (buf_len(raw) >= sizeof(head)) {
		buf_copy_out(raw, head, sizeof(head));
		size_t room, len = (size_t)head[0] << 8 | head[1];

		if (len > FRAME_MAX) {
			*why = CLOSE_TLS;
			return -1;
		}
		if (buf_len(raw) < sizeof(head) + len)
			return 0;
		buf_drain(raw, sizeof(head));
		if (len == 0) {
			*eof = true;
			return 0;
		}
		char *to = buf_reserve(in, len, len, &room);

		buf_copy_out(raw, to, len);
		toy_mix(&t->rx, to, len);
		buf_commit(in, len);
		buf_drain(raw, len);
	}
	return 0;
}

static void
toy_seal(void *state, struct buf *plain, struct buf *raw)
{
	struct toy *t = state;

	while (buf_len(plain) > 0) {
		size_t room, len = buf_len(plain);

		if (len > FRAME_MAX)
			len = FRAME_MAX;
		char *to = buf_reserve(raw, len + 2, len + 2, &room);

		to[0] = (char)(len >> 8);
		to[1] = (char)len;
		buf_copy_out(plain, to + 2, len);
		toy_mix(&t->tx, to + 2, len);
		buf_commit(raw, len + 2);
		buf_drain(plain, len);
	}
}

static void
toy_seal_end(void *state, struct buf *raw)
{
	(void)state;
	buf_add(raw, "\0\0", 2);
}

static void
toy_pack(void *state, struct conn_image *image)
{
	struct toy *t = state;

	image->suite = TOY_SUITE;
	image->rx = t->rx;
	image->tx = t->tx;
	mem_wipe(t, sizeof(*t));
}

static void *
toy_unpack(struct conn_image *image)
{
	struct toy *t = mem_zalloc(sizeof(*t));

	t->rx = image->rx;
	t->tx = image->tx;
	return t;
}

const struct transport toy_transport = {
	.name = "toy",
	.open = toy_open,
	.seal = toy_seal,
	.seal_end = toy_seal_end,
	.pack = toy_pack,
	.unpack = toy_unpack,
	.free = mem_free,
	.needs_authenticated_end = true,
};

void
unix_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
}

void
tcp_pair(int fds[2])
{
	struct addr a;
	struct err err;
	int s = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), &a, &err), 0);
	assert_int_equal(bind(s, &a.sa, a.len), 0);
	assert_int_equal(listen(s, 1), 0);
	assert_int_equal(getsockname(s, &a.sa, &a.len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[0], &a.sa, a.len), 0);
	fds[1] = accept4(s, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fds[1] >= 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	close(s);
}
