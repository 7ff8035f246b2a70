#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/proxy/port.h"

/* Two workers and a port, and a connection whose other end is ours. */
struct stage {
	struct data_plane *plane;
	struct open_port  *port;
	int                ours, theirs;
	struct addr        peer;
};

static void
stage_init(struct stage *s)
{
	const struct data_plane_options options = { .workers = 2 };
	struct port spec = { .kind = PORT_INBOUND };
	struct err err = ERR_INIT;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), &spec.addr, &err), 0);
	*s = (struct stage){ .ours = ends[0], .theirs = ends[1],
	    .peer = spec.addr };
	s->plane = data_plane_new(&options);
	assert_int_equal(data_plane_listen(s->plane, &spec, NULL, &err), 0);
	s->port = list_entry(s->plane->ports.next, struct open_port, link);
}

/* The proxy has closed its end by now. */
static void
expect_end(struct stage *s)
{
	char byte;

	assert_int_equal(recv(s->ours, &byte, 1, MSG_DONTWAIT), 0);
	close(s->ours);
}

TEST(port_hands_over_to_a_worker_that_has_no_snapshot)
{
	struct stage s;

	stage_init(&s);
	port_hand_over(s.port, &s.plane->workers[1], s.theirs, &s.peer);
	data_plane_stop(s.plane);
	expect_end(&s);
	assert_int_equal(data_plane_conns(s.plane), 0);
	data_plane_free(s.plane);
}

TEST(port_hands_over_to_a_worker_that_has_stopped)
{
	struct stage s;
	struct snapshot *snapshot = snapshot_new();

	stage_init(&s);
	/* Else it would start a handshake. */
	snapshot->fallback = MODEL_MTLS_PERMISSIVE;
	data_plane_use(s.plane, snapshot);
	data_plane_stop(s.plane);
	port_hand_over(s.port, &s.plane->workers[1], s.theirs, &s.peer);
	assert_int_equal(worker_env_conns(&s.plane->workers[0].env), 0);
	assert_int_equal(worker_env_conns(&s.plane->workers[1].env), 1);
	loop_finish(s.plane->workers[1].env.loop);
	expect_end(&s);
	assert_int_equal(data_plane_conns(s.plane), 0);
	data_plane_free(s.plane);
}
