#ifndef PROXY_VERIFIER_H
#define PROXY_VERIFIER_H

#include "loop/loop.h"
#include "policy/authn.h"

/*
 * verifier: the thread that verifies tokens which no worker has seen before.
 *
 * A signature takes 60 us (ES256) to 3 ms (ES384) of work that cannot be put
 * down in between; on a worker it would be a pause for everybody else's
 * requests, and whoever sends made-up tokens would choose how many.  So they
 * wait for each other here, no more than VERIFIER_WAITING_MAX of them and
 * VERIFIER_PEER_MAX of one peer, and those that were verified before
 * (token_cache.h) do not wait at all.  What nobody waits for any more is passed
 * over.
 *
 * Life: verifier_new -> verifier_start ... -> verifier_free, when the workers
 *       have stopped and before their loops go.
 */
#define VERIFIER_WAITING_MAX	512
#define VERIFIER_PEER_MAX	128	/* those of a few others may be among them */

struct verifier;
struct verifier *verifier_new(void);
/* On a loop that somebody else runs, to the end of all questions.  Keeps it. */
struct verifier *verifier_on(struct loop *);
/* How many questions were looked into so far. */
size_t verifier_judged(const struct verifier *);
void verifier_free(struct verifier *);	/* NULL is allowed */

/* peer: whose they are, an identity or an address; empty: our own question. */
struct verifier_question {
	struct authn             *rules;
	const struct authn_found *found;
	size_t                    n;
	int64_t                   now_s;	/* as of when */
	struct slice              peer;
};

/*
 * Copies the tokens and takes a reference of the rules.  done runs on loop, once,
 * and takes over the proof in the verdict.  NULL: too many wait.
 */
struct verifying;
struct verifying *verifier_start(struct verifier *, struct loop *,
    const struct verifier_question *,
    void (*done)(void *arg, const struct authn_verdict *), void *arg);
void verifier_cancel(struct verifying *);	/* on that loop, before done */

#endif
