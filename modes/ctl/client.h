#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "modes/ctl/target.h"

/*
 * client: one request to somebody and the whole answer, while we wait.
 * Life of an answer: client_ask fills it -> client_answer_fini.
 *
 * Each request has a connection and a loop of its own, and ends by the
 * timeout whatever the peer does.  A host name's addresses are tried one after
 * the other.  Over TLS the peer must be the control of the trust domain that
 * the bundle names.
 *
 * Error kinds: ERR_UNAVAILABLE (nobody there, no answer in time), ERR_DENIED
 * (we may not use the socket; control or we are not trusted), ERR_CONFIG (our
 * files), ERR_TOO_LARGE, ERR_SYSTEM (it does not speak HTTP).
 */
#define CLIENT_JSON_MAX		(4u << 20)	/* bytes of a JSON answer */
#define CLIENT_RAW_MAX		(256u << 20)	/* of one that goes to a file */

struct client_request {
	const char  *method;
	const char  *path;	/* with its query */
	struct slice body;	/* JSON; absent: none */
	size_t       max;	/* bytes of the answer */
	uint64_t     timeout_ms;
};

struct client_answer {
	int        status;
	struct str type;	/* content-type */
	struct str bundle;	/* digest of control's trust bundle, hex; or empty */
	struct str body;
};

int client_ask(const struct target *, const struct client_request *,
    struct client_answer *, struct err *);
void client_answer_fini(struct client_answer *);

#endif
