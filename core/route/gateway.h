#ifndef ROUTE_GATEWAY_H
#define ROUTE_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * gateway: which ports the listeners of a gateway open, and which listener a
 * name means on each of them (Gateway API, GatewaySpec.listeners).
 * Life: fill in an array -> gateway_plan -> gateway_find ...
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
enum gateway_protocol {
	GATEWAY_HTTP, GATEWAY_HTTPS, GATEWAY_TLS, GATEWAY_TCP, GATEWAY_UDP
};

enum gateway_conflict {
	GATEWAY_DISTINCT,
	GATEWAY_HOST_CONFLICT,		/* the same port and hostname */
	GATEWAY_PROTOCOL_CONFLICT,	/* the same port, another protocol */
};

struct gateway_listener {
	struct slice           name;	/* its section's */
	struct slice           hostname;	/* lower case; empty: any */
	uint16_t               port;
	enum gateway_protocol protocol;
	unsigned int           document;	/* which one it is from; grows */
	const void            *owner;	/* of the caller */
	enum gateway_conflict conflict;	/* set by gateway_plan */
};

/* One port to open.  No two of its listeners have the same hostname. */
struct gateway_port {
	uint16_t                number;
	enum gateway_protocol  protocol;	/* HTTPS: TLS may be among them */
	const struct gateway_listener **listeners;	/* the most specific host first */
	size_t                  len;
};

struct gateway_plan {
	struct gateway_port *ports;	/* by number, UDP behind TCP */
	size_t                len;
};

/* Keeps the listeners, whose conflict it sets. */
void gateway_plan(struct arena *, struct gateway_listener *, size_t len,
    struct gateway_plan *out);

/*
 * The listener that has the most specific hostname that holds this one (lower
 * case, without port), or NULL.  "*.example.com" holds names with one or more
 * labels in front, never example.com; the empty hostname holds all, also the
 * empty name.
 */
const struct gateway_listener *gateway_find(const struct gateway_port *,
    struct slice host);
/*
 * The listener whose rules a request obeys, by its host.  With TLS its server
 * name chose a listener already (sni; absent in plain text): a host of another
 * one could work over another connection, which 421 says (RFC 9110, section
 * 15.5.20).
 */
enum gateway_answer {
	GATEWAY_MEANT,
	GATEWAY_NOBODY,		/* no listener has the host: 404 */
	GATEWAY_MISDIRECTED,
};
enum gateway_answer gateway_meant(const struct gateway_port *, struct slice sni,
    struct slice host, const struct gateway_listener **out);
bool gateway_holds(struct slice hostname, struct slice host);

/* The reason of the condition Conflicted: "HostnameConflict", or NULL. */
const char *gateway_conflict_reason(enum gateway_conflict);

#endif
