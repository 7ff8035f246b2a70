#ifndef BASE_CAPABILITY_H
#define BASE_CAPABILITY_H

#include <stdint.h>

#include "base/err.h"

/*
 * capability: what root may and others may not (capabilities(7)), as bits.
 *
 * What is dropped is gone for good, for the calling thread and those that it
 * starts afterwards: it is for the time before there are threads.  A process
 * of root without capabilities still owns root's files, and no others.
 */
#define CAPABILITY_CHOWN	(UINT64_C(1) << 0)
#define CAPABILITY_BIND_LOW	(UINT64_C(1) << 10)	/* NET_BIND_SERVICE */

/* Those in effect; 0 of most users. */
uint64_t capability_now(void);
/* Keeps of these what there is.  Where it may, the bounding set follows. */
int capability_keep(uint64_t bits, struct err *);

#endif
