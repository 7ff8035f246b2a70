#ifndef PROXY_AGENT_JOIN_H
#define PROXY_AGENT_JOIN_H

#include "conf/schema.h"
#include "modes/proxy/agent_call.h"
#include "modes/proxy/agent_host.h"
#include "modes/proxy/agent_identity.h"
#include "modes/proxy/state.h"
#include "pki/spiffe.h"
#include "pki/token.h"

/*
 * agent_join: how a proxy gets its first identity, from a join token or by what
 * its machine is (agent_host.h).
 *
 * Life: agent_join_start -> done once, or agent_join_cancel and no call.
 *
 * The first connection is unverified and carries nothing of ours: it fetches
 * the trust bundle, which must have the hash that the token names.  Then
 * control is verified against that bundle, and the secret and a CSR go over
 * a second connection.  The key is on the disk before the token is used, so
 * that whoever is interrupted asks again with the same key and gets the same
 * certificate; once the identity is on the disk that key is removed.
 *
 * A host has two more steps in place of the token: it asks for a nonce, and signs
 * that and its CSR with its own key.
 */
struct agent_join;

struct agent_join_request {
	struct loop           *loop;
	struct tls_handshaker *handshaker;
	const char            *control;	/* HOST:PORT */
	const struct resolve_files *files;	/* kept; NULL: the machine's */
	const char            *service;	/* "ns/name" to serve, or NULL */
	const char            *zone;	/* or NULL */
	const struct conf_pairs *labels;
	struct state          *state;
	struct agent_host     *host;	/* proves itself; NULL: by a token */
};

struct agent_join_result {
	struct agent_identity *identity;	/* given; NULL: see err */
	struct str             bundle_pem;	/* may be moved from */
	struct err             err;
	bool                   is_final;	/* trying again cannot help */
};

/*
 * The token from a file, or from $CREDENTIALS_DIRECTORY/join-token for a NULL
 * path: never from the command line, where everybody could read it, nor from a
 * file with a mode that lets everybody (the service manager's directory is its
 * own affair).
 * ERR_NOT_FOUND (no file), ERR_CONFIG.
 */
int agent_join_read_token(const char *path, struct token *, struct err *);
/* Whether the service manager sees to it that nobody else reads it. */
bool agent_join_is_guarded(const char *path);

/*
 * Copies the token, which is NULL with a host; takes the host, keeps the rest of
 * the request.
 */
struct agent_join *agent_join_start(const struct agent_join_request *, const struct token *,
    void (*done)(void *arg, struct agent_join_result *), void *arg);
void agent_join_cancel(struct agent_join *);	/* NULL allowed */

/* --- its steps, without I/O ---------------------------------------------- */

/*
 * Whether a bundle is the one that the token names, or holds the one root that it
 * names, which then is all that is trusted: adds the PEM of it to roots.  And
 * which trust domain the certificate of control says it is.  chain: DER, each
 * after a 4-byte length, as tls.h gives it.  ERR_DENIED.
 */
int agent_join_check_bundle(const struct token *, struct slice bundle_pem,
    struct slice chain, char domain[SPIFFE_DOMAIN_MAX + 1],
    struct str *roots, struct err *);
/* The body of POST /v1/join or, without a token, of /v1/renew. */
void agent_join_body(struct str *, const struct token *, const struct key *,
    const struct agent_join_request *);
/*
 * The identity from the answer to either, and the bundle that came with it
 * (left as it was if none came).
 */
struct agent_identity *agent_join_read_answer(struct slice body, const struct key *,
    struct str *bundle_pem, struct err *);
#endif
