#include <http_parser.h>
#include <stdio.h>

#include "http/h1_parser.h"

static int
on_url(http_parser *p, const char *at, size_t len)
{
	struct h1_parsed *r = p->data;

	r->target = slice_of(at, len);
	return 0;
}

static int
on_field(http_parser *p, const char *at, size_t len)
{
	struct h1_parsed *r = p->data;

	(void)at, (void)len;
	r->fields++;
	return 0;
}

/* The body is ours to read: says that there is none. */
static int
on_complete(http_parser *p)
{
	(void)p;
	return 1;
}

static const http_parser_settings settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_headers_complete = on_complete,
};

static enum h1_token_result
result(const http_parser *p)
{
	switch (HTTP_PARSER_ERRNO(p)) {
	case HPE_OK:
		return TOKENS_OK;
	case HPE_INVALID_METHOD:
		return TOKENS_UNKNOWN_METHOD;
	case HPE_HEADER_OVERFLOW:
		return TOKENS_TOO_LARGE;
	default:
		return TOKENS_BAD;
	}
}

enum h1_token_result
h1_parse(const struct slice *pieces, size_t n, bool is_response,
    struct h1_parsed *out)
{
	http_parser p;

	*out = (struct h1_parsed){ SLICE_NONE, 0 };
	http_parser_init(&p, is_response ? HTTP_RESPONSE : HTTP_REQUEST);
	p.data = out;
	for (size_t i = 0; i < n; i++)
		if (http_parser_execute(&p, &settings, pieces[i].ptr,
		    pieces[i].len) != pieces[i].len)
			return HTTP_PARSER_ERRNO(&p) == HPE_OK ? TOKENS_BAD :
			    result(&p);
	return result(&p);
}

const char *
h1_parser_version(void)
{
	static _Thread_local char text[16];
	unsigned long v = http_parser_version();

	snprintf(text, sizeof(text), "%lu.%lu.%lu", v >> 16 & 255, v >> 8 & 255,
	    v & 255);
	return text;
}

bool
h1_knows_method(struct slice name)
{
#define IS_NAMED(number, symbol, text)	if (slice_is(name, #text)) return true;
	HTTP_METHOD_MAP(IS_NAMED)
	return false;
}
