#ifndef CONTROL_LEFT_BEHIND_H
#define CONTROL_LEFT_BEHIND_H

#include "modes/control/server.h"

/*
 * left_behind: workloads and operators whose newest certificate leads to a root
 * that is not the active one, and that nobody would trust without it.  What was
 * revoked or has ended is of no concern.
 */
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
	int64_t               until;	/* its certificate's end */
};

struct left_behind {
	struct err                    err;	/* of the store */
	const struct left_behind_one *v;	/* in order of names; borrowed */
	size_t                        n;
};
typedef void left_behind_done(void *ctx, const struct left_behind *);

/* Looks at the records of all certificates that have not ended. */
void left_behind_look(struct server *, left_behind_done *, void *ctx);

#endif
