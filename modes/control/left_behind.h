#ifndef CONTROL_LEFT_BEHIND_H
#define CONTROL_LEFT_BEHIND_H

#include "modes/control/server.h"

/*
 * left_behind: workloads and operators whose newest certificate leads to a root
 * that is not the active one, and that nobody would trust without it.
 */
struct left_behind {
	struct err  err;	/* of the store */
	size_t      n;
	const char *one;	/* "ns/name", or an identity; borrowed */
};
typedef void left_behind_done(void *ctx, const struct left_behind *);

/* Looks at the records of all certificates that have not ended. */
void left_behind_look(struct server *, left_behind_done *, void *ctx);

#endif
