#ifndef PROXY_AGENT_DIAL_H
#define PROXY_AGENT_DIAL_H

#include "base/err.h"
#include "loop/loop.h"
#include "tls/tls.h"

/*
 * agent_dial: a connection to control: its name resolved, its addresses tried
 * one after another, TLS with the identity that control must have.
 *
 * Life: agent_dial_start -> done once, or agent_dial_cancel and no call.
 * done is never called from inside agent_dial_start.
 */
struct agent_dial;

struct agent_dial_request {
	struct loop           *loop;
	struct tls_handshaker *handshaker;
	const char            *control;	/* HOST:PORT */
	const struct resolve_files *files;	/* kept; NULL: the machine's */
	struct tls_identity   *identity;	/* a ref is taken; NULL: verify_none */
	const char            *expected_id;	/* SPIFFE ID; NULL: verify_none */
};

struct agent_dialled {
	struct conn_image *image;	/* for conn_attach; NULL: see err */
	struct slice       peer_chain;	/* unverified: as tls.h gives it */
	struct err         err;		/* ERR_UNAVAILABLE, ERR_DENIED */
};

#define AGENT_ALPN	"http/1.1"

struct agent_dial *agent_dial_start(const struct agent_dial_request *,
    void (*done)(void *arg, struct agent_dialled *), void *arg);
void agent_dial_cancel(struct agent_dial *);	/* NULL allowed */

#endif
