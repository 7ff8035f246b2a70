#ifndef HTTP_H2_SESSION_H
#define HTTP_H2_SESSION_H

#include "http/h2.h"

/*
 * h2_session: what nghttp2 is given and what it calls: bytes become notes in
 * streams, and what streams send becomes frames.
 */
void h2_session_open(struct h2 *);
void h2_session_close(struct h2 *);
/* Gives nghttp2 len bytes; false when the connection is broken. */
bool h2_session_read(struct h2 *, const char *p, size_t len);
/* Frames into the output, as far as it has room. */
void h2_session_write(struct h2 *);

/* --- for h2_recv.c and h2_send.c --------------------------------------------- */

void h2_recv_callbacks(nghttp2_session_callbacks *);
/* With frames larger than usual, if so, where the peer takes them. */
void h2_send_callbacks(nghttp2_session_callbacks *, bool large);
struct h2_stream *h2_session_stream(struct h2 *, int32_t id);	/* or NULL */
/*
 * What a callback returns that ends reading at once: whatever follows is not
 * looked at, the connection ends with that code, or for asking too much of us.
 */
int h2_session_end(struct h2 *, uint32_t code, const char *why);
int h2_session_calm(struct h2 *, const char *why);
/* 0, unless that was one too many. */
int h2_session_spend(struct h2 *, enum h2_flood_kind);

#endif
