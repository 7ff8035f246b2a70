#ifndef PROXY_EXT_AUTHZ_EXCHANGE_H
#define PROXY_EXT_AUTHZ_EXCHANGE_H

#include "chain/l7.h"
#include "modes/proxy/ext_authz.h"

/*
 * ext_authz_exchange: what the filters that ask (authorize_filters.c for policies,
 * ext_authz_rule.c for routes) make of an exchange, and of an answer.
 */

/* Of the body nothing; service: "ns/name" that is called, or empty. */
void ext_authz_question_of(struct l7_ctx *, struct slice service,
    struct ext_authz_question *);
/* The same of a connection of bytes, of which there is no head. */
void ext_authz_question_of_bytes(struct l4_ctx *, struct slice service,
    struct arena *, struct ext_authz_question *);
/* Puts in what a provider sees of a body that was collected; borrows it. */
void ext_authz_show_body(struct ext_authz_question *,
    const struct ext_authz_settings *, struct slice body, bool is_part);
/* Whether there will be a body, or more than a head at least. */
bool ext_authz_has_body(const struct http_head *, bool end);

/* Who asks: for counters and the log. */
struct ext_authz_by {
	struct slice service;	/* that is called, "ns/name", or empty */
	struct slice rule;	/* "ns/policy", or a route's "ns/route/rule" */
	struct slice provider;
};
/* mesh_ext_authz_*: allow, deny, error or fail_open, and how long it took. */
void ext_authz_count(struct proxy_worker *, const struct ext_authz_by *,
    const struct ext_authz_settings *, const struct ext_authz_answer *);
/* Of an ERROR, for the log: why there was no answer, and what came of it. */
void ext_authz_tell(struct proxy_worker *, const struct ext_authz_by *,
    const struct ext_authz_settings *, const struct ext_authz_answer *);
/* Whether the request goes on: yes, or nobody answered and it fails open. */
bool ext_authz_lets_pass(const struct ext_authz_settings *,
    const struct ext_authz_answer *);
/* Else: replies for the provider.  details go to the log. */
void ext_authz_refuse(struct l7_ctx *, const struct ext_authz_settings *,
    const struct ext_authz_answer *);

#endif
