#ifndef HTTP_H2_BLOCK_H
#define HTTP_H2_BLOCK_H

#include "http/codec.h"
#include "http/head.h"

/*
 * h2_block: one header block, from its decoded fields to a struct http_head or a
 * list of trailers (RFC 9113, sections 8.2, 8.3 and 8.5; RFC 8441).
 *
 * Life: h2_block_start -> h2_block_add ... -> h2_block_request,
 *       h2_block_response or h2_block_trailers.
 *
 * What comes out obeys the same rules as what comes out of HTTP/1, so that
 * nobody behind us reads another message than the one that was judged: cookie
 * crumbs are one field again, `host` says what `:authority` says, paths have one
 * form, requests lose fields with '_' in their names.  What is counted is what
 * was decoded: names, values and 32 bytes a field, crumbs included; above a limit
 * nothing more is kept.
 */
enum h2_block_kind { H2_REQUEST, H2_RESPONSE, H2_TRAILERS };

/* What is wrong: the status that answers it; 0: the stream is reset. */
struct h2_fault {
	int         status;
	const char *why;	/* NULL: nothing */
};

struct h2_block {
	enum h2_block_kind        kind;
	bool                      of_request;	/* trailers: of a request */
	const struct http_limits *limits;
	struct arena             *arena;
	size_t                    bytes, count;	/* decoded so far */
	struct h2_fault           fault;	/* the first */
	struct slice              method, scheme, authority, path, protocol,
				  status, host, length, expect;
	bool                      has_fields;	/* behind the pseudo-fields */
	bool                      takes_trailers;
	size_t                    dropped;
	struct http_fields        fields, crumbs;
};

/* Keeps limits and arena; what is kept of the fields lies there. */
void h2_block_start(struct h2_block *, enum h2_block_kind,
    const struct http_limits *, struct arena *);
/* Copies; is_secret: it came as never to be indexed. */
void h2_block_add(struct h2_block *, struct slice name, struct slice value,
    bool is_secret);
/*
 * Decoded bytes are so far beyond the limits that the block is an attack on
 * whoever decodes it.
 */
bool h2_block_is_bomb(const struct h2_block *);

/* False with ->fault.  end: no body follows. */
bool h2_block_request(struct h2_block *, bool end, struct http_head *);
/* is_head: it answers a HEAD. */
bool h2_block_response(struct h2_block *, bool is_head, struct http_head *);
/* False with ->fault.  Those that may not be trailers are left out. */
bool h2_block_trailers(struct h2_block *, struct http_fields *);

#endif
