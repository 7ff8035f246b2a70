#ifndef CONTROL_JWT_ROTATION_H
#define CONTROL_JWT_ROTATION_H

#include "modes/control/audit.h"
#include "modes/control/server.h"

/*
 * jwt_rotation: the keys of JWT-SVIDs follow each other while control runs, by
 * their age (jwt_keys.h).  Does what is due, once; what fails is logged and tried
 * again by the next look.  Every proxy is told of the keys that verify.
 */
void jwt_rotation_look(struct server *, int64_t now);

/*
 * At once, for a key that somebody else may have: another signs, and no other
 * verifies, so that every token that is out is worth nothing to whoever has heard
 * of it.  done may be called before it returns; the server outlives it.
 */
void jwt_rotation_replace(struct server *, const struct audit_entry *who,
    void (*done)(void *ctx, const struct err *), void *ctx);

#endif
