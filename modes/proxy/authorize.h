#ifndef PROXY_AUTHORIZE_H
#define PROXY_AUTHORIZE_H

#include "modes/proxy/compile.h"
#include "modes/proxy/worker.h"
#include "policy/authz.h"

/*
 * authorize: who may come in, by the AuthorizationPolicies (policy/authz.h).
 *
 * Two filters that always stand in the chains of what comes in: one decides for
 * each connection of bytes or datagrams when it opens, the other for each
 * request.  Both keep what they let in on a list of the worker, and with the
 * next snapshot it is asked again: what is allowed no longer is cut off.  The same
 * goes for plain text where it is not taken any more (plain.h), and for tokens
 * that are good no longer, by the rules or keys that are in force now; that one
 * has expired meanwhile ends nothing.
 *
 * What is refused is told to the caller as "RBAC: access denied" alone; the log,
 * the access log's response_code_details and a counter name policy and rule.
 *
 * A request that CUSTOM policies are about waits until their providers have said
 * yes, one after another, and is decided then, as they made it; so does a
 * connection of bytes, if all of them are asked by gRPC.  What they refuse is
 * answered as they say, or cut off.  Where one cannot be asked -- by HTTP about
 * bytes, about datagrams of strangers, or as the MeshConfig lacks it -- the
 * policy refuses.
 */
#define AUTHORIZE_BODY	"RBAC: access denied"

extern const struct l4_filter authorize_bytes;
extern const struct l7_filter authorize_requests;

/* The tables of a snapshot whose inbound ports are there; called by compile. */
void compile_authorization(const struct compile_input *, struct snapshot *);
/* What policies are about there: a port of ours, of a Gateway. */
struct gateway_front;
struct model_authz_place authorize_place_of_port(const struct compile_input *,
    const struct inbound_port *);
struct model_authz_place authorize_place_of_front(const struct compile_input *,
    const struct gateway_front *);

/*
 * Of a connection in plain text that could have been HTTP and is bytes, before
 * anybody is connected to: false: refused, it is to be cut off.
 */
bool authorize_session(struct l4_run *);

/* Whether the second lets in whom the first does: nobody need be asked again. */
bool authorize_is_same(const struct snapshot *, const struct snapshot *);
/* On the worker, after its snapshot took the place of old (NULL: the first). */
void authorize_again(struct proxy_worker *, const struct snapshot *old);
/* Whatever changed, or because of the time. */
void authorize_all_again(struct proxy_worker *);

/* --- of the two filters ------------------------------------------------------- */

/* What is asked for. */
struct authorize_at {
	const struct authz *table;	/* of the snapshot; NULL: nothing is asked */
	struct authn       *rules;	/* likewise: for tokens; NULL: none */
	const struct gateway_front *front;	/* likewise; NULL: no Gateway's */
	struct slice        service;	/* "ns/name", or "" */
	char                room[SERVICE_KEY_MAX];
	uint16_t            port, app_port;
	bool                is_udp;
	bool                is_bytes;	/* a port of ours that takes no requests */
	bool                is_gone;	/* a port of ours that is not known */
	/* It came in plain text, which is not taken there; else NULL. */
	const struct inbound_port *strict;
};
/* By the listener, and what the peer's TLS means; is_udp: of datagrams. */
void authorize_find(const struct proxy_worker *, const char *listener,
    const struct conn_peer *, const struct addr *local, bool is_udp,
    struct authorize_at *);

/* On the worker: tokens of requests that were let in, judged one by one. */
void token_turns_init(struct proxy_worker *);
void token_turns_stop(struct proxy_worker *);

enum authorize_when { AUTHORIZE_NEW, AUTHORIZE_AGAIN };
/* Counts and logs: of a request that nobody is still to be asked about. */
void authorize_note(struct proxy_worker *, const struct authorize_at *,
    const struct authz_facts *, const struct authz_verdict *,
    const struct authz_answer *, enum authorize_when);
/*
 * What a verdict holds besides its answer, as "audit[default/watch]-rule[0],
 * would_deny[none]", none being what holds where no rule matches; "" where there
 * is nothing, which costs nothing.  In the arena.
 */
struct slice authorize_noted(const struct proxy_worker *,
    const struct authz_verdict *, struct arena *);
/* Of one that is cut off: the rule for tokens that says so, and why. */
void authorize_note_token(struct proxy_worker *, const struct authorize_at *,
    const struct authz_facts *, const struct authz_answer *,
    const char *fault);
/* Of one whose port is_gone. */
void authorize_note_gone(struct proxy_worker *, const struct authorize_at *,
    const struct conn_peer *);
/* The same of one that its provider refused: why, in words. */
void authorize_note_refusal(struct proxy_worker *, const struct authorize_at *,
    const struct authz_facts *, const struct authz_ask *, const char *why);
/*
 * Decides, counts and logs where nobody can be asked.  False: refused, *answer
 * says by what.
 */
bool authorize_ask(struct proxy_worker *, const struct authorize_at *,
    const struct authz_facts *, enum authorize_when,
    struct authz_answer *answer);
/*
 * The same for datagrams of a stranger at a Gateway's port, which have no
 * connection; table: of its front.
 */
bool authorize_datagrams(struct proxy_worker *, const struct authz *table,
    uint16_t port, const struct addr *from, enum authorize_when);
/* For authz_facts. */
struct authz_ip authorize_ip(const struct addr *);

#endif
