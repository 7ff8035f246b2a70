#ifndef CTL_ALLOW_STANDING_H
#define CTL_ALLOW_STANDING_H

#include "modes/ctl/allow_meets.h"
#include "modes/ctl/traffic.h"

/*
 * allow_standing: the policies in force that an order meets, and what that makes of
 * it: a DENY goes before it, and beside an ALLOW of more it narrows nothing.
 */

/* Loads what allow_standing looks at; false: nothing can be said, see err. */
bool allow_standing_load(struct traffic *, const char *namespace, struct err *);
/*
 * The first from *it on of that action that is about so much of the order, at
 * least; NULL: no other.  Begins with *it = 0; but: its own name, or NULL.
 */
const struct model_object *allow_standing(struct traffic *,
    const struct model_object *service, const struct allow_words *,
    enum model_authz_action, enum allow_meets, const char *but, size_t *it);
/* Warns of each; service NULL: of none. */
void allow_warn_standing(struct traffic *, const struct model_object *service,
    const struct allow_words *, const char *own);

#endif
