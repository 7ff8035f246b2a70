#include "base/random.h"
#include "http/field_rules.h"
#include "http/grammar.h"
#include "http/h2_block.h"
#include "http/path.h"

/* Decoding costs a peer up to 500 times less than us. */
#define BOMB_FACTOR	16

void
h2_block_start(struct h2_block *b, enum h2_block_kind kind,
    const struct http_limits *limits, struct arena *arena)
{
	*b = (struct h2_block){
		.kind = kind, .limits = limits, .arena = arena
	};
	http_fields_init(&b->fields, arena);
	http_fields_init(&b->crumbs, arena);
}

static bool
bad(struct h2_block *b, int status, const char *why)
{
	if (b->fault.why == NULL)
		b->fault = (struct h2_fault){ status, why };
	return false;
}

bool
h2_block_is_bomb(const struct h2_block *b)
{
	return b->bytes > BOMB_FACTOR * b->limits->head_bytes;
}

/* --- fields ------------------------------------------------------------ */

/* The place of a pseudo-field; NULL: there is none of that name here. */
static struct slice *
pseudo(struct h2_block *b, struct slice name)
{
#define PSEUDO(name, kind, member)					\
	{ { name, sizeof(name) - 1 }, kind, offsetof(struct h2_block, member) }
	static const struct {
		struct slice       name;
		enum h2_block_kind kind;
		size_t             at;
	} v[] = {
		PSEUDO(":method", H2_REQUEST, method),
		PSEUDO(":path", H2_REQUEST, path),
		PSEUDO(":scheme", H2_REQUEST, scheme),
		PSEUDO(":authority", H2_REQUEST, authority),
		PSEUDO(":protocol", H2_REQUEST, protocol),
		PSEUDO(":status", H2_RESPONSE, status),
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (b->kind == v[i].kind && slice_eq(name, v[i].name))
			return (struct slice *)(void *)((char *)b + v[i].at);
	return NULL;
}

static void
add_pseudo(struct h2_block *b, struct slice name, struct slice value)
{
	struct slice *at = pseudo(b, name);

	if (at == NULL || at->ptr != NULL || b->has_fields)
		bad(b, 0, "pseudo-field that may not stand there");
	else
		*at = arena_dup(b->arena, value);
}

/* A field that may come once; its value is the head's to tell. */
static void
note(struct h2_block *b, struct slice *at, struct slice value,
    const char *twice)
{
	if (at->ptr != NULL)
		bad(b, 400, twice);
	else
		*at = arena_dup(b->arena, value);
}

static void
add_to(struct http_fields *list, enum http_field_id id, struct slice name,
    struct slice value, bool is_secret)
{
	if (id == FIELD_OTHER)
		http_fields_add(list, arena_dup(list->arena, name), value);
	else
		http_fields_add_id(list, id, value);
	list->v[list->len - 1].is_secret = is_secret;
}

/* The first crumb of a cookie stands for all until they are joined. */
static void
add(struct h2_block *b, enum http_field_id id, struct slice name,
    struct slice value, bool is_secret)
{
	bool is_crumb = id == FIELD_COOKIE && b->kind == H2_REQUEST;

	value = arena_dup(b->arena, value);
	if (!is_crumb || b->crumbs.len == 0)
		add_to(&b->fields, id, name, value, is_secret);
	if (is_crumb)
		add_to(&b->crumbs, id, name, value, is_secret);
}

static void
sort(struct h2_block *b, struct slice name, struct slice value, bool is_secret)
{
	enum http_field_id id = http_field_id(name);

	switch (id) {
	case FIELD_CONNECTION:
	case FIELD_HTTP2_SETTINGS:
	case FIELD_KEEP_ALIVE:
	case FIELD_PROXY_CONNECTION:
	case FIELD_TRANSFER_ENCODING:
	case FIELD_UPGRADE:
		bad(b, 0, "field of a connection");
		break;
	case FIELD_TE:
		b->takes_trailers = slice_ieq(value, SLICE("trailers"));
		if (!b->takes_trailers)
			bad(b, 0, "te is not trailers");
		break;
	case FIELD_HOST:
		note(b, &b->host, value, "two Host fields");
		break;
	case FIELD_CONTENT_LENGTH:
		note(b, &b->length, value, "two lengths");
		break;
	case FIELD_EXPECT:
		if (b->kind == H2_REQUEST)
			note(b, &b->expect, value, "two expectations");
		break;
	default:
		add(b, id, name, value, is_secret);
		break;
	}
}

static bool
is_name(struct slice s, bool *has_underscore)
{
	unsigned int all = BYTE_TOKEN, any = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned int classes = http_bytes[(unsigned char)s.ptr[i]];

		all &= classes;
		any |= classes;
		*has_underscore |= s.ptr[i] == '_';
	}
	return s.len > 0 && all != 0 && (any & BYTE_UPPER) == 0;
}

