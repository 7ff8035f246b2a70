#ifndef HTTP_H1_PARSER_H
#define HTTP_H1_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * h1_parser: what http-parser makes of a head.
 *
 * Debian builds that library lenient; it is given only what h1_scan let
 * through, one head at a time, and nothing of a body.
 */
enum h1_token_result {
	TOKENS_OK,
	TOKENS_BAD,
	TOKENS_UNKNOWN_METHOD,
	TOKENS_TOO_LARGE,
};

struct h1_parsed {
	struct slice target;	/* of a request; points into its piece */
	size_t       fields;	/* how many it found */
};

/* A head in n pieces: its start line, fields, and the empty line. */
enum h1_token_result h1_parse(const struct slice *pieces, size_t n,
    bool is_response, struct h1_parsed *);

/* Of http-parser: "2.9.4".  Valid until the next call of the same thread. */
const char *h1_parser_version(void);
/* Whether a request may have it; others are TOKENS_UNKNOWN_METHOD. */
bool h1_knows_method(struct slice);

#endif
