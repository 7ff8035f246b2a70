#ifndef PROXY_AGENT_BUNDLE_H
#define PROXY_AGENT_BUNDLE_H

#include "base/err.h"
#include "base/slice.h"

/*
 * agent_bundle: whom this proxy trusts, as control tells it while it runs.  Part
 * of the agent; on the sync thread.
 *
 * Roots go at once, even the one under its own certificate: then it shows a
 * certificate that nobody trusts, until it has joined anew.
 */
struct agent;

/* Control's roots; ERR_DATA leaves those that we have. */
int agent_take_bundle(struct agent *, struct slice pem, struct err *);
/* The keys of tokens, a JWK Set. */
void agent_take_jwks(struct agent *, struct slice text);

#endif
