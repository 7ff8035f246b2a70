#ifndef PKI_CALLER_H
#define PKI_CALLER_H

#include "base/str.h"
#include "pki/spiffe.h"

/*
 * caller: what a proven peer is called for short, in labels, limits and logs: its
 * account, "NS/NAME".
 *
 * Of our own trust domain spiffe://TD/ns/NS/sa/NAME is "NS/NAME".  Of another it
 * is "NS@TD/NAME", and an ID of another form "@TD/" and its path with colons for
 * slashes: no label of ours has an '@', so nobody abroad is ever taken for an
 * account here.  Whoever shortens an ID shortens it here.
 */
#define CALLER_MAX	(SPIFFE_MAX + 1)	/* with the NUL */

/* "": it is no workload. */
void caller_name(char out[CALLER_MAX], struct slice id, bool is_foreign);
/* False: the account is "", and both are absent. */
bool caller_split(struct slice account, struct slice *ns, struct slice *name);
/*
 * The opposite, of somebody abroad: "NS@TD/NAME" gives "TD/ns/NS/sa/NAME", as
 * policies write a principal, "@TD/a:b" gives "TD/a/b".  False: it is of here.
 */
bool caller_principal(struct str *, struct slice account);

#endif
