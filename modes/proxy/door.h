#ifndef PROXY_DOOR_H
#define PROXY_DOOR_H

#include "base/err.h"
#include "chain/http.h"

/*
 * door: a small HTTP server of the proxy's own beside its traffic, on the main
 * loop: the same chains and the same http terminal that serve traffic, and one
 * terminal that answers.  It is behind no TLS: its listeners are on loopback or
 * are local sockets.
 *
 * Life: all zeros -> door_init -> door_listen for each place
 *       -> door_close (in the loop's last turn) -> door_fini.
 */
#define DOOR_LISTENERS	2	/* at most */

struct door_listener {
	struct door           *door;
	struct listener       *listener;
	struct listener_watch *watch;
};

struct door_is {
	const char *name;	/* of listener and chains; a constant */
	const char *scope;	/* of what it logs; a constant */
	/* At once: who calls without end takes no descriptors from traffic. */
	int64_t     connections;
	const struct l7_terminal *terminal;
	void       *owner;
	/*
	 * Who is nobody's guest here, but may come in and be told so: no more
	 * than DOOR_STRANGERS of them at once, apart from the others.  NULL: all
	 * are welcome.
	 */
	bool      (*is_stranger)(void *owner, const struct conn *);
};
#define DOOR_STRANGERS	16

/* The owner's, at one address from door_init on. */
struct door {
	struct door_is       is;
	struct worker_env    env;	/* where it counts is up to the owner */
	struct l4_chain     *l4, *strangers;
	struct l7_chain     *l7;
	struct http_options  http;
	struct door_listener listeners[DOOR_LISTENERS];
	size_t               listeners_len;
};

/* Keeps loop, stats and what `is` points to. */
void door_init(struct door *, struct loop *, struct filter_stats *,
    const struct door_is *is);
/* at: as addr_parse reads it; mode: of a local socket.  NULL: it cannot. */
struct listener *door_listen(struct door *, struct slice at, unsigned mode,
    struct err *);
/* Listeners and connections; harmless twice. */
void door_close(struct door *);
void door_fini(struct door *);	/* closes too; harmless twice and on all zeros */

/* In a call of the terminal: the owner of its door. */
void *door_owner(const struct l7_ctx *);

#endif
