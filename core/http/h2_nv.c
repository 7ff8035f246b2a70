#include "http/field_rules.h"
#include "http/grammar.h"
#include "http/h2_nv.h"

#define OWN_FIELDS	8	/* all that we write besides the fields */

/* name is static. */
static void
put(struct h2_nv *l, struct slice name, struct slice value)
{
	l->v[l->len++] = (nghttp2_nv){
		slice_writable(name), slice_writable(value), name.len, value.len,
		NGHTTP2_NV_FLAG_NO_COPY_NAME
	};
}

static void
put_static(struct h2_nv *l, struct slice name, struct slice value)
{
	put(l, name, value);
	l->v[l->len - 1].flags |= NGHTTP2_NV_FLAG_NO_COPY_VALUE;
}

static bool
is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (http_byte_is(s.ptr[i], BYTE_UPPER))
			return false;
	return http_is_token(s);
}

/* Proves to HTTP/1 what :protocol proves here (RFC 8441, section 5). */
static bool
is_proof(const struct http_field *f)
{
	return slice_is(f->name, "sec-websocket-accept");
}

static bool
is_writable(const struct http_field *f)
{
	return f->id < FIELD_CONNECTION && f->id != FIELD_HOST &&
	    f->id != FIELD_EXPECT && (f->id != FIELD_OTHER ||
	    (is_name(f->name) && !field_is_lookalike(f->name) &&
	    !is_proof(f))) &&
	    http_is_field_value(f->value);
}

/*
 * What is secret is told to nobody by the size of a later block (RFC 7541,
 * section 7.1.3), and what no later head repeats would only push out of the
 * table what they do.  nghttp2 sees to :path, etag and their like itself.
 */
static bool
is_indexed(const struct http_field *f)
{
	return !f->is_secret && f->id != FIELD_AUTHORIZATION &&
	    f->id != FIELD_X_REQUEST_ID && f->id != FIELD_TRACEPARENT;
}

static void
put_fields(struct h2_nv *l, const struct http_fields *list)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct http_field *f = &list->v[i];

		if (!is_writable(f))
			continue;
		if (f->id != FIELD_OTHER) {
			put(l, http_field_name(f->id), f->value);
		} else {
			put(l, f->name, f->value);
			l->v[l->len - 1].flags = NGHTTP2_NV_FLAG_NONE;
		}
		if (!is_indexed(f))
			l->v[l->len - 1].flags |= NGHTTP2_NV_FLAG_NO_INDEX;
	}
}

static void
start(struct h2_nv *l, struct arena *a, const struct http_fields *list)
{
	l->v = arena_alloc(a, (list->len + OWN_FIELDS) * sizeof(*l->v));
	l->len = 0;
}

static struct slice
number(struct arena *a, uint64_t v)
{
	char *p = arena_alloc(a, 24), *to = p + 24;

	do
		*--to = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	return slice_of(to, (size_t)(p + 24 - to));
}

static void
put_length(struct h2_nv *l, struct arena *a, const struct http_head *h)
{
	if (h->content_length >= 0)
		put(l, http_field_name(FIELD_CONTENT_LENGTH),
		    number(a, (uint64_t)h->content_length));
}

static bool
is_target(struct slice s)
{
	return http_bytes_span(s.ptr, s.len, BYTE_TARGET) == s.len;
}

static bool
put_path(struct h2_nv *l, struct arena *a, const struct http_head *h)
{
	const struct slice v[] = { h->path, SLICE("?"), h->query };

	if (h->path.len == 0 || !is_target(h->path) ||
	    (h->query.ptr != NULL && !is_target(h->query)))
		return false;
	put(l, SLICE(":path"), h->query.ptr == NULL ? h->path :
	    arena_join(a, v, 3));
	return true;
}

bool
h2_nv_request(struct h2_nv *l, struct arena *a, const struct http_head *h,
    bool is_switch)
{
	bool is_connect = h->method_id == METHOD_CONNECT;

	start(l, a, &h->fields);
	if (!http_is_token(h->method) || h->authority.len == 0 ||
	    !is_target(h->authority) ||
	    (is_switch && !http_is_token(h->upgrade)))
		return false;
	put(l, SLICE(":method"), is_switch ? SLICE("CONNECT") : h->method);
	if (is_switch)
		put(l, SLICE(":protocol"), h->upgrade);
	if (!is_connect) {
		put_static(l, SLICE(":scheme"), slice_is(h->scheme, "https") ?
		    SLICE("https") : SLICE("http"));
		if (!put_path(l, a, h))
			return false;
	}
	put(l, SLICE(":authority"), h->authority);
	put_fields(l, &h->fields);
	if (!is_connect && !is_switch)
		put_length(l, a, h);
	if (h->takes_trailers)
		put_static(l, SLICE("te"), SLICE("trailers"));
	if (h->expects_continue)
		put_static(l, SLICE("expect"), SLICE("100-continue"));
	return true;
}

void
h2_nv_response(struct h2_nv *l, struct arena *a, const struct http_head *h,
    bool is_switch)
{
	start(l, a, &h->fields);
	put(l, SLICE(":status"), is_switch ? SLICE("200") :
	    number(a, (uint64_t)h->status));
	put_fields(l, &h->fields);
	if (!is_switch && (h->status == 304 || !http_status_has_no_body(h->status)))
		put_length(l, a, h);
}

void
h2_nv_trailers(struct h2_nv *l, struct arena *a, const struct http_fields *list)
{
	start(l, a, list);
	put_fields(l, list);
}
