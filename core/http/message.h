#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include "http/stream.h"

/*
 * message: whole messages in one call, for those who answer or ask by
 * themselves: the API, admin, refusals of filters, our own clients.
 */

/*
 * Answers with a head of status, content-type (none if SLICE_NONE) and the
 * length of body, and with body, which is taken; it may be NULL.  Nothing may
 * have been sent before; the stream stays open until stream_close.
 */
void message_reply(struct stream *, int status, struct slice content_type,
    struct buf *body);
/* As text/plain: the text and a newline; the name of the status if NULL. */
void message_reply_text(struct stream *, int status, const char *text);

/*
 * Makes h the head of a request for target ("/path?query") of authority
 * ("host[:port]"); borrows all three for the arena's life.  False when target
 * or authority is malformed.
 */
bool message_request_init(struct http_head *h, struct arena *,
    const char *method, struct slice authority, struct slice target);

#endif
