#ifndef UPSTREAM_ISSUER_FETCH_H
#define UPSTREAM_ISSUER_FETCH_H

#include "base/err.h"
#include "loop/loop.h"
#include "net/resolve.h"

/*
 * issuer_fetch: the keys of one issuer, once: from the address that is known, or
 * from where the issuer says that they are (policy/openid.h).
 *
 * Life: issuer_fetch_start -> done once, or issuer_fetch_cancel and no call.
 */
#define ISSUER_FETCH_MS	10000u	/* for each of the two */

struct issuer_fetch;
struct openid_provider;
struct web_roots;
struct tls_handshaker;

struct issuer_fetch_request {
	struct tls_handshaker      *handshaker;
	struct web_roots           *roots;	/* a reference is taken; NULL: none */
	const struct resolve_files *files;	/* kept; NULL: the machine's */
	struct slice                issuer;
	struct slice                address;	/* absent: the issuer knows */
};

struct issuer_fetched {
	struct err   err;
	struct slice text;	/* a JWK Set, not read yet; borrowed */
	/* What the issuer says of itself; borrowed; NULL: not asked. */
	const struct openid_provider *provider;
	int64_t      max_age_s;	/* -1: not said */
};

struct issuer_fetch *issuer_fetch_start(struct loop *,
    const struct issuer_fetch_request *,	/* copied */
    void (*done)(void *arg, const struct issuer_fetched *), void *arg);
void issuer_fetch_cancel(struct issuer_fetch *);	/* NULL allowed */

#endif
