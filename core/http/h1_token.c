#include <string.h>

#include "http/grammar.h"
#include "http/h1_parser.h"
#include "http/h1_token.h"

static bool
frames(enum http_field_id id)
{
	return id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING ||
	    id == FIELD_CONNECTION || id == FIELD_PROXY_CONNECTION ||
	    id == FIELD_UPGRADE;
}

/* To the CR that ends the line, which is there. */
static char *
line_end(char *p, const char *end)
{
	char *cr = memchr(p, '\r', (size_t)(end - p));

	return cr != NULL ? cr : p;
}

/* Their words have one space between them. */
static void
cut_start_line(struct slice line, bool is_response, struct h1_tokens *t)
{
	if (is_response) {
		slice_cut(&line, ' ', &t->version);
		slice_cut(&line, ' ', &t->code);
		return;
	}
	slice_cut(&line, ' ', &t->method);
	slice_cut(&line, ' ', &t->target);
	t->version = line;
}

/* Lower-cases a name up to its colon; gives where that is. */
static char *
cut_name(char *p, struct h1_pair *pair)
{
	char *from = p;
	bool has_underscore = false;

	for (; *p != ':'; p++) {
		*p = http_byte_lower(*p);
		has_underscore |= *p == '_';
	}
	pair->name = slice_of(from, (size_t)(p - from));
	pair->id = http_field_id(pair->name);
	pair->has_underscore = has_underscore;
	return p;
}

/* What http-parser is shown; a piece that follows the last one lengthens it. */
static void
show(struct h1_tokens *t, const char *from, const char *to)
{
	struct slice *last = t->shown_len > 0 ? &t->shown[t->shown_len - 1] : NULL;

	if (last != NULL && last->ptr + last->len == from)
		last->len += (size_t)(to - from);
	else
		t->shown[t->shown_len++] = slice_of(from, (size_t)(to - from));
}

static enum h1_token_result
agree(struct h1_tokens *t, bool is_response, size_t fields)
{
	struct h1_parsed parsed;
	enum h1_token_result r =
	    h1_parse(t->shown, t->shown_len, is_response, &parsed);

	return r == TOKENS_OK && (parsed.fields != fields ||
	    !slice_eq(parsed.target, t->target)) ? TOKENS_BAD : r;
}

static void
tokens_init(struct h1_tokens *t, struct arena *a, size_t fields)
{
	t->fields = arena_alloc(a, fields * sizeof(t->fields[0]) + 1);
	t->shown = arena_alloc(a, (fields + 2) * sizeof(t->shown[0]));
	t->len = t->shown_len = 0;
}

enum h1_token_result
h1_tokenize(struct arena *a, char *block, size_t len, size_t fields,
    bool is_response, struct h1_tokens *t)
{
	const char *end = block + len;
	char *cr = line_end(block, end);
	size_t framing = 0;

	tokens_init(t, a, fields);
	cut_start_line(slice_of(block, (size_t)(cr - block)), is_response, t);
	show(t, block, cr + 2);
	for (char *p = cr + 2; *p != '\r'; p = cr + 2) {
		if (t->len == fields)
			return TOKENS_BAD;
		struct h1_pair *pair = &t->fields[t->len++];
		char *value = cut_name(p, pair) + 1;

		cr = line_end(value, end);
		pair->value = slice_trim(slice_of(value, (size_t)(cr - value)));
		if (frames(pair->id)) {
			show(t, p, cr + 2);
			framing++;
		}
	}
	show(t, cr + 2, end);
	return t->len == fields ? agree(t, is_response, framing) : TOKENS_BAD;
}
