#ifndef CHAIN_GRPC_MESSAGE_H
#define CHAIN_GRPC_MESSAGE_H

#include "loop/buf.h"

/*
 * grpc_message: the five bytes in front of a message, whether it is compressed
 * and how long it is ("gRPC over HTTP2", Length-Prefixed-Message).
 */
#define GRPC_MESSAGE_HEAD	5

void grpc_message_put(struct buf *, struct slice message);
/*
 * Of a call with one message, all that came: false unless it is one, whole, not
 * compressed, and nothing is behind it.  Borrows the bytes.
 */
bool grpc_message_read(struct slice body, struct slice *message);

#endif
