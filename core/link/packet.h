#ifndef LINK_PACKET_H
#define LINK_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/buf.h"

/*
 * packet: how two sidecars carry datagrams (ALPN mesh-udp/1).
 *
 * A frame is a type byte, a length of 24 bits (most significant byte first)
 * and that many bytes, as those of frame.h.  The caller's first frame is META,
 * and there is one.  Behind it one connection carries many flows, each between
 * one socket of a caller and one of the application:
 *
 *	DATAGRAM	flow (32 bits), bytes	both ways; whole, in order
 *	CLOSE		flow			both ways: who says it forgets it
 *	DRAIN		-			of the callee: begin no flow here
 *
 * The caller numbers flows, and its first datagram begins one.  A flow that one
 * side has closed may begin anew by a datagram that was on its way.
 *
 * Sans-I/O: bytes are read from one queue and written to another.
 */
#define PACKET_META_MAX	4096	/* bytes of a META frame */
#define PACKET_MAX	65535	/* bytes of a datagram */

enum packet_event {
	PACKET_MORE,		/* needs more bytes */
	PACKET_GOT_META,	/* bytes hold it */
	PACKET_GOT_DATAGRAM,	/* flow and bytes */
	PACKET_GOT_CLOSE,	/* flow */
	PACKET_GOT_DRAIN,
	PACKET_BAD		/* not this protocol: close */
};

struct packet {
	uint32_t     flow;
	struct slice bytes;	/* borrowed, until the next packet_read */
};

struct packet_reader {
	bool   wants_meta;	/* the first frame must be META */
	bool   has_begun;
	size_t taken;		/* of in, by the event before */
	char  *room;		/* for what lies in several blocks */
};

/*
 * The callee's reader wants META first, the caller's none at all.  Keeps room,
 * PACKET_MAX bytes, which readers of one thread may share.
 */
void packet_reader_init(struct packet_reader *, bool wants_meta, char *room);
/* One event; to be called until MORE or BAD. */
enum packet_event packet_read(struct packet_reader *, struct buf *in,
    struct packet *out);

/* meta_len <= PACKET_META_MAX. */
void packet_put_meta(struct buf *out, const char *meta, size_t meta_len);
/* At most PACKET_MAX bytes, copied. */
void packet_put_datagram(struct buf *out, uint32_t flow, struct slice bytes);
void packet_put_close(struct buf *out, uint32_t flow);
void packet_put_drain(struct buf *out);

#endif
