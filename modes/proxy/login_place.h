#ifndef PROXY_LOGIN_PLACE_H
#define PROXY_LOGIN_PLACE_H

#include "modes/proxy/gateway.h"
#include "modes/proxy/login.h"

/*
 * login_place: which OIDCLogin a request is about, by where it has come to: a
 * rule of an HTTPRoute, the route, a listener of the Gateway, the Gateway.  The
 * closest counts, and of equals the oldest, as Gateway API has it for policies.
 */
struct rule;

/* What one document is about, at one front. */
struct login_at {
	struct login *login;	/* of the snapshot */
	const char   *route;	/* key of an HTTPRoute; NULL: any */
	const char   *rule;	/* name of one of its rules; NULL: any */
	const char   *site;	/* key of a listener; NULL: any */
	int           closeness;	/* model_oidc_target_closeness */
};

/* Where a request has come to; lives as long as it. */
struct login_asked {
	const struct rule *rule;	/* NULL: none took it */
	struct slice       site;	/* its listener's key; absent: no listener */
};

/* Made by compile; the closest come first. */
void login_places_make(const struct compile_input *, struct snapshot *,
    struct gateway_front *);
/* NULL: nobody logs in there. */
struct login *login_place_find(const struct login_at *, size_t n,
    const struct login_asked *);

/*
 * Before any filter, of a request that comes in there (NULL: nowhere): what nobody
 * is to read is hidden, and what it may not say dropped.
 */
void login_enter(const struct gateway_front *, struct l7_ctx *,
    struct http_head *);
/* Then, when its route is known: notes it for login_asked_of. */
void login_note(const struct gateway_front *, struct l7_ctx *,
    const struct gateway_site *, const struct rule *);
struct login_asked login_asked_of(struct l7_ctx *);

#endif
