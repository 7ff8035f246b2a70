#ifndef PROXY_STICKY_H
#define PROXY_STICKY_H

#include "http/head.h"
#include "upstream/cluster.h"

/*
 * sticky: sessions that stay with an endpoint (Gateway API, sessionPersistence),
 * of a rule or, where its rule keeps none, of a service.
 *
 * A token in a cookie or a field names the endpoint that answered first, as a
 * hash of the rule or service and its address, and when that was and when it was
 * last used.  The next request goes there whatever the weights are by then, as
 * long as the endpoint is one of theirs and is not known to be bad; otherwise it
 * goes where any other would, and gets a new token.  A token is no secret and
 * grants nothing: who makes one up chooses among endpoints that are there for
 * all.
 *
 * Life: sticky_begin -> sticky_seek until one has it -> sticky_answer.
 */
struct sticky {
	struct session_settings set;	/* name: of the cookie or field */
	struct slice            owner;	/* two must not share a session */
	uint64_t                hash;	/* of the token that came; 0: none good */
	int64_t                 created_s;	/* of that, or now */
	const struct endpoint  *endpoint;	/* NULL: any */
};

/* In the arena.  Borrows the words of settings and owner until sticky_answer. */
struct sticky *sticky_begin(const struct session_settings *,
    struct slice owner, struct arena *, const struct http_head *,
    int64_t now_s);
/* Whether the session is with an endpoint of this cluster (NULL: no). */
bool sticky_seek(struct sticky *, const struct cluster *);
/* Adds the token to an answer of this endpoint unless the caller has it. */
void sticky_answer(const struct sticky *, struct arena *,
    const struct http_head *request, struct slice host, int64_t now_s,
    struct http_head *response);

#endif
