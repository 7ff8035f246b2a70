#ifndef HTTP_H1_TOKEN_H
#define HTTP_H1_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * h1_token: cuts a complete head into its parts with http-parser.
 *
 * Debian builds that library lenient; it is given only what h1_scan let
 * through, one head at a time, and nothing of a body.  What the parts mean is
 * judged by h1_head.
 */
struct h1_pair {
	struct slice name, value;	/* value without space at its ends */
};

struct h1_tokens {
	struct slice    method, target;	/* request */
	struct slice    code;		/* response: the status as it stands */
	struct slice    version;	/* "HTTP/1.1" as it stands there */
	struct h1_pair *fields;		/* the caller's, room for `cap` */
	size_t          cap, len;
};

enum h1_token_result {
	TOKENS_OK,
	TOKENS_BAD,
	TOKENS_UNKNOWN_METHOD,
	TOKENS_TOO_LARGE,
};

/* block borrowed; the slices in the result point into it. */
enum h1_token_result h1_tokenize(struct slice block, bool is_response,
    struct h1_tokens *);

/* Of http-parser: "2.9.4".  Valid until the next call of the same thread. */
const char *h1_token_version(void);
/* Whether a request may have it; others are TOKENS_UNKNOWN_METHOD. */
bool h1_knows_method(struct slice);

#endif
