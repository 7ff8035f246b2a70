#ifndef HTTP_FIELD_RULES_H
#define HTTP_FIELD_RULES_H

#include "http/head.h"

/*
 * field_rules: what all versions of the protocol have to say about a field by
 * its name, which is in lower case.
 */

/* A peer may neither have it removed by naming it in Connection, nor add it
 * behind the head: it matters for routing, identity or framing. */
bool field_is_protected(enum http_field_id, struct slice name);
/* Begins like a field that frames, which some behind us would take it for. */
bool field_is_lookalike(struct slice name);
/*
 * Trailers (RFC 9110, section 6.5.1): fields that frame, route, authenticate or
 * change how the message is read have no place there.
 */
bool field_may_be_trailer(struct slice name);

#endif
