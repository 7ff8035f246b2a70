#ifndef UPSTREAM_FETCH_H
#define UPSTREAM_FETCH_H

#include "base/err.h"
#include "base/slice.h"
#include "loop/loop.h"
#include "net/resolve.h"

/*
 * fetch: one document from a web server outside the data plane: keys of a token's
 * issuer, another mesh's trust bundle, a token for a code.
 *
 * Life: fetch_start -> done once, or fetch_cancel and no call.
 * done is never called from inside fetch_start or fetch_cancel.
 *
 * A GET, or a POST of a form; over a connection of its own, which is closed
 * behind the answer.  The name's addresses are tried one after another.  The
 * deadline covers everything, redirects included.
 *
 * Whom an https server must be is the caller's word: one whose certificate
 * leads to `roots` and names the URL's host (RFC 9525), or one that has the
 * SPIFFE ID `expected_id` by the bundle of `identity`.  Plain text is spoken
 * with servers on loopback alone, and only where the caller allows it.
 *
 * A GET follows redirects (301, 302, 303, 307, 308) that stay with https, or
 * with http; a POST follows none, as it carries a secret, and gives the 3xx.
 */
#define FETCH_REDIRECTS_MAX	3

struct web_roots;
struct tls_identity;
struct tls_handshaker;

struct fetch_request {
	struct tls_handshaker *handshaker;
	struct slice           url;
	struct web_roots      *roots;	/* a reference is taken; or NULL */
	struct tls_identity   *identity;	/* likewise, instead of roots */
	struct slice           expected_id;	/* with identity */
	bool                   allows_plain;
	struct slice           accept;	/* or none */
	struct slice           authorization;	/* or none; the first server only */
	struct slice           form;	/* of a POST; absent: GET */
	uint64_t               timeout_ms;
	size_t                 body_max;	/* bytes; more is ERR_TOO_LARGE */
	int                    redirects;	/* at most FETCH_REDIRECTS_MAX */
	const struct resolve_files *files;	/* kept; NULL: the machine's */
};

struct fetch_result {
	struct err   err;	/* kind ERR_NONE: a whole answer, of any status.
				 * ERR_DENIED: it is not who it must be */
	int          status;
	struct slice body;	/* borrowed for the call, as all below */
	struct slice content_type;
	int64_t      max_age_s;	/* that it may be kept; 0: not at all; -1: not
				 * said */
};

/* Copies the request.  Keeps arg. */
struct fetch;
struct fetch *fetch_start(struct loop *, const struct fetch_request *,
    void (*done)(void *arg, const struct fetch_result *), void *arg);
void fetch_cancel(struct fetch *);	/* NULL allowed */

#endif
