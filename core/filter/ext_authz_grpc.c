#include "chain/grpc.h"
#include "chain/grpc_message.h"
#include "chain/grpc_timeout.h"
#include "filter/ext_authz_grpc.h"
#include "http/protobuf.h"

/* --- the question ----------------------------------------------------------------- */

/* string; left out if it is empty.  What is no UTF-8 would be refused whole. */
static void
put_text(struct str *out, uint32_t number, struct slice s)
{
	size_t mark;

	if (s.len == 0)
		return;
	mark = protobuf_open(out, number);
	while (s.len > 0) {
		size_t n = slice_utf8(s);

		str_add_slice(out, n == 0 ? SLICE("\xef\xbf\xbd") :
		    slice_of(s.ptr, n));
		s = slice_from(s, n == 0 ? 1 : n);
	}
	protobuf_close(out, mark);
}

/* Peer: address 1 (Address: socket_address 1), service 2, principal 4. */
static void
put_peer(struct str *out, uint32_t number, const struct ext_authz_peer *p)
{
	size_t peer = protobuf_open(out, number), address, socket;

	if (p->address.len > 0) {
		address = protobuf_open(out, 1);
		socket = protobuf_open(out, 1);
		put_text(out, 2, p->address);
		protobuf_put_u64(out, 3, p->port);
		protobuf_close(out, socket);
		protobuf_close(out, address);
	}
	put_text(out, 2, p->service);
	put_text(out, 4, p->principal);
	protobuf_close(out, peer);
}

static void
put_header(struct str *out, struct slice name, struct slice value)
{
	size_t mark = protobuf_open(out, 3);

	put_text(out, 1, name);
	put_text(out, 2, value);
	protobuf_close(out, mark);
}

/* All lines of the field at i, unless one in front of it had that name. */
static void
put_field(struct str *out, const struct http_fields *f, size_t i)
{
	struct str all = { 0 };

	for (size_t k = 0; k < i; k++)
		if (slice_eq(f->v[k].name, f->v[i].name))
			return;
	for (size_t k = i; k < f->len; k++) {
		if (!slice_eq(f->v[k].name, f->v[i].name))
			continue;
		if (k > i)
			str_add(&all, f->v[k].id == FIELD_COOKIE ? "; " : ",");
		str_add_slice(&all, f->v[k].value);
	}
	put_header(out, f->v[i].name, str_slice(&all));
	str_fini(&all);
}

static void
put_headers(struct str *out, const struct ext_authz_settings *s,
    const struct ext_authz_question *q, struct slice path)
{
	const struct http_head *h = q->head;

	put_header(out, SLICE(":method"), h->method);
	put_header(out, SLICE(":path"), path);
	put_header(out, SLICE(":authority"), h->authority);
	put_header(out, SLICE(":scheme"), h->scheme);
	for (size_t i = 0; i < h->fields.len; i++)
		if (ext_authz_has(&s->headers, h->fields.v[i].name))
			put_field(out, &h->fields, i);
	if (s->body_max > 0)
		put_header(out, SLICE("x-envoy-auth-partial-body"),
		    q->is_part ? SLICE("true") : SLICE("false"));
}

/*
 * HttpRequest: id 1, method 2, headers 3, path 4, host 5, scheme 6, size 9,
 * protocol 10, body 11, raw_body 12.
 */
static void
put_http(struct str *out, const struct ext_authz_settings *s,
    const struct ext_authz_question *q)
{
	const struct http_head *h = q->head;
	struct str path = { 0 };

	str_add_slice(&path, h->path);
	if (h->query.ptr != NULL) {
		str_add_char(&path, '?');
		str_add_slice(&path, h->query);
	}
	put_text(out, 1, q->id);
	put_text(out, 2, h->method);
	put_headers(out, s, q, str_slice(&path));
	put_text(out, 4, str_slice(&path));
	put_text(out, 5, h->authority);
	put_text(out, 6, h->scheme);
	protobuf_put_i64(out, 9, h->content_length);
	put_text(out, 10, h->minor == 2 ? SLICE("HTTP/2") : h->minor == 0 ?
	    SLICE("HTTP/1.0") : SLICE("HTTP/1.1"));
	if (s->as_bytes && q->body.len > 0)
		protobuf_put_bytes(out, 12, q->body);
	else
		put_text(out, 11, q->body);
	str_fini(&path);
}

