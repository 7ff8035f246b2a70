#ifndef ECHO_MESSAGE_H
#define ECHO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/str.h"

/*
 * message: HTTP/1.1 heads and bodies, without I/O (RFC 9112).
 * Strict, because it stands behind the mesh: lines end in CRLF, names are
 * tokens, no folding, not both Content-Length and Transfer-Encoding.
 */
#define MESSAGE_HEAD_MAX	65536
#define MESSAGE_FIELDS_MAX	128

enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_TO_EOF };

struct message {
	struct slice   method, target;	/* of a request */
	int            status;		/* of a reply */
	int            minor;		/* HTTP/1.minor */
	struct field {
		struct slice name, value;
	}              fields[MESSAGE_FIELDS_MAX];
	size_t         fields_len;
	enum body_kind body;
	uint64_t       length;		/* for BODY_LENGTH */
	bool           keep_alive, expects_continue;
};

/*
 * Reads a head at the front of in, which must outlive the message.
 * Gives its length, 0 if it is not complete, -1 if it is wrong and -2 if it
 * is too large.
 */
ptrdiff_t message_parse_request(struct message *, struct slice in);
/* head_only: the reply answers HEAD, so it has no body. */
ptrdiff_t message_parse_reply(struct message *, struct slice in, bool head_only);
/* The first value of that name, SLICE_NONE without. */
struct slice message_field(const struct message *, const char *name);

/*
 * body: takes the framing off.
 * Life: body_init -> body_feed ... until is_done -> body_fini.
 */
struct body {
	enum body_kind kind;
	bool           is_done, is_wrong;
	uint64_t       left;		/* of the length or of this chunk */
	int            step;		/* of the chunk grammar */
	unsigned int   line_len;
	struct str     trailers;	/* lines with CRLF, as they came */
};

void body_init(struct body *, const struct message *);
void body_fini(struct body *);
/*
 * Takes bytes from the front of *in and gives one piece of content, empty if
 * there was none.  Call until *in is empty, is_done or is_wrong.
 */
struct slice body_feed(struct body *, struct slice *in);
/* Whether the content is whole, now that the peer has ended. */
bool body_ends_at_eof(const struct body *);

/* CRC-32 (IEEE 802.3), to compare with zlib's or gzip's.  Start with 0. */
uint32_t message_crc32(uint32_t crc, struct slice);

#endif
