#ifndef PROXY_RULE_FILTERS_H
#define PROXY_RULE_FILTERS_H

#include "modes/proxy/rules.h"

/*
 * rule_filters: what the filters of a rule and of its backend make of the
 * heads of an exchange.
 *
 * Way up: the rule's filters, then its backend's; way down the reverse.  A
 * field is added as one more line (RFC 9110, section 5.3).  What belongs to one
 * hop, or frames a message, no filter changes; Host is the authority.  A path
 * that a filter made is brought to the form that http/path.h describes.
 */

/* Redirects and preflights. */
void rule_answer(struct rule_choice *, struct arena *,
    const struct http_head *request, uint16_t port);
/* The same by the filters of the backend whose turn it is. */
void rule_backend_answer(struct rule_choice *, struct arena *,
    const struct http_head *request, uint16_t port, const struct rule_backend *);
/*
 * The head that is sent on: request itself, or one in the arena.  NULL: a
 * filter made a path of it that cannot be sent.
 */
struct http_head *rule_request(const struct rule_choice *, struct arena *,
    struct http_head *request);
/* request: as it came. */
void rule_response(const struct rule_choice *, struct arena *,
    const struct http_head *request, struct http_head *response);

#endif
