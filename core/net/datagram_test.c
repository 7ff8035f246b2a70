#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "net/datagram.h"

/* A server that sends back what it gets, and a client of it. */
struct world {
	struct loop            *loop;
	struct datagram_io     *io;
	struct datagram_socket *server, *client;
	struct addr             at;
	int                     got, wanted, errors, unsent;
	size_t                  bytes;
	int                     last_error;
	char                    last[DATAGRAM_MAX];
	char                    asked[ADDR_TEXT_MAX];
};

static void
echo(void *owner, const struct datagram *d)
{
	struct world *w = owner;

	addr_format_ip(d->at, w->asked);
	datagram_send(w->server, d->from, d->at, d->bytes);
}

static void
take(void *owner, const struct datagram *d)
{
	struct world *w = owner;

	memcpy(w->last, d->bytes.ptr, d->bytes.len);
	w->bytes += d->bytes.len;
	if (++w->got == w->wanted)
		loop_stop(w->loop);
}

static void
on_error(void *owner, int error)
{
	struct world *w = owner;

	w->errors++;
	w->last_error = error;
	loop_stop(w->loop);
}

static void
on_unsent(void *owner, int error)
{
	struct world *w = owner;

	w->unsent++;
	w->last_error = error;
	loop_stop(w->loop);
}

static const struct datagram_ops server_ops = { echo, on_error, on_unsent };
static const struct datagram_ops client_ops = { take, on_error, on_unsent };

static void
world_start(struct world *w, const char *listen, const char *dial)
{
	struct err err = ERR_INIT;
	struct addr a;
	int fd, error;

	w->loop = loop_new("test");
	w->io = datagram_io_new(w->loop);
	assert_int_equal(addr_parse(slice_str(listen), &a, &err), 0);
	assert_int_equal(datagram_bind(&a, 1, &fd, &w->at, &err), 0);
	w->server = datagram_listen(w->io, fd, &server_ops, w);
	assert_int_equal(addr_parse(slice_str(dial), &a, &err), 0);
	addr_set_port(&a, addr_port(&w->at));
	w->client = datagram_connect(w->io, &a, &client_ops, w, &error);
	assert_non_null(w->client);
}

static void
world_end(struct world *w)
{
	datagram_close(w->client);
	if (w->server != NULL)
		datagram_close(w->server);
	loop_finish(w->loop);
	datagram_io_free(w->io);
	loop_free(w->loop);
}

TEST(datagrams_of_every_size_come_and_go)
{
	static const size_t sizes[] = { 0, 1, 512, 1472, 1473, 65507 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct world w = { .wanted = 1 };
		char *sent = mem_zalloc(DATAGRAM_MAX);

		for (size_t k = 0; k < sizes[i]; k++)
			sent[k] = (char)(k * 7 % 251);
		world_start(&w, "127.0.0.1:0", "127.0.0.1:1");
		datagram_send(w.client, NULL, NULL, slice_of(sent, sizes[i]));
		loop_run(w.loop);
		assert_int_equal(w.got, 1);
		assert_int_equal(w.bytes, sizes[i]);
		assert_memory_equal(w.last, sent, sizes[i]);
		world_end(&w);
		mem_free(sent);
	}
}

TEST(a_datagram_that_is_too_large_is_told)
{
	struct world w = { .wanted = 1 };
	char *sent = mem_zalloc(DATAGRAM_MAX);

	world_start(&w, "127.0.0.1:0", "127.0.0.1:1");
	datagram_send(w.client, NULL, NULL, slice_of(sent, 65508));
	loop_run(w.loop);
	assert_int_equal(w.unsent, 1);
	assert_int_equal(w.last_error, EMSGSIZE);
	world_end(&w);
	mem_free(sent);
}

