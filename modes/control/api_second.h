#ifndef CONTROL_API_SECOND_H
#define CONTROL_API_SECOND_H

#include "modes/control/api.h"

/*
 * api_second: an order that waits for the end of the second of a revocation.
 * Life: api_second_pass -> go, in that call or within a second -> or, when
 *     control ends before, an answer that says so.
 *
 * What an identity got in the second of its revocation is refused, as nothing
 * says what was first.  So what is to let it in again, and is made after it,
 * must not be of the same second.
 */
struct api_second {
	/* Whether what would be made at `now` would be refused. */
	bool (*is_refused)(struct api_call *, int64_t now);
	void (*go)(struct api_call *, int64_t now);
};

/* Keeps the rows; holds the call until go is called. */
void api_second_pass(struct api_call *, const struct api_second *);

#endif
