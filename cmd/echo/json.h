#ifndef ECHO_JSON_H
#define ECHO_JSON_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * json: whether text is exactly one JSON object (RFC 8259), nested at most 64
 * deep, so that a reply can be embedded in ours as it stands.
 */
bool json_is_object(struct slice text);

#endif
