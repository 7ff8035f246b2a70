#ifndef NET_CONN_STATE_H
#define NET_CONN_STATE_H

#include "loop/loop_fd.h"
#include "net/conn.h"

/*
 * conn_state: what conn.c (life), conn_io.c (bytes), conn_splice.c (bytes that
 * stay in the kernel), conn_image.c (packing) and conn_peers.c (who is there)
 * know about a connection.  Nobody else includes it.
 *
 * Bytes come in through raw (TLS only) to in, and leave through plain (TLS
 * only) and out.  Most connections are idle, so what is seldom needed is made
 * when it is, and what only TLS needs stands behind the rest.
 *
 * can_read and can_write remember what the last system call or edge said, so
 * that I/O is tried only where it may succeed.
 */
enum conn_phase {
	CONN_OPEN,
	CONN_LINGERING,		/* reads and drops; the owner waits */
	CONN_CLOSED,		/* on_closed is to come or was */
	CONN_GONE,		/* packed: nobody is told */
};

/* Made when it is to linger. */
struct conn_linger {
	struct loop_timer timer;
	struct loop_task  last;		/* the loop ends before */
};

/* Of a connection with a transport. */
struct conn_tls {
	struct buf  raw, plain;
	struct list link;	/* conn_peers.c */
};

struct conn {
	const struct transport *io;		/* NULL: plain */
	void                   *io_state;
	const struct conn_ops  *ops;
	void                   *owner;
	struct conn_peer       *peer;		/* NULL: nobody is proven */
	struct conn_linger     *linger;		/* NULL: not lingering */

	struct loop_fd          watch;		/* its fd is -1 once closed */
	struct loop_task        task;		/* tells, writes, ends */
	struct loop_task        read_task;	/* goes on in the next turn */

	struct buf              in, out;
	struct addr_brief       addr, local;	/* with has_addrs */
	uint64_t                bytes_in, bytes_out, last_activity_ms;

	struct conn            *twin;		/* joined with */
	uint64_t               *spliced;	/* what it read for the twin */
	struct pipe            *pipe;		/* goes out before `out` */

	enum conn_phase         phase : 8;
	enum close_reason       reason : 8;
	enum close_reason       write_error : 8; /* what is unread comes first */
	unsigned char           read_level;	/* how much is asked for */
	bool                    can_read, can_write;
	bool                    has_addrs;
	bool                    has_hangup;	/* do not trust a short read */
	bool                    is_paused;
	bool                    must_open;	/* raw came from an image */
	bool                    must_tell;	/* bytes in `in` not reported */
	bool                    has_ended, is_eof;	/* found; reported */
	bool                    must_shut, is_shut;
	bool                    must_cut;	/* its peer is refused */
	bool                    wants_drained;
	bool                    expects_nothing;
	bool                    is_filled;	/* the last read filled its room */
	bool                    is_bulk;	/* and that was the largest */

	struct conn_tls         tls[];		/* one, or with io NULL none */
};

/* The only place that changes what the loop watches for c. */
void conn_free(void *c);

/* Reads, tells, writes, tells, ends: whatever there is to do. */
void conn_work(struct conn *);
/* Seals plain bytes into out. */
void conn_seal(struct conn *);
/* Writes what the socket takes; outcomes are noted, nobody is told. */
void conn_send(struct conn *);
/* Reads and drops; true when the peer ended or the connection is dead. */
bool conn_drop_input(struct conn *);
enum close_reason conn_reason_of(int error);
/* Copies. */
void conn_set_addrs(struct conn *, const struct addr *, const struct addr *local);
/* Forgets what was to be sent. */
void conn_drop_output(struct conn *);

/* --- conn_peers.c */

/* It has a proven peer now; it is closed, or goes elsewhere. */
void conn_peers_join(struct conn *);
void conn_peers_leave(struct conn *);

/* --- conn_splice.c */

/* Ends a join; harmless without. */
void conn_part(struct conn *);
/*
 * Reads into the twin's pipe and sends from there, if that may be; *got is
 * then what splice(2) returned.
 */
bool conn_splice(struct conn *, ssize_t *got);
/* Sends from the pipe, which there is, as splice(2) does. */
ssize_t conn_pour(struct conn *);
void conn_drop_pipe(struct conn *);
size_t conn_piped(const struct conn *);
/* It is not read before the twin's pipe is empty. */
bool conn_is_held(const struct conn *);

#endif
