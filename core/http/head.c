#include <string.h>

#include "base/check.h"
#include "http/grammar.h"
#include "http/head.h"

static const struct {
	struct slice name;
	bool         is_idempotent;
} methods[] = {
	[METHOD_GET] = { { "GET", 3 }, true },
	[METHOD_HEAD] = { { "HEAD", 4 }, true },
	[METHOD_POST] = { { "POST", 4 }, false },
	[METHOD_PUT] = { { "PUT", 3 }, true },
	[METHOD_DELETE] = { { "DELETE", 6 }, true },
	[METHOD_CONNECT] = { { "CONNECT", 7 }, false },
	[METHOD_OPTIONS] = { { "OPTIONS", 7 }, true },
	[METHOD_TRACE] = { { "TRACE", 5 }, true },
	[METHOD_PATCH] = { { "PATCH", 5 }, false },
};
#define METHODS	(sizeof(methods) / sizeof(methods[0]))

/* RFC 9110 section 15, RFC 6585, RFC 8297, RFC 8470, and those in real use. */
static const struct {
	int         status;
	const char *text;
} statuses[] = {
	{ 100, "Continue" }, { 101, "Switching Protocols" },
	{ 102, "Processing" }, { 103, "Early Hints" },
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
	{ 203, "Non-Authoritative Information" }, { 204, "No Content" },
	{ 205, "Reset Content" }, { 206, "Partial Content" },
	{ 207, "Multi-Status" }, { 208, "Already Reported" },
	{ 226, "IM Used" },
	{ 300, "Multiple Choices" }, { 301, "Moved Permanently" },
	{ 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
	{ 305, "Use Proxy" }, { 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" },
	{ 402, "Payment Required" }, { 403, "Forbidden" },
	{ 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" }, { 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
	{ 411, "Length Required" }, { 412, "Precondition Failed" },
	{ 413, "Content Too Large" }, { 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" }, { 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" }, { 423, "Locked" },
	{ 424, "Failed Dependency" }, { 425, "Too Early" },
	{ 426, "Upgrade Required" }, { 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
	{ 506, "Variant Also Negotiates" }, { 507, "Insufficient Storage" },
	{ 508, "Loop Detected" }, { 511, "Network Authentication Required" },
};

enum http_method
http_method_id(struct slice s)
{
	for (size_t i = METHOD_GET; i < METHODS; i++)
		if (slice_eq(s, methods[i].name))
			return (enum http_method)i;
	return METHOD_OTHER;
}

bool
http_method_is_idempotent(enum http_method id)
{
	check(id < METHODS);
	return methods[id].is_idempotent;
}

const char *
http_status_text(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].text;
	return "Unknown";
}

bool
http_status_has_no_body(int status)
{
	return (status >= 100 && status < 200) || status == 204 || status == 304;
}

void
http_head_init(struct http_head *h, struct arena *a)
{
	*h = (struct http_head){ .content_length = -1, .minor = 1 };
	http_fields_init(&h->fields, a);
}

static void
dup(struct arena *a, struct slice *s)
{
	if (s->ptr != NULL)
		*s = arena_dup(a, *s);
}

void
http_head_copy(struct http_head *h, struct arena *a,
    const struct http_head *from)
{
	*h = *from;
	dup(a, &h->method);
	dup(a, &h->scheme);
	dup(a, &h->authority);
	dup(a, &h->host);
	dup(a, &h->target);
	dup(a, &h->path);
	dup(a, &h->query);
	dup(a, &h->upgrade);
	http_fields_init(&h->fields, a);
	for (size_t i = 0; i < from->fields.len; i++) {
		http_fields_add(&h->fields, arena_dup(a, from->fields.v[i].name),
		    arena_dup(a, from->fields.v[i].value));
		h->fields.v[i].is_secret = from->fields.v[i].is_secret;
	}
}

/* Cuts the host off s: a registered name, an IPv4 address, or "[IPv6]". */
static bool
cut_host(struct slice *s, struct slice *host)
{
	size_t n = 0;

	if (s->len > 0 && s->ptr[0] == '[') {
		ptrdiff_t end = slice_find(*s, ']');

		if (end < 3)
			return false;
		for (n = 1; n < (size_t)end; n++)
			if (!http_byte_is(s->ptr[n], BYTE_HEX) &&
			    s->ptr[n] != ':' && s->ptr[n] != '.')
				return false;
		*host = slice_of(s->ptr + 1, (size_t)end - 1);
		*s = slice_from(*s, (size_t)end + 1);
		return true;
	}
	while (n < s->len && http_byte_is(s->ptr[n], BYTE_HOST))
		n++;
	*host = slice_of(s->ptr, n);
	*s = slice_from(*s, n);
	return n > 0;
}

/* "", ":" or ":1" to ":65535"; 0 for the first two. */
static bool
parse_port(struct slice s, int *port)
{
	uint64_t v = 0;

	*port = 0;
	if (s.len == 0)
		return true;
	if (s.ptr[0] != ':')
		return false;
	if (s.len == 1)
		return true;
	if (!slice_u64(slice_from(s, 1), &v) || v < 1 || v > 65535)
		return false;
	*port = (int)v;
	return true;
}

/* Writes v in decimal; gives the number of digits. */
static size_t
put_decimal(char *to, int v)
{
	size_t n = 1;

	for (int rest = v; rest >= 10; rest /= 10)
		n++;
	for (size_t i = n; i > 0; i--, v /= 10)
		to[i - 1] = (char)('0' + v % 10);
	return n;
}

bool
http_authority_parse(struct arena *a, struct slice s, struct http_head *h)
{
	struct slice host, rest = s;
	int port;

	if (!cut_host(&rest, &host) || !parse_port(rest, &port))
		return false;
	bool is_literal = s.ptr[0] == '[';
	char *to = arena_alloc(a, host.len + sizeof("[]:65535"));
	size_t n = 0;

	if (is_literal)
		to[n++] = '[';
	h->host = slice_of(to + n, host.len);
	for (size_t i = 0; i < host.len; i++)
		to[n++] = http_byte_lower(host.ptr[i]);
	if (is_literal)
		to[n++] = ']';
	if (port != 0) {
		to[n++] = ':';
		n += put_decimal(to + n, port);
	}
	h->authority = slice_of(to, n);
	h->port = port;
	return true;
}
