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

#endif
