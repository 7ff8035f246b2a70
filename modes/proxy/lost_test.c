#include <stdio.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/proxy/lost.h"

static struct inbound_port
port(const char *name, uint16_t number)
{
	struct inbound_port p = { .port = number, .app_port = 7000,
		.exposed = (uint16_t)(number + 10000) };

	snprintf(p.service.ns, sizeof(p.service.ns), "default");
	snprintf(p.service.name, sizeof(p.service.name), "%s", name);
	return p;
}

/* The one behind before, with those ports of TCP and of UDP. */
static struct snapshot *
next(struct snapshot *before, struct inbound_port *v, size_t n,
    struct inbound_port *udp, size_t udp_len)
{
	const struct compile_input in = { .before = before };
	struct snapshot *s = snapshot_new();

	s->inbound = v;
	s->inbound_len = n;
	s->inbound_udp = udp;
	s->inbound_udp_len = udp_len;
	compile_lost(&in, s);
	snapshot_unref(before);
	return s;
}

TEST(lost_ports_are_known_until_they_are_back)
{
	struct inbound_port all[] = { port("a", 1), port("a", 2) },
	    udp[] = { port("a", 3) };
	struct snapshot *s = next(NULL, all, 2, udp, 1);

	assert_int_equal(s->lost_len, 0);
	assert_null(lost_plain(s, 10001));
	s = next(s, all, 1, NULL, 0);
	assert_null(lost_port(s, &all[0].service, 1, false));
	assert_non_null(lost_port(s, &all[0].service, 2, false));
	assert_null(lost_port(s, &all[0].service, 2, true));
	assert_non_null(lost_port(s, &all[0].service, 3, true));
	assert_int_equal(lost_port(s, &all[0].service, 2, false)->app_port,
	    7000);
	s = next(s, NULL, 0, NULL, 0);
	assert_int_equal(s->lost_len, 2);
	assert_int_equal(s->lost_udp_len, 1);
	/* In plain text by the listener, or else the last that there was. */
	assert_int_equal(lost_plain(s, 10002)->port, 2);
	assert_int_equal(lost_plain(s, 10001)->port, 1);
	assert_int_equal(lost_plain(s, 7710)->port, 1);
	s = next(s, all, 2, NULL, 0);
	assert_int_equal(s->lost_len, 0);
	assert_int_equal(s->lost_udp_len, 1);
	snapshot_unref(s);
}

TEST(lost_ports_are_so_many_and_the_first_give_way)
{
	static struct inbound_port v[LOST_PORTS_MAX + 10];
	struct snapshot *s = NULL;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		v[i] = port("a", (uint16_t)(i + 1));
		s = next(s, &v[i], 1, NULL, 0);
	}
	s = next(s, NULL, 0, NULL, 0);
	assert_int_equal(s->lost_len, LOST_PORTS_MAX);
	assert_null(lost_port(s, &v[0].service, 10, false));
	assert_non_null(lost_port(s, &v[0].service, 11, false));
	assert_non_null(lost_port(s, &v[0].service, LOST_PORTS_MAX + 10,
	    false));
	snapshot_unref(s);
}
