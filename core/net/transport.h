#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "loop/buf.h"
#include "net/close_reason.h"

/*
 * transport: how a conn turns socket bytes into plaintext and back.  Neutral:
 * net knows only this table; plain is in net, TLS records in core/tls.
 *
 * Both directions work on whole queues, so that one system call carries many
 * records.  `state` is the transport's own and is freed by free().
 */
struct conn_image;

struct transport {
	const char *name;
	/*
	 * Turns as much of raw (bytes from the socket, in order) into
	 * plaintext at the end of in as is complete.  Sets *eof on an
	 * authenticated end.  -1 with *why on what cannot be accepted.
	 */
	int (*open)(void *state, struct buf *raw, struct buf *in, bool *eof,
	    enum close_reason *why);
	/* Seals all of plain to the end of raw. */
	void (*seal)(void *state, struct buf *plain, struct buf *raw);
	/* Appends what announces the end of our side (close_notify). */
	void (*seal_end)(void *state, struct buf *raw);
	/* Keys and sequence numbers to and from an image; wipes the giver's. */
	void (*pack)(void *state, struct conn_image *);
	void *(*unpack)(struct conn_image *);
	void (*free)(void *state);
	/* An end of stream without *eof before it is a truncation. */
	bool needs_authenticated_end;
};

/* NULL as transport of a conn means plain: bytes pass without a copy. */

#endif