static void
add_field(struct h2_block *b, struct slice name, struct slice value,
    bool is_secret)
{
	bool has_underscore = false, of_request = b->kind == H2_REQUEST ||
	    (b->kind == H2_TRAILERS && b->of_request);

	b->has_fields = true;
	if (!is_name(name, &has_underscore) || !http_is_field_value(value)) {
		bad(b, 0, "malformed field");
		return;
	}
	if (field_is_lookalike(name)) {
		bad(b, 400, "field that looks like the framing");
		return;
	}
	/* The grammar has no space at the ends; HTTP/1 would drop it. */
	value = slice_trim(value);
	if (of_request && has_underscore)
		b->dropped++;
	else if (b->kind != H2_TRAILERS)
		sort(b, name, value, is_secret);
	else if (field_may_be_trailer(name))
		add(b, http_field_id(name), name, value, is_secret);
}

void
h2_block_add(struct h2_block *b, struct slice name, struct slice value,
    bool is_secret)
{
	bool is_crumb = name.len == 6 && slice_is(name, "cookie");

	b->bytes += name.len + value.len + 32;
	b->count += !is_crumb && !(name.len > 0 && name.ptr[0] == ':');
	if (b->bytes > b->limits->head_bytes || b->count > b->limits->fields)
		bad(b, 431, "head too large");
	else if (name.len + value.len > b->limits->line_bytes)
		bad(b, slice_is(name, ":path") ? 414 : 431, "field too large");
	/* A head that is answered anyway is read on for what resets it. */
	if (b->fault.why != NULL)
		return;
	if (name.len > 0 && name.ptr[0] == ':')
		add_pseudo(b, name, value);
	else
		add_field(b, name, value, is_secret);
}

/* Cookie crumbs are one field outside HTTP/2 (RFC 9113, section 8.2.3). */
static void
join_crumbs(struct h2_block *b)
{
	size_t n = b->crumbs.len, parts = 0;
	bool is_secret = false;

	if (n < 2)
		return;
	struct slice *v = arena_alloc(b->arena, 2 * n * sizeof(*v));

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			v[parts++] = SLICE("; ");
		v[parts++] = b->crumbs.v[i].value;
		is_secret |= b->crumbs.v[i].is_secret;
	}
	http_fields_set_id(&b->fields, FIELD_COOKIE,
	    arena_join(b->arena, v, parts));
	for (size_t i = 0; i < b->fields.len; i++)
		if (b->fields.v[i].id == FIELD_COOKIE)
			b->fields.v[i].is_secret = is_secret;
}

static bool
take_length(struct h2_block *b, struct http_head *h)
{
	uint64_t v;

	if (b->length.ptr == NULL)
		return true;
	if (!slice_u64(b->length, &v) || v > INT64_MAX)
		return bad(b, 400, "malformed length");
	h->content_length = (int64_t)v;
	return true;
}

static bool
begin_head(struct h2_block *b, struct http_head *h)
{
	if (b->fault.why != NULL)
		return false;
	http_head_init(h, b->arena);
	join_crumbs(b);
	h->fields = b->fields;
	h->minor = 2;
	h->dropped = b->dropped;
	h->takes_trailers = b->takes_trailers;
	return take_length(b, h);
}

/* --- requests ---------------------------------------------------------- */

static bool
take_method(struct h2_block *b, struct http_head *h)
{
	if (!http_is_token(b->method))
		return bad(b, 0, "malformed method");
	h->method = b->method;
	h->method_id = http_method_id(h->method);
	if (h->method_id == METHOD_TRACE)
		return bad(b, 405, "TRACE is refused");
	return true;
}

/* Who says both must mean the same: routes look at one, servers at the other. */
static bool
take_authority(struct h2_block *b, struct http_head *h)
{
	struct http_head other = { 0 };
	bool both = b->authority.ptr != NULL && b->host.ptr != NULL;

	if (b->authority.ptr == NULL && b->host.ptr == NULL)
		return bad(b, 400, "neither :authority nor Host");
	if (!http_authority_parse(b->arena, b->authority.ptr != NULL ?
	    b->authority : b->host, h))
		return bad(b, 400, "malformed authority");
	if (both && (!http_authority_parse(b->arena, b->host, &other) ||
	    !slice_eq(h->authority, other.authority)))
		return bad(b, 400, ":authority and Host differ");
	return true;
}

