#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "net/sock_owner.h"

struct pair {
	int         listener, client, server;
	struct addr from;	/* the client's */
};

static void
pair_open(struct pair *p, const char *at)
{
	struct err err = ERR_INIT;
	struct addr a;

	assert_int_equal(addr_parse(slice_str(at), &a, &err), 0);
	p->listener = socket(a.sa.sa_family, SOCK_STREAM, 0);
	assert_int_equal(bind(p->listener, &a.sa, a.len), 0);
	assert_int_equal(listen(p->listener, 1), 0);
	assert_int_equal(getsockname(p->listener, &a.sa, &a.len), 0);
	p->client = socket(a.sa.sa_family, SOCK_STREAM, 0);
	assert_int_equal(connect(p->client, &a.sa, a.len), 0);
	p->from = (struct addr){ .len = sizeof(p->from) -
	    sizeof(p->from.len) };
	p->server = accept(p->listener, &p->from.sa, &p->from.len);
	assert_true(p->server >= 0);
}

static void
pair_close(struct pair *p)
{
	close(p->server);
	if (p->client >= 0)
		close(p->client);
	close(p->listener);
}

TEST(sock_owner_of_who_connects_from_here_is_us)
{
	static const char *const places[] = { "127.0.0.1:0", "[::1]:0" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct err err = ERR_INIT;
		uid_t user = (uid_t)-2;
		struct pair p;

		pair_open(&p, places[i]);
		if (sock_owner_of_peer(p.server, &p.from, &user, &err) != 0)
			fail_msg("%s: %s", places[i], err.text);
		assert_int_equal(user, geteuid());
		pair_close(&p);
	}
}

TEST(sock_owner_of_who_is_not_here_is_not_found)
{
	struct err err = ERR_INIT;
	uid_t user = (uid_t)-2;
	struct pair p;

	pair_open(&p, "127.0.0.1:0");
	addr_set_port(&p.from, 1);
	assert_int_equal(sock_owner_of_peer(p.server, &p.from, &user, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(user, (uid_t)-2);
	pair_close(&p);
}

TEST(sock_owner_of_a_unix_socket_is_what_it_says)
{
	const struct addr from = { .un = { .sun_family = AF_UNIX },
		.len = sizeof(sa_family_t) };
	struct err err = ERR_INIT;
	uid_t user = (uid_t)-2;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(sock_owner_of_peer(fds[0], &from, &user, &err), 0);
	assert_int_equal(user, geteuid());
	close(fds[0]);
	close(fds[1]);
}