/* Request: time 1 (Timestamp: seconds 1, nanos 2), http 2, if it is that. */
static void
put_request(struct str *out, const struct ext_authz_settings *s,
    const struct ext_authz_question *q)
{
	size_t request = protobuf_open(out, 4), part = protobuf_open(out, 1);

	protobuf_put_i64(out, 1, q->wall_us / 1000000);
	protobuf_put_i64(out, 2, q->wall_us % 1000000 * 1000);
	protobuf_close(out, part);
	if (q->head != NULL) {
		part = protobuf_open(out, 2);
		put_http(out, s, q);
		protobuf_close(out, part);
	}
	protobuf_close(out, request);
}

/*
 * CheckRequest: attributes 1 (AttributeContext: source 1, destination 2, request
 * 4, tls_session 12 (TLSSession: sni 1)).
 */
void
ext_authz_grpc_put(const struct ext_authz_settings *s,
    const struct ext_authz_question *q, struct buf *out)
{
	struct str message = { 0 };
	size_t attributes = protobuf_open(&message, 1), tls;

	put_peer(&message, 1, &q->source);
	put_peer(&message, 2, &q->destination);
	put_request(&message, s, q);
	if (q->sni.len > 0) {
		tls = protobuf_open(&message, 12);
		put_text(&message, 1, q->sni);
		protobuf_close(&message, tls);
	}
	protobuf_close(&message, attributes);
	grpc_message_put(out, str_slice(&message));
	str_fini(&message);
}

void
ext_authz_grpc_ask(const struct ext_authz_settings *s, struct slice authority,
    struct arena *a, struct http_head *h)
{
	http_head_init(h, a);
	h->method = SLICE("POST");
	h->method_id = METHOD_POST;
	h->scheme = SLICE("http");
	h->path = SLICE(EXT_AUTHZ_GRPC_PATH);
	http_authority_parse(a, authority, h);
	h->takes_trailers = true;
	http_fields_add_id(&h->fields, FIELD_CONTENT_TYPE,
	    SLICE("application/grpc"));
	grpc_timeout_set(&h->fields, s->timeout_ms * 1000);
}

/* --- the answer ------------------------------------------------------------------- */

struct reading {
	struct arena            *arena;
	struct ext_authz_answer *out;
	bool                     has_status, has_ok, has_denied;
	uint64_t                 code;	/* of google.rpc.Status */
	uint64_t                 http_status;	/* 0: not said */
	struct slice             body;
};

/* BoolValue: value 1. */
static bool
read_bool(struct protobuf *m, const struct protobuf_field *f, bool *out)
{
	struct protobuf inner;
	struct protobuf_field v;

	*out = false;
	protobuf_enter(m, f, &inner);
	while (protobuf_next(&inner, &v))
		if (v.number == 1)
			protobuf_bool(&inner, &v, out);
	return protobuf_end(&inner) || protobuf_fail(m);
}

struct option {
	struct slice name, value;
	bool         has_append, append;
	uint64_t     action;	/* HeaderAppendAction */
};

/* HeaderValue: key 1, value 2, raw_value 3. */
static void
read_value(struct protobuf *m, const struct protobuf_field *f,
    struct option *o)
{
	struct slice raw = SLICE("");
	struct protobuf inner;
	struct protobuf_field v;

	protobuf_enter(m, f, &inner);
	while (protobuf_next(&inner, &v)) {
		if (v.number == 1)
			protobuf_bytes(&inner, &v, &o->name);
		else if (v.number == 2)
			protobuf_bytes(&inner, &v, &o->value);
		else if (v.number == 3)
			protobuf_bytes(&inner, &v, &raw);
	}
	if (!protobuf_end(&inner))
		protobuf_fail(m);
	if (raw.len > 0)
		o->value = raw;
}

