#ifndef HTTP_H1_TOKEN_H
#define HTTP_H1_TOKEN_H

#include "http/h1_parser.h"
#include "http/head.h"

/*
 * h1_token: cuts a complete head into its parts.
 *
 * Where a line and a name end is settled: h1_scan let one reading of it
 * through.  http-parser is shown the start line and the fields that tell where
 * a message ends, and has to agree; no other field means anything to it, so it
 * is spared them.  What the parts mean is judged by h1_head.
 */
struct h1_pair {
	struct slice       name;	/* in lower case */
	struct slice       value;	/* without space at its ends */
	enum http_field_id id;		/* of the name */
	bool               has_underscore;	/* in the name */
};

struct h1_tokens {
	struct slice    method, target;	/* request */
	struct slice    code;		/* response: the status as it stands */
	struct slice    version;	/* "HTTP/1.1" as it stands there */
	struct h1_pair *fields;
	size_t          len;
	struct slice   *shown;		/* what http-parser saw */
	size_t          shown_len;
};

/*
 * block: the len bytes that h1_scan found to be a head of so many fields.
 * Names become lower-case in it; the slices of the result point into it, and
 * what it holds lies in the arena.
 */
enum h1_token_result h1_tokenize(struct arena *, char *block, size_t len,
    size_t fields, bool is_response, struct h1_tokens *);

#endif
