#include "chain/grpc_message.h"

void
grpc_message_put(struct buf *out, struct slice message)
{
	char head[GRPC_MESSAGE_HEAD] = { 0 };

	for (size_t i = 1; i < sizeof(head); i++)
		head[i] = (char)(message.len >> 8 * (sizeof(head) - 1 - i));
	buf_add(out, head, sizeof(head));
	buf_add_slice(out, message);
}

bool
grpc_message_read(struct slice body, struct slice *message)
{
	uint64_t len = 0;

	if (body.len < GRPC_MESSAGE_HEAD || body.ptr[0] != 0)
		return false;
	for (size_t i = 1; i < GRPC_MESSAGE_HEAD; i++)
		len = len << 8 | (unsigned char)body.ptr[i];
	*message = slice_from(body, GRPC_MESSAGE_HEAD);
	return len == message->len;
}