static enum ext_authz_op
op_of(const struct option *o, bool is_added)
{
	static const enum ext_authz_op actions[] = { EXT_AUTHZ_ADD,
		EXT_AUTHZ_SET_ABSENT, EXT_AUTHZ_SET, EXT_AUTHZ_SET_PRESENT };

	if (o->has_append)
		return o->append ? EXT_AUTHZ_ADD : EXT_AUTHZ_SET;
	if (o->action == 0)
		return is_added ? EXT_AUTHZ_ADD : EXT_AUTHZ_SET;
	return o->action < 4 ? actions[o->action] : EXT_AUTHZ_SET;
}

/* HeaderValueOption: header 1, append 2, append_action 3. */
static void
read_option(struct reading *r, struct protobuf *m,
    const struct protobuf_field *f, bool is_down, bool is_added)
{
	struct option o = { .name = SLICE(""), .value = SLICE("") };
	struct protobuf inner;
	struct protobuf_field v;

	protobuf_enter(m, f, &inner);
	while (protobuf_next(&inner, &v)) {
		if (v.number == 1)
			read_value(&inner, &v, &o);
		else if (v.number == 2)
			o.has_append = read_bool(&inner, &v, &o.append);
		else if (v.number == 3)
			protobuf_u64(&inner, &v, &o.action);
	}
	if (!protobuf_end(&inner))
		protobuf_fail(m);
	else
		ext_authz_add(r->out, r->arena, op_of(&o, is_added), is_down,
		    o.name, slice_trim(o.value));
}

static void
read_removal(struct reading *r, struct protobuf *m,
    const struct protobuf_field *f, enum ext_authz_op op)
{
	struct slice name = SLICE("");

	if (protobuf_bytes(m, f, &name))
		ext_authz_add(r->out, r->arena, op, false, name, SLICE(""));
}

/* QueryParameter: key 1, value 2. */
static void
read_parameter(struct reading *r, struct protobuf *m,
    const struct protobuf_field *f)
{
	struct slice key, value;

	if (protobuf_entry(m, f, &key, &value))
		ext_authz_add(r->out, r->arena, EXT_AUTHZ_QUERY_SET, false,
		    key, value);
}

/*
 * OkHttpResponse: headers 2, headers_to_remove 5, response_headers_to_add 6,
 * query_parameters_to_set 7, query_parameters_to_remove 8.
 */
static void
read_ok(struct reading *r, struct protobuf *m, const struct protobuf_field *f)
{
	struct protobuf inner;
	struct protobuf_field v;

	r->has_ok = true;
	protobuf_enter(m, f, &inner);
	while (protobuf_next(&inner, &v)) {
		switch (v.number) {
		case 2:
			read_option(r, &inner, &v, false, false);
			break;
		case 5:
			read_removal(r, &inner, &v, EXT_AUTHZ_REMOVE);
			break;
		case 6:
			read_option(r, &inner, &v, true, true);
			break;
		case 7:
			read_parameter(r, &inner, &v);
			break;
		case 8:
			read_removal(r, &inner, &v, EXT_AUTHZ_QUERY_REMOVE);
			break;
		}
	}
	if (!protobuf_end(&inner))
		protobuf_fail(m);
}

/* HttpStatus and Status: code 1. */
static void
read_code(struct protobuf *m, const struct protobuf_field *f, uint64_t *code)
{
	struct protobuf inner;
	struct protobuf_field v;

	protobuf_enter(m, f, &inner);
	while (protobuf_next(&inner, &v))
		if (v.number == 1)
			protobuf_u64(&inner, &v, code);
	if (!protobuf_end(&inner))
		protobuf_fail(m);
}

/* DeniedHttpResponse: status 1, headers 2, body 3. */
static void
read_denied(struct reading *r, struct protobuf *m,
    const struct protobuf_field *f)
{
	struct protobuf inner;
	struct protobuf_field v;

	r->has_denied = true;
	protobuf_enter(m, f, &inner);
	while (protobuf_next(&inner, &v)) {
		if (v.number == 1)
			read_code(&inner, &v, &r->http_status);
		else if (v.number == 2)
			read_option(r, &inner, &v, true, false);
		else if (v.number == 3)
			protobuf_bytes(&inner, &v, &r->body);
	}
	if (!protobuf_end(&inner))
		protobuf_fail(m);
}

