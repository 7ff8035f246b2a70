#include <string.h>

#include "cmd/echo/message.h"

#define CHUNK_LINE_MAX	4096
#define TRAILERS_MAX	8192

static bool
is_token(struct slice s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return true;
}

static bool
is_field_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Cuts a line that ends in CRLF. */
static bool
cut_line(struct slice *rest, struct slice *line)
{
	if (!slice_cut(rest, '\n', line) || rest->ptr == NULL ||
	    line->len == 0 || line->ptr[line->len - 1] != '\r')
		return false;
	line->len--;
	return true;
}

/* "HTTP/1.0" or "HTTP/1.1" */
static bool
read_version(struct slice s, int *minor)
{
	if (s.len != 8 || !slice_has_prefix(s, SLICE("HTTP/1.")) ||
	    (s.ptr[7] != '0' && s.ptr[7] != '1'))
		return false;
	*minor = s.ptr[7] - '0';
	return true;
}

static bool
read_request_line(struct message *m, struct slice line)
{
	if (!slice_cut(&line, ' ', &m->method) || !is_token(m->method) ||
	    !slice_cut(&line, ' ', &m->target) || m->target.len == 0 ||
	    !is_field_value(m->target))
		return false;
	return read_version(line, &m->minor);
}

static bool
read_status_line(struct message *m, struct slice line)
{
	struct slice version, status;
	uint64_t n;

	if (!slice_cut(&line, ' ', &version) ||
	    !read_version(version, &m->minor) ||
	    !slice_cut(&line, ' ', &status) || status.len != 3 ||
	    !slice_u64(status, &n) || n < 100)
		return false;
	m->status = (int)n;
	return true;
}

/* The last coding must be chunked; no other is known here. */
static bool
read_framing(struct message *m, const struct field *f)
{
	if (slice_ieq(f->name, SLICE("content-length"))) {
		uint64_t n;

		if (m->body == BODY_CHUNKED || !slice_u64(f->value, &n) ||
		    (m->body == BODY_LENGTH && m->length != n))
			return false;
		m->body = BODY_LENGTH;
		m->length = n;
	} else if (slice_ieq(f->name, SLICE("transfer-encoding"))) {
		if (m->body != BODY_NONE || m->minor == 0 ||
		    !slice_ieq(f->value, SLICE("chunked")))
			return false;
		m->body = BODY_CHUNKED;
	}
	return true;
}

static void
read_connection(struct message *m, struct slice value)
{
	struct slice word;

	while (slice_cut(&value, ',', &word)) {
		word = slice_trim(word);
		if (slice_ieq(word, SLICE("close")))
			m->keep_alive = false;
		else if (slice_ieq(word, SLICE("keep-alive")) && m->minor == 0)
			m->keep_alive = true;
	}
}

static bool
read_fields(struct message *m, struct slice rest)
{
	struct slice line, name;

	m->keep_alive = m->minor == 1;
	while (cut_line(&rest, &line) && line.len > 0) {
		if (m->fields_len == MESSAGE_FIELDS_MAX)
			return false;
		struct field *f = &m->fields[m->fields_len++];

		if (!slice_cut(&line, ':', &name) || line.ptr == NULL ||
		    !is_token(name) || !is_field_value(line))
			return false;
		*f = (struct field){ name, slice_trim(line) };
		if (!read_framing(m, f))
			return false;
		if (slice_ieq(name, SLICE("connection")))
			read_connection(m, f->value);
		else if (slice_ieq(name, SLICE("expect")))
			m->expects_continue =
			    slice_ieq(f->value, SLICE("100-continue"));
	}
	return line.len == 0 && rest.len == 0;
}

static ptrdiff_t
parse(struct message *m, struct slice in,
    bool (*first)(struct message *, struct slice))
{
	const char *end = in.len == 0 ? NULL :
	    memmem(in.ptr, in.len, "\r\n\r\n", 4);
	struct slice line;

	if (end == NULL)
		return in.len >= MESSAGE_HEAD_MAX ? -2 : 0;
	size_t len = (size_t)(end - in.ptr) + 4;

	if (len > MESSAGE_HEAD_MAX)
		return -2;
	m->fields_len = 0;
	m->body = BODY_NONE;
	m->length = 0;
	m->expects_continue = false;
	in.len = len;
	if (!cut_line(&in, &line) || !first(m, line) || !read_fields(m, in))
		return -1;
	return (ptrdiff_t)len;
}

ptrdiff_t
message_parse_request(struct message *m, struct slice in)
{
	return parse(m, in, read_request_line);
}

ptrdiff_t
message_parse_reply(struct message *m, struct slice in, bool head_only)
{
	ptrdiff_t n = parse(m, in, read_status_line);

	if (n <= 0)
		return n;
	if (head_only || m->status < 200 || m->status == 204 || m->status == 304)
		m->body = BODY_NONE;
	else if (m->body == BODY_NONE)
		m->body = BODY_TO_EOF;
	return n;
}

