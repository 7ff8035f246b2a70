#ifndef PROXY_AUTHORIZE_RUN_H
#define PROXY_AUTHORIZE_RUN_H

#include "chain/l7.h"
#include "modes/proxy/authorize.h"

/*
 * authorize_run: the insides of the two filters, shared by authorize_filters.c,
 * which decides, by those that ask: authorize_provider.c about requests,
 * authorize_provider_bytes.c about connections of bytes, and by
 * authorize_token.c, which judges tokens again.
 */
struct asking;
struct bytes_asking;
struct token_again;

/* As it was when it came: filters behind may write another path. */
struct authorize_request {
	struct list    link;	/* in worker->requests_let_in */
	struct l7_ctx *ctx;	/* NULL: not there */
	struct slice   method, path, host, authority;
	struct asking *asking;	/* NULL: nobody is asked, or was */
	struct token_again *again;	/* NULL: its token was judged but once */
};

/* --- authorize_filters.c ------------------------------------------------------------ */

/* False: nothing is asked of it. */
bool authorize_facts(struct l7_ctx *, struct authorize_at *,
    struct authz_facts *);
/* All providers said yes: decides, and lets in or refuses (then false). */
bool authorize_let_in(struct l7_ctx *);
/* By a rule: tells the log more than the caller. */
void authorize_refuse_by(struct l7_ctx *, const struct authz_answer *);

/* What its token says was judged by other rules: decides once more. */
void authorize_request_again(struct l7_ctx *);
/* The rule says that its token is no good any more: cuts it off. */
void authorize_cut_token(struct l7_ctx *, const struct authz_answer *,
    const char *fault);

/* Who is asked by that name, by the worker's snapshot, or NULL. */
struct ext_authz_provider *authorize_provider(const struct proxy_worker *,
    const char *name);
/* The same of a connection: lets it in, or cuts it off. */
bool authorize_bytes_let_in(struct l4_ctx *);
/* What a provider refused: tells the log, and cuts it off. */
void authorize_bytes_refused(struct l4_ctx *, const struct authz_ask *,
    const char *why);

/* --- authorize_provider.c ----------------------------------------------------------- */

/*
 * Takes out of fields of a request what only providers may say, but for those
 * that the verdict asks, whose answer does that (NULL: for nobody).  Whether
 * there was any.
 */
bool asking_clear(struct l7_ctx *, const struct authorize_at *,
    const struct authz_verdict *, struct http_fields *);
/* At the head of a request.  HOLD: the answer resumes it, or it is refused. */
enum verdict asking_begin(struct l7_ctx *, const struct authz_verdict *,
    struct http_head *, bool end);
enum verdict asking_body(struct l7_ctx *, struct buf *, bool end);
/* The provider has said yes to it; asking may be NULL. */
bool asking_has(const struct asking *, const char *provider);
void asking_change_response(const struct asking *, struct http_head *);
void asking_end(struct asking *);	/* NULL allowed; memory is the stream's */

/* --- authorize_provider_bytes.c ------------------------------------------------------ */

/*
 * When a connection opens about which somebody is asked: PASS, STOP, or HOLD: the
 * answer resumes it, or it is cut off.  *out is set if somebody is asked; where
 * nobody can be the rule refuses.
 */
enum verdict bytes_asking_begin(struct l4_ctx *, const struct authz_verdict *,
    const struct authorize_at *, struct bytes_asking **out);
bool bytes_asking_has(const struct bytes_asking *, const char *provider);
void bytes_asking_end(struct bytes_asking *);	/* NULL allowed */

/* --- authorize_token.c ----------------------------------------------------------------- */

/*
 * Of a request that was let in: where its tokens were judged by other rules than
 * these (NULL: none), they are judged by these as of when it came, one request
 * after another.  Those without a token are at once.
 */
enum token_again_result {
	TOKEN_KNOWN,	/* decide by what it says */
	TOKEN_PENDING,	/* authorize_request_again or authorize_cut_token follows */
	TOKEN_CUT,	/* it was cut off */
};
enum token_again_result token_again(struct token_again **, struct l7_ctx *,
    struct authn *rules);
void token_again_end(struct token_again *);	/* NULL allowed */

#endif
