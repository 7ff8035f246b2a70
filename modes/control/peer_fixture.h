#ifndef CONTROL_PEER_FIXTURE_H
#define CONTROL_PEER_FIXTURE_H

#include "modes/control/server_fixture.h"
#include "modes/control/session.h"

/*
 * peer: a proxy's end of a session, without a connection, for tests.
 * Life: peer_open -> peer_hello -> peer_say, peer_await ... -> peer_close.
 */
struct peer {
	struct session *session;
	const char     *name;		/* "ns/SERVICE-N" of its workload */
	struct str      got;		/* all lines */
	bool            is_ended;
};

/* Keeps the name, of which SERVICE is account and only service, too. */
void peer_open(struct server_fixture *, struct peer *, const char *name);
void peer_close(struct peer *);
void peer_say(struct peer *, const char *lines);
/* Says hello with that document, which is JSON. */
void peer_hello(struct peer *, const char *document);
bool peer_has(const struct peer *, const char *text);
/* Runs the loop until the peer was told this. */
void peer_await(struct server_fixture *, const struct peer *, const char *text);

#endif
