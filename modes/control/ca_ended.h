#ifndef CONTROL_CA_ENDED_H
#define CONTROL_CA_ENDED_H

#include "modes/control/ca.h"

/*
 * ca_ended: the root or the intermediate has ended, and no other took its place
 * in time: its root's key is elsewhere, or control was off meanwhile.
 *
 * Control starts and runs all the same, for how would it get the next one?  It
 * issues nothing and is not ready; its local socket is there, and whoever is
 * root may have the next one signed and put it to use.
 */
enum ca_ended { CA_ENDED_NOT, CA_ENDED_INTERMEDIATE, CA_ENDED_ROOT };

enum ca_ended ca_ended(const struct ca *, int64_t now);
/* Adds what has ended, what follows from it and what to do: a sentence. */
void ca_ended_add(struct str *, const struct ca *, int64_t now);
/* ERR_UNAVAILABLE with that sentence, or 0. */
int ca_ended_check(const struct ca *, int64_t now, struct err *);

#endif
