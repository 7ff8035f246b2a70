#ifndef LINK_CALLER_H
#define LINK_CALLER_H

#include "base/str.h"
#include "net/conn.h"

/*
 * caller: what a proven peer is called for short, in labels, limits and logs.
 *
 * Of our own trust domain spiffe://TD/ns/NS/sa/NAME is "NS" and "NAME".  Of
 * another it is "NS@TD" and "NAME", and an ID of another form "@TD" and its
 * path with colons for slashes: no label of ours has an '@', so nobody abroad
 * is ever taken for an account here.  Whoever shortens an ID shortens it here.
 */
struct caller {
	struct slice ns, name;	/* of the peer's id, or of room */
	char         room[CONN_ID_MAX + 2];
};

/* False: it is no workload, and both are absent.  Not to be copied. */
bool caller_split(struct caller *, const struct conn_peer *);
/*
 * The opposite, of somebody abroad: "NS@TD/NAME" gives "TD/ns/NS/sa/NAME", as
 * policies write a principal, "@TD/a:b" gives "TD/a/b".  False: it is of here.
 */
bool caller_principal(struct str *, struct slice text);

#endif