static bool
take_path(struct h2_block *b, struct http_head *h)
{
	struct slice rest = b->path, path;

	h->target = b->path;
	if (slice_is(b->path, "*") && h->method_id == METHOD_OPTIONS) {
		h->path = b->path;
		return true;
	}
	if (b->path.len == 0 || b->path.ptr[0] != '/' ||
	    http_bytes_span(b->path.ptr, b->path.len, BYTE_TARGET) !=
	    b->path.len)
		return bad(b, 400, "malformed path");
	slice_cut(&rest, '?', &path);
	h->query = rest;
	if (!http_path_normalize(b->arena, path, &h->path))
		return bad(b, 400, "path that could be read in two ways");
	return true;
}

static bool
take_scheme(struct h2_block *b, struct http_head *h)
{
	h->scheme = slice_ieq(b->scheme, SLICE("https")) ? SLICE("https") :
	    SLICE("http");
	if (!slice_ieq(b->scheme, h->scheme))
		return bad(b, 400, "scheme is neither http nor https");
	return true;
}

/*
 * What asks for a WebSocket over HTTP/1 proves with a key that it is no other
 * request (RFC 6455, section 4.1); here :protocol proves it, and a service
 * that speaks HTTP/1 still wants one.
 */
static void
add_websocket_key(struct h2_block *b, struct http_head *h)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *key = arena_alloc(b->arena, 24);

	for (size_t i = 0; i < 21; i++)
		key[i] = letters[random_below(64)];
	key[21] = letters[16 * random_below(4)];	/* 128 bits */
	key[22] = key[23] = '=';
	http_fields_add(&h->fields, SLICE("sec-websocket-key"),
	    slice_of(key, 24));
}

/* RFC 8441: as a GET with Upgrade would ask for it. */
static bool
take_protocol(struct h2_block *b, struct http_head *h)
{
	if (!http_is_token(b->protocol) || slice_ieq(b->protocol, SLICE("h2c")))
		return bad(b, 501, "unknown protocol");
	h->method = SLICE("GET");
	h->method_id = METHOD_GET;
	h->upgrade = b->protocol;
	if (slice_ieq(b->protocol, SLICE("websocket")) && http_fields_find(
	    &h->fields, SLICE("sec-websocket-key")).ptr == NULL)
		add_websocket_key(b, h);
	return take_scheme(b, h) && take_path(b, h);
}

static bool
take_connect(struct h2_block *b, struct http_head *h)
{
	if (b->scheme.ptr != NULL || b->path.ptr != NULL)
		return bad(b, 0, "CONNECT with a path or a scheme");
	h->scheme = SLICE("http");
	h->target = b->authority;
	h->path = SLICE("");
	if (b->authority.ptr == NULL || h->port == 0)
		return bad(b, 400, "CONNECT needs host and port");
	return true;
}

static bool
take_expect(struct h2_block *b, bool end, struct http_head *h)
{
	if (b->expect.ptr == NULL)
		return true;
	if (!slice_ieq(b->expect, SLICE("100-continue")))
		return bad(b, 417, "unknown expectation");
	h->expects_continue = !end;
	return true;
}

bool
h2_block_request(struct h2_block *b, bool end, struct http_head *h)
{
	bool is_connect;

	if (b->fault.why == NULL && b->method.ptr == NULL)
		bad(b, 0, "no :method");
	if (!begin_head(b, h) || !take_method(b, h) || !take_authority(b, h))
		return false;
	is_connect = h->method_id == METHOD_CONNECT;
	if (b->protocol.ptr != NULL && !is_connect)
		return bad(b, 0, ":protocol without CONNECT");
	if (is_connect && b->length.ptr != NULL)
		return bad(b, 400, "CONNECT with a body");
	if (!is_connect && (b->scheme.ptr == NULL || b->path.ptr == NULL))
		return bad(b, 0, "no :scheme or no :path");
	if (is_connect)
		return b->protocol.ptr != NULL ? take_protocol(b, h) :
		    take_connect(b, h);
	return take_scheme(b, h) && take_path(b, h) && take_expect(b, end, h);
}

/* --- responses, trailers ------------------------------------------------ */

bool
h2_block_response(struct h2_block *b, bool is_head, struct http_head *h)
{
	uint64_t v;

	if (!begin_head(b, h))
		return false;
	if (b->status.len != 3 || !slice_u64(b->status, &v) || v < 100 ||
	    v > 599 || v == 101)
		return bad(b, 0, "status out of range");
	h->status = (int)v;
	if (http_status_has_no_body(h->status) && !is_head && v != 304)
		h->content_length = -1;
	return true;
}

bool
h2_block_trailers(struct h2_block *b, struct http_fields *list)
{
	if (b->fault.why != NULL)
		return false;
	*list = b->fields;
	return true;
}
