#ifndef PROXY_STICKY_H
#define PROXY_STICKY_H

#include "modes/proxy/rules.h"

/*
 * sticky: sessions that stay with an endpoint (Gateway API, sessionPersistence).
 *
 * A token in a cookie or a field names the endpoint that answered first, as a
 * hash of the rule and its address, and when that was and when it was last
 * used.  The next request goes there whatever the weights are by then, as long
 * as the endpoint is one of the rule's and is not known to be bad; otherwise it
 * goes where any other would, and gets a new token.  A token is no secret and
 * grants nothing: who makes one up chooses among endpoints of the rule.
 */
struct sticky {
	struct slice           name;	/* of the cookie or field */
	uint64_t               hash;	/* of the token that came, if good */
	int64_t                created_s;	/* of that, or now */
	const struct endpoint *endpoint;	/* NULL: any; in choice->cluster */
};

/*
 * Fills choice->sticky, in the arena, if the rule keeps sessions; gives the
 * backend that the session is with, or NULL.
 */
const struct rule_backend *sticky_find(const struct rule_set *, struct arena *,
    const struct http_head *, int64_t now_s, struct rule_choice *);
/* Adds the token to an answer of this endpoint unless the caller has it. */
void sticky_answer(const struct rule_choice *, struct arena *,
    const struct http_head *request, struct slice host, int64_t now_s,
    struct http_head *response);

#endif
