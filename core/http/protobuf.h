#ifndef HTTP_PROTOBUF_H
#define HTTP_PROTOBUF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/str.h"

/*
 * protobuf: the wire format of protocol buffers ("Encoding", protobuf.dev), of
 * which a message is a row of fields, each with a number.  No schema: who knows
 * the message names its numbers in a switch.
 *
 * Reading: a cursor over bytes that somebody else owns.
 * Life: protobuf_init -> protobuf_next ... -> protobuf_end.
 *
 *	protobuf_init(&m, bytes);
 *	while (protobuf_next(&m, &f))
 *		switch (f.number) {
 *		case 1: protobuf_text(&m, &f, &name); break;
 *		case 2: protobuf_enter(&m, &f, &inner); ...
 *		}
 *	return protobuf_end(&m);
 *
 * What is malformed latches the cursor as bad, which ends the loop: a varint of
 * more than 64 bits or ten bytes, a tag of more than 32 bits, number 0, groups,
 * what is longer than the rest.  The same does a field that is read as something
 * else than it is.  Nobody need look at what he does not know: it is behind him
 * already.  An inner cursor has its own latch and its own protobuf_end.  Of a
 * field that is no list and comes twice the last one counts (for messages: all
 * of them, as if they stood behind each other).
 */
enum protobuf_wire {
	PROTOBUF_VARINT, PROTOBUF_FIXED64, PROTOBUF_BYTES, PROTOBUF_FIXED32 = 5
};

struct protobuf {
	struct slice rest;
	bool         bad;
};

struct protobuf_field {
	uint32_t           number;
	enum protobuf_wire wire;
	uint64_t           n;		/* of all but BYTES */
	struct slice       bytes;	/* of BYTES; borrowed, never absent */
};

void protobuf_init(struct protobuf *, struct slice);
bool protobuf_next(struct protobuf *, struct protobuf_field *);
/* Everything was read, and nothing was bad. */
bool protobuf_end(const struct protobuf *);
bool protobuf_fail(struct protobuf *);	/* latches; returns false */

/* The field that next gave, as what it must be; out as it was if it is not. */
bool protobuf_u64(struct protobuf *, const struct protobuf_field *, uint64_t *out);
/* int32, int64 and enum: negative ones have ten bytes. */
bool protobuf_i64(struct protobuf *, const struct protobuf_field *, int64_t *out);
bool protobuf_bool(struct protobuf *, const struct protobuf_field *, bool *out);
bool protobuf_bytes(struct protobuf *, const struct protobuf_field *,
    struct slice *out);
/* string: bytes that are UTF-8. */
bool protobuf_text(struct protobuf *, const struct protobuf_field *,
    struct slice *out);
bool protobuf_enter(struct protobuf *, const struct protobuf_field *,
    struct protobuf *inner);
/* Of a map<string, string>, which is a list of messages {key = 1, value = 2}. */
bool protobuf_entry(struct protobuf *, const struct protobuf_field *,
    struct slice *key, struct slice *value);

/*
 * Writing: fields are added to a str, whatever they are: to leave out what is
 * the default is the caller's (a list may have empty elements).  What nests is
 * put between protobuf_open, which gives a mark, and protobuf_close, which knows
 * the length by then.
 */
size_t protobuf_open(struct str *, uint32_t number);
void protobuf_close(struct str *, size_t mark);
void protobuf_put_u64(struct str *, uint32_t number, uint64_t);
void protobuf_put_i64(struct str *, uint32_t number, int64_t);
void protobuf_put_bytes(struct str *, uint32_t number, struct slice);
void protobuf_put_fixed64(struct str *, uint32_t number, uint64_t);
void protobuf_put_fixed32(struct str *, uint32_t number, uint32_t);
void protobuf_put_entry(struct str *, uint32_t number, struct slice key,
    struct slice value);

#endif
