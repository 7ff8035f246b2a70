#ifndef NET_END_TEST_H
#define NET_END_TEST_H

#include "net/conn.h"

/*
 * end: one end of a connection under test.  It sends a pattern of `to_send`
 * bytes as the queue allows, and checks that what arrives is the same pattern.
 * both: a pair of them on one loop.
 * Life: both_start -> end_send ... -> both_finish, which runs until both ended.
 */
struct end {
	struct conn      *conn;
	struct loop      *loop;
	uint64_t          to_send, sent, received;
	size_t            most_queued;
	bool              shuts;	/* when all is sent */
	bool              echoes;
	bool              is_eof;
	int               closed;
	enum close_reason reason;
	int              *open;		/* ends still open; the last one stops */
	void            (*on_bytes)(struct end *);
};

extern const struct conn_ops end_ops;
/* For tables of a test's own: counts, and the last one stops the loop. */
void end_on_closed(struct conn *, void *owner, enum close_reason);
unsigned char end_pattern(uint64_t at);	/* its byte there */
/* Keeps everything; *open counts the ends that are not closed yet. */
void end_open(struct end *, struct loop *, int fd, const struct transport *,
    void *io_state, int *open);
void end_send(struct end *);	/* goes on by itself when the queue drained */

struct both {
	struct loop *loop;
	struct end   a, b;
	int          fds[2];
	int          open;
};

/* Plain or with the toy, over TCP or a Unix socket. */
struct both_kind {
	bool is_toy, is_unix;
};
#define BOTH_KINDS	4
extern const struct both_kind both_kinds[BOTH_KINDS];

void both_start(struct both *, const struct both_kind *);
void both_finish(struct both *);

#endif
