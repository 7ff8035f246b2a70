#ifndef CTL_ALLOW_NAME_H
#define CTL_ALLOW_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * allow_name: what the document of an `allow` or a `deny` is called, so that
 * two orders have two documents and the same order, given again, has its own:
 *
 *	allow-web-to-orders	allow-web-to-orders-80-get-head-1f0c9a52
 *
 * behind the caller and the service the port, the methods, and a hash of the
 * paths and addresses, each where the order has it.  Who is known by its SPIFFE ID alone is
 * called by its last word and a hash of the whole.
 */
struct allow_words {
	const char *verb;	/* "allow", "deny" */
	const char *namespace;	/* of the caller; NULL: everybody */
	const char *caller;	/* "*": everybody there */
	const char *to_namespace, *to;
	uint16_t    port;	/* 0: all */
	const char *methods;	/* as typed; NULL: all */
	const char *paths, *ips;	/* likewise */
	const char *id;		/* the caller's SPIFFE ID in place of both */
	bool        is_nobody;	/* who proves no identity, from ips */
};

#define ALLOW_WIDER_MAX	15	/* port, methods, paths, ips: each there or not */

const char *allow_name(struct arena *, const struct allow_words *);
/* The names of orders that say the same of more; their number. */
size_t allow_wider(struct arena *, const struct allow_words *,
    const char *names[ALLOW_WIDER_MAX]);

#endif
