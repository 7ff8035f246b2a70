#ifndef NET_CLOSE_REASON_H
#define NET_CLOSE_REASON_H

#include <stdbool.h>

/*
 * close_reason: why a connection ended.  One table gives the name (logs and
 * the label `reason` of counters), the sentence (manual page) and whether it
 * counts as an error.
 */
enum close_reason {
	CLOSE_NONE,
	CLOSE_FINISHED,		/* both sides ended in order */
	CLOSE_PEER,		/* end of stream from the peer */
	CLOSE_RESET,		/* reset by the peer */
	CLOSE_TRUNCATED,	/* TLS ended without close_notify in a body */
	CLOSE_IDLE,		/* idle timeout */
	CLOSE_TIMEOUT,		/* a deadline passed */
	CLOSE_PROTOCOL,		/* the peer broke its protocol */
	CLOSE_TLS,		/* a record could not be authenticated or parsed */
	CLOSE_LIMIT,		/* a limit on connections, bytes or time */
	CLOSE_DENIED,		/* authorization */
	CLOSE_DRAINED,		/* shutting down */
	CLOSE_LOCAL,		/* our own decision, in order */
	CLOSE_CONNECT,		/* could not connect */
	CLOSE_IO,		/* another system error */
	CLOSE_REASONS		/* count */
};

const char *close_reason_name(enum close_reason);	/* "peer-reset" */
const char *close_reason_text(enum close_reason);
bool close_reason_is_error(enum close_reason);

#endif
