#ifndef CONTROL_JWT_ROTATION_H
#define CONTROL_JWT_ROTATION_H

#include "modes/control/server.h"

/*
 * jwt_rotation: the keys of JWT-SVIDs follow each other while control runs, by
 * their age (jwt_keys.h).  Does what is due, once; what fails is logged and tried
 * again by the next look.  Every proxy is told of the keys that verify.
 */
void jwt_rotation_look(struct server *, int64_t now);

#endif
