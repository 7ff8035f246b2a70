#ifndef CTL_INQUIRY_ARRIVAL_H
#define CTL_INQUIRY_ARRIVAL_H

#include "modes/ctl/inquiry.h"

/*
 * inquiry_arrival: what a proxy does with a request or a connection before any
 * document about tokens or callers is asked: heads have limits (http/limits.h),
 * and plain text comes in only where a PeerAuthentication lets it.
 */

/* -1: see err. */
int inquiry_arrival_load(struct inquiry *, struct err *);
/*
 * Why it does not get in there, in the arena; NULL: it does.  Without a workload
 * it is one with the labels of the service's selector.
 */
const char *inquiry_arrival_refusal(struct inquiry *,
    const struct model_object *workload);
/* Says what routes make of the path before it gets here. */
void inquiry_arrival_note(struct inquiry *);

#endif
