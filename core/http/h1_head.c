#include "base/check.h"
#include "http/field_rules.h"
#include "http/grammar.h"
#include "http/h1_head.h"
#include "http/h1_notes.h"
#include "http/path.h"

static bool
bad(struct h1_fault *f, int status, const char *why)
{
	*f = (struct h1_fault){ status, why };
	return false;
}

/* "HTTP/1.0" and "HTTP/1.1". */
static bool
parse_version(struct slice s, int *minor, struct h1_fault *f)
{
	const char *p = s.ptr;

	if (s.len != 8 || !slice_has_prefix(s, SLICE("HTTP/")) || p[6] != '.' ||
	    p[5] < '0' || p[5] > '9' || p[7] < '0' || p[7] > '9')
		return bad(f, 400, "malformed version");
	if (p[5] != '1' || p[7] > '1')
		return bad(f, 505, "version is neither 1.0 nor 1.1");
	*minor = p[7] - '0';
	return true;
}

static bool
tokenize(struct arena *a, char *block, size_t len, bool is_response,
    size_t fields, struct h1_tokens *t, struct h1_fault *f)
{
	*t = (struct h1_tokens){ 0 };
	switch (h1_tokenize(a, block, len, fields, is_response, t)) {
	case TOKENS_UNKNOWN_METHOD:
		return bad(f, 501, "unknown method");
	case TOKENS_TOO_LARGE:
		return bad(f, 431, "head too large");
	case TOKENS_BAD:
		return bad(f, 400, "malformed or contradictory head");
	case TOKENS_OK:
		break;
	}
	return true;
}

static bool
parse_length(struct slice s, int64_t *out)
{
	uint64_t v;

	if (!slice_u64(s, &v) || v > INT64_MAX)
		return false;
	*out = (int64_t)v;
	return true;
}

/* Content-Length and Transfer-Encoding, which exclude each other. */
static bool
parse_framing(const struct h1_notes *n, struct h1_message *m,
    struct h1_fault *f)
{
	if (n->transfer_encoding.count > 0) {
		if (n->content_length.count > 0)
			return bad(f, 400, "both length and transfer encoding");
		if (m->head.minor == 0)
			return bad(f, 400, "transfer encoding in HTTP/1.0");
		if (n->transfer_encoding.count > 1 ||
		    !slice_ieq(n->transfer_encoding.value, SLICE("chunked")))
			return bad(f, 400, "transfer encoding is not chunked");
		m->framing = FRAMING_CHUNKED;
	} else if (n->content_length.count > 0) {
		if (n->content_length.count > 1)
			return bad(f, 400, "two lengths");
		if (!parse_length(n->content_length.value,
		    &m->head.content_length))
			return bad(f, 400, "malformed length");
		m->length = (uint64_t)m->head.content_length;
		m->framing = m->length > 0 ? FRAMING_LENGTH : FRAMING_NONE;
	}
	return true;
}

static void
parse_keep_alive(const struct h1_notes *n, struct h1_message *m)
{
	m->keep_alive = !n->close && (m->head.minor > 0 || n->keep_alive);
}

/* The protocols of the Upgrade field without h2c, which we never speak. */
static struct slice
parse_upgrade(struct arena *a, struct slice value)
{
	char *to = arena_alloc(a, value.len + 1);
	struct slice rest = value, name;
	size_t n = 0;

	while (slice_cut(&rest, ',', &name)) {
		name = slice_trim(name);
		if (name.len == 0 || slice_ieq(name, SLICE("h2c")))
			continue;
		if (n > 0)
			to[n++] = ',';
		for (size_t i = 0; i < name.len; i++)
			to[n++] = name.ptr[i];
	}
	return n > 0 ? slice_of(to, n) : SLICE_NONE;
}

/* --- requests ---------------------------------------------------------- */

/* A path with its query. */
static bool
parse_path(struct arena *a, struct slice s, struct http_head *h,
    struct h1_fault *f)
{
	struct slice rest = s, path;

