#ifndef CONTROL_CA_DISCARD_H
#define CONTROL_CA_DISCARD_H

#include "modes/control/ca_rotate.h"

/*
 * ca_discard: what is prepared is thrown away, as if it had never been: a root
 * that was published leaves the bundle.  Nothing was signed with it so far.
 *
 *   discarding		it is under way: ca_files_prepare goes on with it
 */

/* ERR_NOT_FOUND: nothing is prepared. */
int ca_discard(const struct ca_files *, struct err *);
/* Goes on with one that was cut short; none: 0. */
int ca_discard_resume(const struct ca_files *, struct err *);

#endif