static void
conclude(struct reading *r)
{
	struct ext_authz_answer *out = r->out;

	if (out->result == EXT_AUTHZ_ERROR)
		return;
	if ((!r->has_status && !r->has_ok && !r->has_denied) ||
	    (r->has_denied && r->has_ok)) {
		ext_authz_spoil(out, "its answer says neither yes nor no");
		return;
	}
	if (r->code == 0 && !r->has_denied)
		return;
	if (r->code == 0 && r->has_status) {
		ext_authz_spoil(out, "its answer says both yes and no");
		return;
	}
	if (r->http_status == 0)
		r->http_status = 403;
	if (r->http_status < 200 || r->http_status > 599) {
		ext_authz_spoil(out, "its answer has no such status");
		return;
	}
	out->result = EXT_AUTHZ_DENY;
	out->status = (int)r->http_status;
	out->body = arena_dup(r->arena, r->body);
	/* A refusal with an ok_response: what that changes is for nobody. */
	if (r->has_ok)
		out->len = 0;
}

/* CheckResponse: status 1, denied_response 2, ok_response 3. */
void
ext_authz_grpc_message(struct slice message, struct arena *a,
    struct ext_authz_answer *out)
{
	struct reading r = { .arena = a, .out = out, .body = SLICE("") };
	struct protobuf_field f;
	struct protobuf m;

	*out = (struct ext_authz_answer){ .result = EXT_AUTHZ_ALLOW };
	protobuf_init(&m, message);
	while (protobuf_next(&m, &f)) {
		if (f.number == 1) {
			r.has_status = true;
			read_code(&m, &f, &r.code);
		} else if (f.number == 2) {
			read_denied(&r, &m, &f);
		} else if (f.number == 3) {
			read_ok(&r, &m, &f);
		}
	}
	if (!protobuf_end(&m))
		ext_authz_spoil(out, "its answer is malformed");
	else
		conclude(&r);
}

/* That it could not say; any other status is a word about the question. */
static bool
is_outage(int status)
{
	return grpc_is_error(status) || status == GRPC_CANCELLED ||
	    status == GRPC_RESOURCE_EXHAUSTED || status == GRPC_ABORTED;
}

/* The call did not go well. */
static void
read_failure(int status, struct arena *a, struct ext_authz_answer *out)
{
	if (status == GRPC_UNIMPLEMENTED)
		ext_authz_fail(out, "it has no envoy.service.auth.v3."
		    "Authorization");
	else if (status == GRPC_DEADLINE_EXCEEDED)
		ext_authz_fail(out, "it did not answer in time");
	else if (is_outage(status))
		ext_authz_fail(out, "it failed itself");
	else if (status == GRPC_NONE)
		ext_authz_spoil(out, "its answer is without grpc-status");
	else
		ext_authz_spoil(out, arena_printf(a, "it answered with "
		    "grpc-status %d", status));
}

void
ext_authz_grpc_read(const struct http_head *h, struct slice body,
    const struct http_fields *trailers, struct arena *a,
    struct ext_authz_answer *out)
{
	const struct http_fields *last = trailers != NULL ? trailers :
	    &h->fields;
	struct slice message;
	int status = grpc_status_read(last);

	if (status != GRPC_OK && (ext_authz_is_refused(last, a, out) ||
	    ext_authz_is_refused(&h->fields, a, out)))
		out->is_barred = status == GRPC_PERMISSION_DENIED ||
		    status == GRPC_UNAUTHENTICATED;
	else if (h->status >= 500)
		ext_authz_fail(out, "its answer is not gRPC");
	else if (h->status != 200 || !grpc_is_asked(h))
		ext_authz_spoil(out, "its answer is not gRPC");
	else if (status != GRPC_OK)
		read_failure(status, a, out);
	else if (!grpc_message_read(body, &message))
		ext_authz_spoil(out, "its answer is malformed");
	else
		ext_authz_grpc_message(message, a, out);
}