	slice_cut(&rest, '?', &path);
	h->query = rest;
	if (!http_path_normalize(a, path, &h->path))
		return bad(f, 400, "path that could be read in two ways");
	return true;
}

static size_t
scheme_length(struct slice s)
{
	if (s.len >= 7 && slice_ieq(slice_of(s.ptr, 7), SLICE("http://")))
		return 4;
	if (s.len >= 8 && slice_ieq(slice_of(s.ptr, 8), SLICE("https://")))
		return 5;
	return 0;
}

static bool
parse_absolute(struct arena *a, struct slice s, struct http_head *h,
    struct h1_fault *f)
{
	size_t n = scheme_length(s), end = 0;

	if (n == 0)
		return bad(f, 400, "target is neither a path nor an http URL");
	h->is_absolute = true;
	h->scheme = n == 4 ? SLICE("http") : SLICE("https");
	s = slice_from(s, n + 3);
	while (end < s.len && s.ptr[end] != '/' && s.ptr[end] != '?')
		end++;
	if (!http_authority_parse(a, slice_of(s.ptr, end), h))
		return bad(f, 400, "malformed authority in the target");
	s = slice_from(s, end);
	if (s.len > 0 && s.ptr[0] == '/')
		return parse_path(a, s, h, f);
	h->path = s.len == 0 && h->method_id == METHOD_OPTIONS ?
	    SLICE("*") : SLICE("/");
	h->query = s.len > 0 ? slice_from(s, 1) : SLICE_NONE;
	return true;
}

static bool
parse_target(struct arena *a, struct http_head *h, struct h1_fault *f)
{
	struct slice s = h->target;

	if (h->method_id == METHOD_CONNECT) {
		h->path = SLICE("");
		if (!http_authority_parse(a, s, h) || h->port == 0)
			return bad(f, 400, "CONNECT needs host and port");
		return true;
	}
	if (slice_is(s, "*")) {
		h->path = s;
		if (h->method_id != METHOD_OPTIONS)
			return bad(f, 400, "\"*\" is for OPTIONS");
		return true;
	}
	if (s.ptr[0] == '/')
		return parse_path(a, s, h, f);
	return parse_absolute(a, s, h, f);
}

/* Host must be there once and well formed, even where the target wins. */
static bool
parse_host(struct arena *a, const struct h1_notes *n, struct http_head *h,
    struct h1_fault *f)
{
	struct http_head other;

	if (n->host.count > 1)
		return bad(f, 400, "two Host fields");
	if (n->host.count == 0)
		return h->minor == 0 || bad(f, 400, "no Host field");
	if (!http_authority_parse(a, n->host.value,
	    h->authority.ptr == NULL ? h : &other))
		return bad(f, 400, "malformed Host");
	return true;
}

static bool
parse_expect(const struct h1_notes *n, struct h1_message *m,
    struct h1_fault *f)
{
	if (n->expect.count == 0 || m->head.minor == 0)
		return true;
	if (n->expect.count > 1 ||
	    !slice_ieq(n->expect.value, SLICE("100-continue")))
		return bad(f, 417, "unknown expectation");
	m->head.expects_continue = m->framing != FRAMING_NONE;
	return true;
}

static bool
parse_method(struct slice method, struct http_head *h, struct h1_fault *f)
{
	h->method = method;
	h->method_id = http_method_id(method);
	if (h->method_id == METHOD_TRACE)
		return bad(f, 405, "TRACE is refused");
	return true;
}

