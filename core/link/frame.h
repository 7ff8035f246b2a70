#ifndef LINK_FRAME_H
#define LINK_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/buf.h"

/*
 * frame: how two sidecars carry bytes that are not HTTP (ALPN mesh-tcp/1).
 *
 * A frame is a type byte, a length of 24 bits (most significant byte first)
 * and that many bytes.  The caller's first frame is META, and there is one;
 * DATA follows in both directions, each ended once by END (a half-close that
 * TLS 1.2 by BearSSL has no other way to say) or RESET (the stream was cut
 * off).  A connection that ends without either was cut off too.
 *
 * Sans-I/O: bytes are read from one queue and written to another; payload
 * moves by blocks.
 */
#define FRAME_HEADER	4		/* bytes of type and length */
#define FRAME_META_MAX	4096		/* bytes of a META frame */
#define FRAME_DATA_MAX	(64 * 1024)	/* bytes of a DATA frame */

enum frame_type { FRAME_META = 1, FRAME_DATA = 2, FRAME_END = 3, FRAME_RESET = 4 };

struct frame_reader {
	bool     wants_meta;	/* the first frame must be META */
	bool     has_begun, ended;
	uint32_t left;		/* payload of a DATA frame still to come */
};

enum frame_event {
	FRAME_MORE,		/* needs more bytes */
	FRAME_GOT_META,		/* meta holds it; whole */
	FRAME_GOT_DATA,		/* some payload was moved to the end of data */
	FRAME_GOT_END,
	FRAME_GOT_RESET,
	FRAME_BAD		/* not this protocol: close */
};

/* The callee's reader wants META first, the caller's none at all. */
void frame_reader_init(struct frame_reader *, bool wants_meta);
/* One event; to be called until MORE or BAD.  meta: at least FRAME_META_MAX. */
enum frame_event frame_read(struct frame_reader *, struct buf *in,
    struct buf *data, char *meta, size_t *meta_len);

/* meta_len <= FRAME_META_MAX. */
void frame_put_meta(struct buf *out, const char *meta, size_t meta_len);
/* Takes all of data; nothing when it is empty. */
void frame_put_data(struct buf *out, struct buf *data);
void frame_put_end(struct buf *out);
void frame_put_reset(struct buf *out);

/* What every frame begins with; packets (packet.h) have the same. */
void frame_put_header(struct buf *out, unsigned char type, size_t len);
/* The type; in has FRAME_HEADER bytes, and keeps them. */
unsigned char frame_peek_header(const struct buf *in, size_t *len);

#endif