/* Its last datagrams are sent, and what comes of them is nobody's any more. */
TEST(a_socket_that_is_closed_tells_nobody_of_an_error)
{
	struct world w = { .wanted = 1 };
	struct loop *l;

	world_start(&w, "127.0.0.1:0", "127.0.0.1:1");
	l = w.loop;
	datagram_close(w.server);
	w.server = NULL;
	/* More than wait at once: those that go say that nobody is there. */
	for (int i = 0; i < DATAGRAM_UNSENT + 1; i++)
		datagram_send(w.client, NULL, NULL, SLICE("x"));
	int errors = w.errors, unsent = w.unsent;

	datagram_send(w.client, NULL, NULL, slice_of(w.last, 65508));
	datagram_close(w.client);
	assert_int_equal(w.errors, errors);
	assert_int_equal(w.unsent, unsent);
	loop_finish(l);
	datagram_io_free(w.io);
	loop_free(l);
}

/* Each reply has the address that was asked, or the client would not see it. */
TEST(replies_leave_from_the_address_that_was_asked)
{
	static const struct {
		const char *listen, *dial, *asked;
	} cases[] = {
		{ "0.0.0.0:0", "127.0.0.1:1", "127.0.0.1" },
		{ "0.0.0.0:0", "127.3.2.1:1", "127.3.2.1" },
		{ ":0", "127.3.2.1:1", "::ffff:127.3.2.1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w = { .wanted = 1 };

		world_start(&w, cases[i].listen, cases[i].dial);
		datagram_send(w.client, NULL, NULL, SLICE("hi"));
		loop_run(w.loop);
		assert_int_equal(w.got, 1);
		if (w.at.sa.sa_family == AF_INET6)	/* there may be none */
			assert_non_null(strstr(w.asked, "127.3.2.1"));
		else
			assert_string_equal(w.asked, cases[i].asked);
		world_end(&w);
	}
}

TEST(more_than_one_batch_is_sent_and_read)
{
	struct world w = { .wanted = 3 * DATAGRAM_UNSENT };

	world_start(&w, "127.0.0.1:0", "127.0.0.1:1");
	for (int i = 0; i < w.wanted; i++)
		datagram_send(w.client, NULL, NULL, SLICE("x"));
	loop_run(w.loop);
	assert_int_equal(w.got, w.wanted);
	assert_int_equal(w.unsent, 0);
	world_end(&w);
}

TEST(nobody_listens_is_told)
{
	struct world w = { .wanted = 1 };

	world_start(&w, "127.0.0.1:0", "127.0.0.1:1");
	datagram_close(w.server);
	w.server = NULL;
	datagram_send(w.client, NULL, NULL, SLICE("x"));
	loop_run(w.loop);
	assert_int_equal(w.errors, 1);
	assert_int_equal(w.last_error, ECONNREFUSED);
	world_end(&w);
}

TEST(what_was_to_be_sent_is_sent_before_a_close)
{
	struct world w = { .wanted = 1 };
	struct datagram_socket *other;
	int error;

	world_start(&w, "127.0.0.1:0", "127.0.0.1:1");
	other = datagram_connect(w.io, &w.at, &client_ops, &w, &error);
	datagram_send(other, NULL, NULL, SLICE("last words"));
	datagram_close(other);
	datagram_send(w.client, NULL, NULL, SLICE("x"));
	loop_run(w.loop);
	assert_string_equal(w.asked, "127.0.0.1");
	assert_int_equal(w.got, 1);
	world_end(&w);
}

/* All have it, and nobody else can. */
TEST(an_address_is_shared_by_those_that_bind_it_together)
{
	struct err err = ERR_INIT;
	struct addr a, bound, again;
	int fds[4], more[1];

	assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), &a, &err), 0);
	assert_int_equal(datagram_bind(&a, 4, fds, &bound, &err), 0);
	assert_true(addr_port(&bound) > 0);
	for (int i = 0; i < 4; i++) {
		again.len = sizeof(again.in6);
		assert_int_equal(getsockname(fds[i], &again.sa, &again.len), 0);
		assert_true(addr_eq(&again, &bound));
	}
	assert_int_equal(datagram_bind(&bound, 1, more, &again, &err), -1);
	assert_non_null(strstr(err.text, "/udp"));
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}