struct slice
message_field(const struct message *m, const char *name)
{
	for (size_t i = 0; i < m->fields_len; i++)
		if (slice_ieq(m->fields[i].name, slice_str(name)))
			return m->fields[i].value;
	return SLICE_NONE;
}

enum { CHUNK_SIZE_FIRST, CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_SIZE_LF, CHUNK_DATA,
    CHUNK_CR, CHUNK_LF, TRAILER_START, TRAILER_LINE, TRAILER_LF, LAST_LF };

void
body_init(struct body *b, const struct message *m)
{
	*b = (struct body){ .kind = m->body, .left = m->length };
	b->is_done = m->body == BODY_NONE ||
	    (m->body == BODY_LENGTH && m->length == 0);
}

void
body_fini(struct body *b)
{
	str_fini(&b->trailers);
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte of the line with the size; the next step, -1 if it is wrong. */
static int
chunk_size_byte(struct body *b, char c)
{
	int digit = hex_digit(c);

	if (b->step == CHUNK_SIZE_FIRST || b->step == CHUNK_SIZE) {
		if (digit >= 0 && b->left >> 59 == 0) {
			b->left = b->left * 16 + (uint64_t)digit;
			return CHUNK_SIZE;
		}
		if (digit >= 0 || b->step == CHUNK_SIZE_FIRST)
			return -1;
		return c == '\r' ? CHUNK_SIZE_LF : c == ';' ? CHUNK_EXTENSION : -1;
	}
	if (b->step == CHUNK_EXTENSION)
		return c == '\r' ? CHUNK_SIZE_LF : c == '\n' ? -1 : CHUNK_EXTENSION;
	b->line_len = 0;
	return c != '\n' ? -1 : b->left == 0 ? TRAILER_START : CHUNK_DATA;
}

static int
trailer_byte(struct body *b, char c)
{
	if (b->step == LAST_LF) {
		b->is_done = c == '\n';
		return b->is_done ? LAST_LF : -1;
	}
	if (b->step == TRAILER_START && c == '\r')
		return LAST_LF;
	if (b->trailers.len == TRAILERS_MAX)
		return -1;
	str_add_char(&b->trailers, c);
	if (b->step == TRAILER_LF)
		return c == '\n' ? TRAILER_START : -1;
	return c == '\r' ? TRAILER_LF : c == '\n' ? -1 : TRAILER_LINE;
}

static int
chunk_byte(struct body *b, char c)
{
	switch (b->step) {
	case CHUNK_CR:
		return c == '\r' ? CHUNK_LF : -1;
	case CHUNK_LF:
		b->left = 0;
		return c == '\n' ? CHUNK_SIZE_FIRST : -1;
	case CHUNK_SIZE_FIRST:
	case CHUNK_SIZE:
	case CHUNK_EXTENSION:
	case CHUNK_SIZE_LF:
		if (++b->line_len > CHUNK_LINE_MAX)
			return -1;
		return chunk_size_byte(b, c);
	default:
		return trailer_byte(b, c);
	}
}

static struct slice
take(struct body *b, struct slice *in)
{
	size_t n = in->len < b->left ? in->len : (size_t)b->left;
	struct slice piece = slice_of(in->ptr, n);

	*in = slice_from(*in, n);
	b->left -= n;
	return piece;
}

struct slice
body_feed(struct body *b, struct slice *in)
{
	struct slice piece = *in;

	if (b->kind == BODY_TO_EOF) {
		*in = slice_from(*in, in->len);
		return piece;
	}
	if (b->kind == BODY_LENGTH) {
		piece = take(b, in);
		b->is_done = b->left == 0;
		return piece;
	}
	while (in->len > 0 && !b->is_done && !b->is_wrong) {
		if (b->step == CHUNK_DATA) {
			piece = take(b, in);
			if (b->left == 0)
				b->step = CHUNK_CR;
			return piece;
		}
		b->step = chunk_byte(b, in->ptr[0]);
		b->is_wrong = b->step < 0;
		*in = slice_from(*in, 1);
	}
	return slice_of("", 0);
}

bool
body_ends_at_eof(const struct body *b)
{
	return b->is_done || b->kind == BODY_TO_EOF;
}

uint32_t
message_crc32(uint32_t crc, struct slice s)
{
	static _Thread_local uint32_t table[256];

	if (table[255] == 0)
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t v = i;

			for (int bit = 0; bit < 8; bit++)
				v = (v >> 1) ^ (v & 1 ? 0xedb88320u : 0);
			table[i] = v;
		}
	crc = ~crc;
	for (size_t i = 0; i < s.len; i++)
		crc = (crc >> 8) ^ table[(crc ^ (unsigned char)s.ptr[i]) & 0xff];
	return ~crc;
}
