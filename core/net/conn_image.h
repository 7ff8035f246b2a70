#ifndef NET_CONN_IMAGE_H
#define NET_CONN_IMAGE_H

#include "net/conn.h"

/*
 * conn_image: a connection as flat data, from the handshake thread to a worker,
 * for handing live connections to a new binary.
 * Life: conn_detach, or filled by a handshake -> conn_attach, or
 *       conn_image_fini.
 * It contains keys, which both of these wipe.
 */
struct conn_key {
	unsigned char key[32];
	unsigned char iv[12];
	uint64_t      seq;
};

struct conn_image {
	int              fd;		/* -1 once taken */
	uint16_t         suite;		/* TLS cipher suite, 0: plain */
	struct conn_key  rx, tx;
	struct conn_peer *peer;		/* owned; NULL: nobody is proven */
	struct addr      addr, local;	/* both, or neither (length 0) */
	struct buf       unread;	/* as read from the socket (ciphertext) */
	struct buf       unsent;	/* ready for the socket */
};

void conn_image_fini(struct conn_image *);	/* closes fd if still there */
/*
 * Takes the connection out of its loop and packs it into *image; the conn is
 * gone afterwards (no on_closed); the pointer stays readable until the turn
 * ends.  Plaintext that was read but not taken goes back as unread only for
 * plain connections; returns -1 and changes nothing when a TLS connection
 * holds such plaintext, when either side has ended or is to end, and while
 * spliced bytes are under way to it.
 */
int conn_detach(struct conn *, struct conn_image *image);
/*
 * Brings an image to life on this loop.  `tls` is the transport for images
 * with a suite.  Bytes in image->unread are handled as if they had just
 * arrived (deferred).
 */
struct conn *conn_attach(struct loop *, struct conn_image *image,
    const struct transport *tls, const struct conn_ops *, void *owner);

#endif
