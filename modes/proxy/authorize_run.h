#ifndef PROXY_AUTHORIZE_RUN_H
#define PROXY_AUTHORIZE_RUN_H

#include "chain/l7.h"
#include "modes/proxy/authorize.h"

/*
 * authorize_run: the insides of the filter of requests, shared by
 * authorize_filters.c, which decides, and authorize_provider.c, which asks.
 */
struct asking;

/* As it was when it came: filters behind may write another path. */
struct authorize_request {
	struct list    link;	/* in worker->requests_let_in */
	struct l7_ctx *ctx;	/* NULL: not there */
	struct slice   method, path, host, authority;
	struct asking *asking;	/* NULL: nobody is asked, or was */
};

/* --- authorize_filters.c ------------------------------------------------------------ */

/* False: nothing is asked of it. */
bool authorize_facts(struct l7_ctx *, struct authorize_at *,
    struct authz_facts *);
/* All providers said yes: decides, and lets in or refuses (then false). */
bool authorize_let_in(struct l7_ctx *);
/* By a rule: tells the log more than the caller. */
void authorize_refuse_by(struct l7_ctx *, const struct authz_answer *);

/* --- authorize_provider.c ----------------------------------------------------------- */

/* At the head of a request.  HOLD: the answer resumes it, or it is refused. */
enum verdict asking_begin(struct l7_ctx *, const struct authz_verdict *,
    struct http_head *, bool end);
enum verdict asking_body(struct l7_ctx *, struct buf *, bool end);
/* The provider has said yes to it; asking may be NULL. */
bool asking_has(const struct asking *, const char *provider);
void asking_change_response(const struct asking *, struct http_head *);
void asking_end(struct asking *);	/* NULL allowed; memory is the stream's */

#endif
