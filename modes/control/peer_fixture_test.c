#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/peer_fixture.h"

static void
take_bytes(void *arg, struct buf *b)
{
	struct peer *p = arg;

	while (buf_len(b) > 0) {
		struct slice s = buf_front(b);

		str_add_slice(&p->got, s);
		buf_drain(b, s.len);
	}
}

static void
note_end(void *arg)
{
	((struct peer *)arg)->is_ended = true;
}

static const struct session_io io = { take_bytes, note_end };

void
peer_open(struct server_fixture *t, struct peer *p, const char *name)
{
	const char *slash = strchr(name, '/'), *dash = strrchr(name, '-');
	struct slice services[1];
	struct str id = { 0 };

	assert_true(slash != NULL && dash > slash);
	services[0] = slice_of(slash + 1, (size_t)(dash - slash - 1));
	spiffe_add_workload(&id, SLICE("td"), slice_of(name,
	    (size_t)(slash - name)), services[0]);
	struct session_peer who = {
		.grant = { .ns = slice_of(name, (size_t)(slash - name)),
		    .account = services[0], .name = slice_str(slash + 1),
		    .services = services, .services_len = 1 },
		.id = str_slice(&id),
		.address = SLICE("192.0.2.7"), .from = SLICE("192.0.2.7:1"),
	};

	*p = (struct peer){ .name = name };
	p->session = sessions_open(t->s->sessions, &who, &io, p);
	str_fini(&id);
}

void
peer_close(struct peer *p)
{
	session_gone(p->session);
	str_fini(&p->got);
}

void
peer_say(struct peer *p, const char *lines)
{
	struct buf b = { 0 };

	buf_add(&b, lines, strlen(lines));
	session_bytes(p->session, &b, false);
	buf_fini(&b);
}

void
peer_hello(struct peer *p, const char *document)
{
	char *line = mem_printf("{\"t\":\"hello\",\"schema\":1,\"version\":\"1\","
	    "\"workload\":\"%s\",\"since\":0,\"document\":%s}\n", p->name,
	    document);

	peer_say(p, line);
	mem_free(line);
}

bool
peer_has(const struct peer *p, const char *text)
{
	return strstr(str_ptr(&p->got), text) != NULL;
}

void
peer_await(struct server_fixture *t, const struct peer *p, const char *text)
{
	for (int i = 0; i < 5000 && !peer_has(p, text); i++)
		server_fixture_turn(t);
	if (!peer_has(p, text))
		fail_msg("no %s in %s", text, str_ptr(&p->got));
}
