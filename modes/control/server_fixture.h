#ifndef CONTROL_SERVER_FIXTURE_H
#define CONTROL_SERVER_FIXTURE_H

#include "modes/control/ca_fixture.h"
#include "modes/control/server.h"
#include "modes/control/store_fixture.h"

/*
 * server_fixture: a server without doors, for tests: its store, its signer,
 * its registry and its loop are real.  Trust domain "td".
 */
struct server_fixture {
	struct ca_dir     dir;
	struct fixture f;
	struct server *s;
};

struct server_fixture *server_fixture_new(void);
void server_fixture_free(struct server_fixture *);
/* Runs the loop until *done is true; the test fails after 10 s. */
void server_fixture_run(struct server_fixture *, const bool *done);
/* Runs what there is to do now, and no more. */
void server_fixture_turn(struct server_fixture *);
/* Applies YAML documents and waits; gives the revision. */
uint64_t server_fixture_put(struct server_fixture *, const char *yaml);

#endif
