#ifndef PROXY_PLAIN_H
#define PROXY_PLAIN_H

#include "modes/proxy/compile.h"
#include "modes/proxy/worker.h"

/*
 * plain: which port of our workload somebody means who comes in plain text, and
 * whether PeerAuthentication lets them.
 *
 * A listener of --expose is one port's alone.  At the common one nothing says
 * what is meant: it is the first port that there is.
 *
 * Where plain text was the rule (DISABLE), members were told to come so.  A port
 * that becomes STRICT after that still takes it for PLAIN_SETTLE_MS, until each
 * of them has heard.  Otherwise what a document says holds with its snapshot,
 * for who is connected too (authorize_again).
 */
#define PLAIN_SETTLE_MS	10000

/* Of the ports that are there; called by compile. */
void compile_plain(const struct compile_input *, struct snapshot *);

/* NULL: there is none.  at: the port of the listener. */
const struct inbound_port *plain_port(const struct snapshot *, uint16_t at);
bool plain_is_taken(const struct inbound_port *, uint64_t now_ms);
/* When to ask those again who came in so; 0: only with the next snapshot. */
uint64_t plain_settles_ms(const struct snapshot *, uint64_t now_ms);
/*
 * On the worker, with each snapshot: who came in plain text is asked again when the
 * time of a port is over.
 */
void plain_settle_init(struct proxy_worker *);
void plain_settle(struct proxy_worker *);
/* Whether members are to come in plain text: it is the rule, and they can. */
bool plain_is_the_rule(const struct snapshot *, uint16_t app_port);
/* The port at which members elsewhere find it; 0: none. */
uint16_t plain_exposed(const struct model_proxy_spec *, uint16_t app_port);

#endif
