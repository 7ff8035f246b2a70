#include <http_parser.h>
#include <stdio.h>

#include "http/h1_token.h"

static int
on_url(http_parser *p, const char *at, size_t len)
{
	struct h1_tokens *t = p->data;

	t->target = slice_of(at, len);
	return 0;
}

static int
on_field(http_parser *p, const char *at, size_t len)
{
	struct h1_tokens *t = p->data;

	if (t->len == t->cap)
		return 1;
	t->fields[t->len++] = (struct h1_pair){ slice_of(at, len), SLICE("") };
	return 0;
}

static int
on_value(http_parser *p, const char *at, size_t len)
{
	struct h1_tokens *t = p->data;

	if (t->len == 0)
		return 1;
	t->fields[t->len - 1].value = slice_trim(slice_of(at, len));
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
	.on_header_value = on_value,
	.on_headers_complete = on_complete,
};

/* First words of a status line, first and last of a request line. */
static void
cut_start_line(struct slice block, bool is_response, struct h1_tokens *t)
{
	struct slice line, word, last = SLICE_NONE;

	slice_cut(&block, '\r', &line);
	slice_cut(&line, ' ', &word);
	if (is_response) {
		t->version = word;
		slice_cut(&line, ' ', &t->code);
		return;
	}
	t->method = word;
	while (slice_cut(&line, ' ', &word))
		last = word;
	t->version = last;
}

enum h1_token_result
h1_tokenize(struct slice block, bool is_response, struct h1_tokens *t)
{
	http_parser p;

	t->len = 0;
	cut_start_line(block, is_response, t);
	http_parser_init(&p, is_response ? HTTP_RESPONSE : HTTP_REQUEST);
	p.data = t;
	size_t used = http_parser_execute(&p, &settings, block.ptr, block.len);

	switch (HTTP_PARSER_ERRNO(&p)) {
	case HPE_OK:
		return used == block.len ? TOKENS_OK : TOKENS_BAD;
	case HPE_INVALID_METHOD:
		return TOKENS_UNKNOWN_METHOD;
	case HPE_HEADER_OVERFLOW:
		return TOKENS_TOO_LARGE;
	default:
		return TOKENS_BAD;
	}
}

const char *
h1_token_version(void)
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
