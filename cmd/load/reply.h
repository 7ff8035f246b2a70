#ifndef LOAD_REPLY_H
#define LOAD_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * reply: finds the end of an HTTP/1.1 reply with the least work, sans I/O.
 * It knows the status, Content-Length and "Connection: close" and counts the
 * rest; other framings (chunks, until the end) are REPLY_WRONG, because no
 * workload uses them.
 *
 * Life: all zeros -> reply_feed until REPLY_DONE -> all zeros again.
 */
#define REPLY_HEAD_MAX	4096

enum reply_state { REPLY_MORE, REPLY_DONE, REPLY_WRONG };

struct reply {
	int      status;	/* 0 until the head is whole */
	bool     closes;	/* the server ends the connection */
	uint64_t left;		/* of the body */
	size_t   head_len;
	char     head[REPLY_HEAD_MAX];	/* the part seen so far */
};

void reply_init(struct reply *);
/* Takes what belongs to this reply from the front of *in. */
enum reply_state reply_feed(struct reply *, struct slice *in);

#endif
