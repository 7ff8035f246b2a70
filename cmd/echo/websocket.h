#ifndef ECHO_WEBSOCKET_H
#define ECHO_WEBSOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "cmd/echo/message.h"

/*
 * websocket: frames come back as they came, without their mask; a ping gets a
 * pong, a close gets a close (RFC 6455).  Without I/O; frames are passed on in
 * pieces, so none is too long.
 *
 * Life: websocket_accept -> websocket_feed ... until is_done.
 */
struct websocket {
	bool     is_done;	/* the close went out */
	bool     is_dropped;	/* of this frame: nothing comes back */
	bool     is_close;	/* of this frame */
	uint8_t  mask[4];
	unsigned turn;		/* which byte of the mask is next */
	uint64_t left;		/* of this frame's payload */
};

/*
 * Whether the request asks for one, as section 4.2.1 says.  Then writes the
 * head of the answer.
 */
bool websocket_accept(struct websocket *, const struct message *,
    struct str *out);
/* Returns how many bytes were used; 0: more are needed. */
size_t websocket_feed(struct websocket *, struct slice in, struct str *out);

#endif
