#ifndef CONTROL_LEFT_BEHIND_H
#define CONTROL_LEFT_BEHIND_H

#include "modes/control/server.h"

/*
 * left_behind: who would be shut out by a change of roots.  Who was revoked, or
 * could not renew any more, is of no concern.
 *
 *   LEFT_BY_REVOKE    of whose newest certificate the root is not the active one,
 *                     and leaves the bundle
 *   LEFT_BY_ACTIVATE  workloads that are not connected, and may not have heard of
 *                     the root that is prepared, for which nobody vouches
 */
enum left_behind_by { LEFT_BY_REVOKE, LEFT_BY_ACTIVATE };

enum left_behind_kind {
	LEFT_CONNECTED,		/* a workload that can be asked to renew */
	LEFT_AWAY,		/* registered, and without a session */
	LEFT_STOPPED,		/* it has withdrawn, and may never come back */
	LEFT_OPERATOR,		/* whose certificate nothing renews */
	LEFT_N,
};
const char *left_behind_kind_name(enum left_behind_kind);	/* "connected" */

struct left_behind_one {
	const char           *name;	/* "ns/name", or an operator's */
	enum left_behind_kind kind;
	int64_t               until;	/* its certificate's end; of an activation,
					   of its right to renew that */
};

struct left_behind {
	struct err                    err;	/* of the store */
	const struct left_behind_one *v;	/* in order of names; borrowed */
	size_t                        n;
};
typedef void left_behind_done(void *ctx, const struct left_behind *);

/* Looks at the records of all certificates. */
void left_behind_look(struct server *, enum left_behind_by, left_behind_done *,
    void *ctx);

#endif
