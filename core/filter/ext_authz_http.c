#include "filter/ext_authz_http.h"
#include "http/twin.h"

/* --- the question ----------------------------------------------------------------- */

static void
put_fields(const struct ext_authz_settings *s,
    const struct ext_authz_question *q, struct http_fields *out)
{
	const struct http_fields *f = &q->head->fields;

	for (size_t i = 0; i < f->len; i++)
		if (f->v[i].id == FIELD_AUTHORIZATION ||
		    f->v[i].id == FIELD_X_REQUEST_ID ||
		    ext_authz_has(&s->headers, f->v[i].name))
			http_fields_add(out, f->v[i].name, f->v[i].value);
	if (s->body_max > 0)
		http_fields_set(out, SLICE("x-envoy-auth-partial-body"),
		    q->is_part ? SLICE("true") : SLICE("false"));
	for (size_t i = 0; i < s->more_headers.len; i++)
		http_fields_set(out, slice_str(s->more_headers.items[i].key),
		    slice_str(s->more_headers.items[i].value));
}

/* Nobody else's word for it, nor another spelling. */
static void
put_principal(const struct ext_authz_question *q, struct http_fields *out)
{
	const struct slice name = SLICE(EXT_AUTHZ_PRINCIPAL);

	twin_remove(out, name);
	http_fields_remove(out, name);
	if (q->source.principal.len > 0)
		http_fields_add(out, name, q->source.principal);
}

static struct slice
path_of(const struct ext_authz_settings *s, struct slice path,
    struct arena *a)
{
	struct slice prefix = s->path;

	if (path.len == 0 || path.ptr[0] != '/')	/* "*", and CONNECT's */
		return prefix.len > 0 ? prefix : SLICE("/");
	while (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '/')
		prefix.len--;
	const struct slice parts[] = { prefix, path };

	return prefix.len == 0 ? path : arena_join(a, parts, 2);
}

void
ext_authz_http_ask(const struct ext_authz_settings *s,
    const struct ext_authz_question *q, struct arena *a,
    struct http_head *out)
{
	const struct http_head *h = q->head;
	bool is_tunnel = h->method_id == METHOD_CONNECT;

	http_head_init(out, a);
	out->method_id = is_tunnel ? METHOD_GET : h->method_id;
	out->method = is_tunnel ? SLICE("GET") : h->method;
	out->scheme = h->scheme;
	out->authority = h->authority;
	out->host = h->host;
	out->port = h->port;
	out->path = path_of(s, h->path, a);
	out->query = h->query;
	out->content_length = (int64_t)q->body.len;
	put_fields(s, q, &out->fields);
	put_principal(q, &out->fields);
}

/* --- the answer ------------------------------------------------------------------- */

/* The first line of a name replaces, more of them are added. */
static enum ext_authz_op
op_of(const struct http_fields *f, size_t i, bool is_response)
{
	if (is_response && f->v[i].id == FIELD_SET_COOKIE)
		return EXT_AUTHZ_ADD;
	for (size_t k = 0; k < i; k++)
		if (slice_eq(f->v[k].name, f->v[i].name))
			return EXT_AUTHZ_ADD;
	return EXT_AUTHZ_SET;
}

/* About the answer itself. */
static bool
is_of_answer(const struct http_field *f)
{
	static const char *const names[] = { "age", "alt-svc", "cache-control",
		"date", "etag", "expires", "last-modified", "server",
		"set-cookie", "vary", "via" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(f->name, names[i]))
			return true;
	return slice_has_prefix(f->name, SLICE("content-"));
}

static bool
goes_up(const struct ext_authz_settings *s, const struct http_field *f)
{
	return ext_authz_names(&s->up_allow, f->name) ||
	    (ext_authz_has(&s->up_allow, f->name) && !is_of_answer(f));
}

static void
allow(const struct ext_authz_settings *s, const struct http_fields *asked,
    const struct http_fields *f, struct arena *a, struct ext_authz_answer *out)
{
	for (size_t i = 0; i < asked->len; i++) {
		const struct http_field *own = &asked->v[i];

		if (ext_authz_reserves(&s->up_allow, own) &&
		    op_of(asked, i, false) == EXT_AUTHZ_SET)
			ext_authz_take_out(out, a, own->name);
	}
	for (size_t i = 0; i < f->len; i++) {
		if (goes_up(s, &f->v[i]))
			ext_authz_add(out, a, op_of(f, i, false), false,
			    f->v[i].name, f->v[i].value);
		if (ext_authz_has(&s->down_allow, f->v[i].name))
			ext_authz_add(out, a, op_of(f, i, true), true,
			    f->v[i].name, f->v[i].value);
	}
}

static bool
is_always_told(const struct http_field *f)
{
	return f->id == FIELD_LOCATION || f->id == FIELD_CONTENT_TYPE ||
	    slice_is(f->name, "www-authenticate");
}

static void
deny(const struct ext_authz_settings *s, const struct http_head *h,
    struct slice body, struct arena *a, struct ext_authz_answer *out)
{
	const struct http_fields *f = &h->fields;

	*out = (struct ext_authz_answer){ .result = EXT_AUTHZ_DENY,
	    .status = h->status, .body = arena_dup(a, body) };
	for (size_t i = 0; i < f->len; i++)
		if (s->denies_with_all || is_always_told(&f->v[i]) ||
		    ext_authz_has(&s->down_deny, f->v[i].name))
			ext_authz_add(out, a, op_of(f, i, true), true,
			    f->v[i].name, f->v[i].value);
}

void
ext_authz_http_read(const struct ext_authz_settings *s,
    const struct ext_authz_question *q, const struct http_head *h,
    struct slice body, struct arena *a, struct ext_authz_answer *out)
{
	*out = (struct ext_authz_answer){ .result = EXT_AUTHZ_ALLOW };
	if (h->status >= 400 && ext_authz_is_refused(&h->fields, a, out))
		out->is_barred = h->status < 500;
	else if (h->status > 200 && h->status < 500)
		deny(s, h, body, a, out);
	else if (h->status == 200)
		allow(s, &q->head->fields, &h->fields, a, out);
	else if (h->status < 200)
		ext_authz_spoil(out, "its answer has no such status");
	else
		ext_authz_fail(out, "it failed itself");
}
