#ifndef ROUTE_LISTENER_H
#define ROUTE_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * listener: which ports the listeners of a gateway open, and which listener a
 * name means on each of them (Gateway API, GatewaySpec.listeners).
 * Life: fill in an array -> listener_plan -> listener_find ...
 *
 * It knows nothing of documents: whoever has some turns them into an array, a
 * Gateway's own listeners first, then those of its ListenerSets, oldest first.
 * Pure; finding allocates nothing.
 *
 * Listeners of one port share it when a connection can tell them apart:
 *
 *	HTTP			by the request's host
 *	HTTPS, TLS		by the server name of the hello
 *	TCP, UDP		cannot
 *
 * Where two cannot share a port the one of a document further in front wins;
 * of the same document no one does.  TCP and UDP of the same number are two
 * ports.
 */
enum listener_protocol {
	LISTENER_HTTP, LISTENER_HTTPS, LISTENER_TLS, LISTENER_TCP, LISTENER_UDP
};

enum listener_conflict {
	LISTENER_DISTINCT,
	LISTENER_HOST_CONFLICT,		/* the same port and hostname */
	LISTENER_PROTOCOL_CONFLICT,	/* the same port, another protocol */
};

struct listener {
	struct slice           name;	/* its section's */
	struct slice           hostname;	/* lower case; empty: any */
	uint16_t               port;
	enum listener_protocol protocol;
	unsigned int           document;	/* which one it is from; grows */
	const void            *owner;	/* of the caller */
	enum listener_conflict conflict;	/* set by listener_plan */
};

/* One port to open.  No two of its listeners have the same hostname. */
struct listener_port {
	uint16_t                number;
	enum listener_protocol  protocol;	/* HTTPS: TLS may be among them */
	const struct listener **listeners;	/* the most specific host first */
	size_t                  len;
};

struct listener_plan {
	struct listener_port *ports;	/* by number, UDP behind TCP */
	size_t                len;
};

/* Keeps the listeners, whose conflict it sets. */
void listener_plan(struct arena *, struct listener *, size_t len,
    struct listener_plan *out);

/*
 * The listener that has the most specific hostname that holds this one (lower
 * case, without port), or NULL.  "*.example.com" holds names with one or more
 * labels in front, never example.com; the empty hostname holds all, also the
 * empty name.
 */
const struct listener *listener_find(const struct listener_port *,
    struct slice host);
bool listener_holds(struct slice hostname, struct slice host);

/* The reason of the condition Conflicted: "HostnameConflict", or NULL. */
const char *listener_conflict_reason(enum listener_conflict);

#endif
