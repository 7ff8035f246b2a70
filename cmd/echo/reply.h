#ifndef ECHO_REPLY_H
#define ECHO_REPLY_H

#include "base/str.h"
#include "cmd/echo/echo.h"
#include "cmd/echo/message.h"

/*
 * reply: what to answer, as asked for by the query of the request:
 *
 *   status=N          that status
 *   delay=1s|50ms     answers later
 *   size=N            N bytes "abc...zabc..." instead of the JSON
 *   chunked=1         Transfer-Encoding: chunked, in chunks of 1,000 bytes
 *   trailers=1        chunked, with the trailer x-echo-crc32
 *   close=1           Connection: close, and closes
 *   responseCode=N, succeedAfter=M, uuid=U, delayRetry=1s
 *                     the first M requests with U get N, delayed; then 200
 *
 * Life: reply_init (when the request is whole) -> reply_start -> reply_pump
 * until it returns true -> reply_fini.
 */
struct reply {
	int        status;
	uint64_t   delay_ms;
	bool       has_size, chunked, trailers, close, no_content;
	uint64_t   size, sent;
	uint32_t   crc;
	struct str json;	/* the content, unless has_size */
};

/* Everything known of one request when it is answered. */
struct exchange_facts {
	const struct message *request;
	const struct body    *body;
	uint64_t              body_bytes;
	uint32_t              body_crc;
	const struct address *peer;
	int                   http_port;
	unsigned int          nth;	/* on its connection, from 1 */
	struct call         **calls;
	size_t                calls_len;
};

/* Reads the query.  Returns false if a value in it is wrong. */
bool reply_init(struct reply *, struct echo *, const struct message *request);
void reply_fini(struct reply *);
/* Makes the content and writes the head. */
void reply_start(struct reply *, const struct echo *,
    const struct exchange_facts *, struct str *out);
/* Adds content until out has max bytes.  Returns true when all is in. */
bool reply_pump(struct reply *, struct str *out, size_t max);

/* len bytes of the pattern, from offset off. */
void reply_add_pattern(struct str *out, uint64_t off, size_t len);
const char *reply_reason(int status);

#endif
