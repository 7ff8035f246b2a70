#ifndef SWARM_ISSUE_H
#define SWARM_ISSUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "modes/proxy/agent_call.h"
#include "pki/key.h"
#include "pki/token.h"

/*
 * issue: many proxies that want a certificate at the same time, the first by a
 * token or the next by the one that they have, each over connections of its own
 * and as often as it takes, with the waits of a proxy between.
 *
 * Life: issue_init -> issue_join, issue_renew ... -> issue_start -> over once
 *     -> issue_fini.
 *
 * Keys and requests are made before issue_start, so that what is measured is
 * control, and a full handshake for each connection.  Who joins asks for the
 * trust bundle first, without trusting anybody, as a proxy does.
 */
struct issue {
	struct agent_dial_request request;	/* without an identity */
	struct tls_identity      *trust;	/* of who has none yet; kept */
	struct asker             *askers;
	size_t                    len, cap, started, ended;
	uint64_t                  began_ns, ended_ns;	/* CLOCK_MONOTONIC */
	size_t                    calls;	/* that asked for a certificate */
	size_t                    failed;	/* refused for good */
	size_t                    late;		/* after their certificate's end */
	void                    (*over)(void *arg);
	void                     *arg;
};

void issue_init(struct issue *, const struct agent_dial_request *);
/* Copies the token, which is spent then; the identity gets a reference. */
void issue_join(struct issue *, const struct token *);
void issue_renew(struct issue *, struct tls_identity *);
/* at_once: how many may be under way. */
void issue_start(struct issue *, size_t at_once, void (*over)(void *arg),
    void *arg);
void issue_fini(struct issue *);

#endif