bool
h1_head_parse_request(struct arena *a, char *block, size_t len,
    size_t fields, struct h1_message *m, struct h1_fault *f)
{
	struct http_head *h = &m->head;
	struct h1_tokens t;
	struct h1_notes n;

	*m = (struct h1_message){ .framing = FRAMING_NONE };
	http_head_init(h, a);
	h->scheme = SLICE("http");
	if (!tokenize(a, block, len, false, fields, &t, f))
		return false;
	h->target = t.target;
	if (!parse_version(t.version, &h->minor, f) ||
	    !parse_method(t.method, h, f) ||
	    !h1_notes_take(&n, &t, true, &h->fields, f) ||
	    !parse_target(a, h, f) ||
	    !parse_host(a, &n, h, f) ||
	    !parse_framing(&n, m, f) ||
	    !parse_expect(&n, m, f))
		return false;
	if (h->method_id == METHOD_CONNECT &&
	    (n.content_length.count > 0 || n.transfer_encoding.count > 0))
		return bad(f, 400, "CONNECT with a body");
	h->dropped = n.dropped;
	parse_keep_alive(&n, m);
	if (n.upgrades && h->minor > 0 && m->framing == FRAMING_NONE &&
	    h->method_id != METHOD_CONNECT && n.upgrade.count == 1)
		h->upgrade = parse_upgrade(a, n.upgrade.value);
	return true;
}

/* --- responses --------------------------------------------------------- */

static bool
parse_status(struct slice s, int *status, struct h1_fault *f)
{
	uint64_t v;

	if (s.len != 3 || !slice_u64(s, &v) || v < 100 || v > 599)
		return bad(f, 400, "status out of range");
	*status = (int)v;
	return true;
}

static void
settle_response(struct h1_message *m, const struct h1_notes *n,
    struct h1_request_notes asked)
{
	int status = m->head.status;
	bool is_head = asked.method == METHOD_HEAD;
	bool is_tunnel = status == 101 ||
	    (asked.method == METHOD_CONNECT && status >= 200 && status < 300);

	if (is_head || is_tunnel || http_status_has_no_body(status)) {
		m->framing = FRAMING_NONE;
		m->length = 0;
		if (!is_head && status != 304)
			m->head.content_length = -1;
	} else if (m->framing == FRAMING_NONE && n->content_length.count == 0) {
		m->framing = FRAMING_UNTIL_CLOSE;
		m->keep_alive = false;
	}
}

bool
h1_head_parse_response(struct arena *a, char *block, size_t len,
    size_t fields, struct h1_request_notes asked, struct h1_message *m,
    struct h1_fault *f)
{
	struct http_head *h = &m->head;
	struct h1_tokens t;
	struct h1_notes n;

	*m = (struct h1_message){ .framing = FRAMING_NONE };
	http_head_init(h, a);
	if (!tokenize(a, block, len, true, fields, &t, f) ||
	    !parse_version(t.version, &h->minor, f))
		return false;
	if (!parse_status(t.code, &h->status, f) ||
	    !h1_notes_take(&n, &t, false, &h->fields, f) ||
	    !parse_framing(&n, m, f))
		return false;
	parse_keep_alive(&n, m);
	settle_response(m, &n, asked);
	if (n.upgrade.count == 1)
		h->upgrade = parse_upgrade(a, n.upgrade.value);
	if (h->status == 101 && (!asked.upgrades || h->upgrade.ptr == NULL))
		return bad(f, 400, "101 that nobody asked for");
	return true;
}

/* --- trailers ---------------------------------------------------------- */

void
h1_head_parse_trailers(char *block, size_t len, bool is_request,
    struct http_fields *list)
{
	char *end = block + len;

	while (block < end && *block != '\r') {
		char *name = block;
		bool has_underscore = false;

		for (; *block != ':'; block++) {
			*block = http_byte_lower(*block);
			has_underscore |= *block == '_';
		}
		struct slice n = slice_of(name, (size_t)(block - name));
		char *value = ++block;

		while (*block != '\r')
			block++;
		if (field_may_be_trailer(n) && !(is_request && has_underscore))
			http_fields_add(list, n, slice_trim(
			    slice_of(value, (size_t)(block - value))));
		block += 2;
	}
}
