#ifndef CHAIN_L7_BODY_H
#define CHAIN_L7_BODY_H

#include "chain/l7.h"

/*
 * l7_body: for filters that want more of a body at once than comes, or that let
 * less go on.
 *
 * Called in a head hook that then returns HOLD: the whole body comes to this
 * filter's body hook in one piece with end, the head waits until that hook
 * passes.  Trailers that follow are not shown to it.  A caller that waits for
 * 100 gets it.  Above max bytes: 413 (request), or 502 (response).
 */
void l7_collect(struct l7_ctx *, enum dir, size_t max);
/*
 * As that, but of a longer body the beginning comes, max bytes or more, without
 * end; what follows is shown to the hook as it comes once that has passed.  A
 * filter behind another one that collected sees no more than that one did.
 */
void l7_collect_part(struct l7_ctx *, enum dir, size_t max);
/* Before a body hook returns HOLD: resumed, n bytes (1 or more) go on, and it is
   shown the rest again. */
void l7_hold_part(struct l7_ctx *, enum dir, size_t n);

#endif
