#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "loop/buf.h"
#include "loop/flow.h"
#include "loop/loop.h"
#include "net/addr.h"
#include "net/close_reason.h"
#include "net/transport.h"

/*
 * conn: one byte stream, plain or TLS, driven by a loop.
 *
 * Life: conn_new or conn_attach -> on_data, on_drained ... -> conn_close (or
 *       the peer's end) -> on_closed exactly once.  After that the pointer
 *       stays readable until the loop's turn ends.
 *
 * Reading: bytes arrive in conn_in(); the owner takes what it wants.  While
 * more than FLOW_HIGH bytes lie there untaken, or after conn_pause, the
 * socket is not read; an owner that takes bytes outside of on_data calls
 * conn_resume afterwards.  End of stream is reported through on_data with
 * conn_is_eof() true, exactly once, after all bytes.  When both sides have
 * ended and all bytes are taken the conn closes itself (CLOSE_FINISHED).
 * Writing: conn_write queues; what the socket does not take at once stays
 * queued (conn_unsent).  Writes of one turn leave together at its
 * end, or as soon as 64 KiB are queued.  on_drained is called when the queue
 * became empty after conn_write had returned false.
 */
struct conn;

struct conn_ops {
	void (*on_data)(struct conn *, void *owner);
	void (*on_drained)(struct conn *, void *owner);	/* may be NULL */
	void (*on_closed)(struct conn *, void *owner, enum close_reason);
};

/* For who has no owner yet, or none any more: nobody is told anything. */
extern const struct conn_ops conn_no_ops;

/* Who is at the other end, as far as the handshake proved it. */
#define CONN_ID_MAX	512
#define CONN_SNI_MAX	256
#define CONN_ALPN_MAX	32
struct conn_peer {
	const char *id;			/* SPIFFE ID, "" when none is proven */
	/*
	 * Its account, "NS/NAME" (pki/caller.h), or "": no workload's.  It follows
	 * from id and is_foreign; conn_peer_copy sees to that.
	 */
	const char *account;
	const char *sni, *alpn;		/* "" when none; sni in lower case */
	/* Of its certificate, wall s, or 0. */
	int64_t     not_before, not_after;
	uint64_t    bundle_generation;	/* of the bundle that verified it */
	unsigned char cert_hash[32];	/* SHA-256 of the leaf */
	unsigned char root_hash[32];	/* of the key of the root that vouches for it */
	/*
	 * Of a client whose certificate is good but not of the mesh, NULL for all
	 * others: its subject (pki/dn.h; "" when it has none), and its other
	 * names as elements of x-forwarded-client-cert: "URI=...;DNS=...".
	 */
	const char *subject, *names;
	bool        is_tls;
	bool        is_resumed;
	bool        is_foreign;	/* id is of another trust domain than ours */
};

/*
 * Keeps io, ops, owner; takes io_state.  Owns fd from here on: a stream
 * socket as listeners and dials give it (non-blocking, with TCP_NODELAY).
 */
struct conn *conn_new(struct loop *, int fd, const struct transport *io,
    void *io_state, const struct conn_ops *ops, void *owner);
/*
 * For who was just accepted from `peer`, by a listener at `at`.  It is read at
 * once, as what a client says first is often there.
 */
struct conn *conn_accept(struct loop *, int fd, const struct addr *peer,
    const struct addr *at, const struct conn_ops *, void *owner);
/*
 * Whether the peer is to say something next, or nothing before it got an
 * answer.  Then who was just accepted is watched only after a few milliseconds:
 * it may be answered and closed before.
 */
void conn_expect(struct conn *, bool data);
bool conn_expects(const struct conn *);	/* as it was told; true at first */
/* Replaces who is told; for handing a connection to the next owner. */
void conn_set_owner(struct conn *, const struct conn_ops *, void *owner);

struct loop *conn_loop(const struct conn *);
/* A plain one is nobody in particular. */
const struct conn_peer *conn_peer(const struct conn *);
/* Takes what was proven; in place of what is known. */
void conn_set_peer(struct conn *, struct conn_peer **);
/*
 * Addresses are read when first asked for: ask while it is open.  Both give
 * room, filled in, or what the conn keeps.
 */
const struct addr *conn_addr(struct conn *, struct addr *room);	/* remote */
const struct addr *conn_local(struct conn *, struct addr *room);
/* In place of what the socket says, for who speaks through a proxy.  Copy. */
void conn_set_remote(struct conn *, const struct addr *);
void conn_set_local(struct conn *, const struct addr *);
/* Gives a copy with its texts, all in one block: for conn_image. */
struct conn_peer *conn_peer_copy(const struct conn_peer *);
/* The user at the other end of a Unix socket; -1 for others. */
int conn_peer_uid(const struct conn *, uid_t *uid);
struct buf *conn_in(struct conn *);
bool conn_is_eof(const struct conn *);		/* the peer ended its side */
bool conn_is_closed(const struct conn *);
int conn_fd(const struct conn *);
uint64_t conn_bytes_in(const struct conn *);	/* plaintext, since start */
uint64_t conn_bytes_out(const struct conn *);	/* taken by the kernel */
uint64_t conn_last_activity_ms(const struct conn *);

/*
 * Takes all bytes of b.  Returns false when more than FLOW_HIGH are queued
 * now: the caller should stop until on_drained.  Never fails otherwise; an
 * error shows as on_closed.  After a close bytes are dropped; after
 * conn_shutdown there may be none.
 */
bool conn_write(struct conn *, struct buf *b);
bool conn_write_bytes(struct conn *, const void *p, size_t len);
size_t conn_unsent(const struct conn *);
void conn_flush(struct conn *);		/* now, not at the end of the turn */
/* Ends our side once the queue is sent (FIN; with TLS close_notify + FIN). */
void conn_shutdown(struct conn *);

void conn_pause(struct conn *);		/* stop reading; counts are not kept */
void conn_resume(struct conn *);	/* calls on_data (deferred) if bytes wait */

/* At once; queued bytes are lost.  on_closed follows in the same turn. */
void conn_close(struct conn *, enum close_reason);
/*
 * Sends what is queued, ends our side, then reads and drops what the peer
 * still sends until its end or 1 s, so that it can read our last bytes
 * (RFC 9112, section 9.6).  A peer that takes none of the queued bytes for
 * 10 s loses them.  The owner gets no more on_data; on_closed follows, at the
 * loop's end if that is sooner.
 */
void conn_close_linger(struct conn *, enum close_reason);
/* As conn_close, but the peer sees a reset. */
void conn_abort(struct conn *, enum close_reason);

#endif
