#include <string.h>

#include "base/check.h"
#include "http/head.h"

#define LONGEST_NAME	23
#define SAME_LENGTH	4
#define FIRST_CAP	16

static const struct slice names[FIELD_IDS] = {
	[FIELD_ACCEPT] = { "accept", 6 },
	[FIELD_ACCEPT_ENCODING] = { "accept-encoding", 15 },
	[FIELD_AUTHORIZATION] = { "authorization", 13 },
	[FIELD_CONTENT_TYPE] = { "content-type", 12 },
	[FIELD_CONTENT_ENCODING] = { "content-encoding", 16 },
	[FIELD_COOKIE] = { "cookie", 6 },
	[FIELD_DATE] = { "date", 4 },
	[FIELD_EXPECT] = { "expect", 6 },
	[FIELD_HOST] = { "host", 4 },
	[FIELD_LOCATION] = { "location", 8 },
	[FIELD_SERVER] = { "server", 6 },
	[FIELD_SET_COOKIE] = { "set-cookie", 10 },
	[FIELD_TRAILER] = { "trailer", 7 },
	[FIELD_USER_AGENT] = { "user-agent", 10 },
	[FIELD_VIA] = { "via", 3 },
	[FIELD_X_FORWARDED_FOR] = { "x-forwarded-for", 15 },
	[FIELD_X_FORWARDED_HOST] = { "x-forwarded-host", 16 },
	[FIELD_X_FORWARDED_PROTO] = { "x-forwarded-proto", 17 },
	[FIELD_X_FORWARDED_CLIENT_CERT] = { "x-forwarded-client-cert", 23 },
	[FIELD_X_REQUEST_ID] = { "x-request-id", 12 },
	[FIELD_TRACEPARENT] = { "traceparent", 11 },
	[FIELD_GRPC_STATUS] = { "grpc-status", 11 },
	[FIELD_MESH_SOURCE] = { "x-mesh-source", 13 },
	[FIELD_MESH_HOST] = { "x-mesh-host", 11 },
	[FIELD_MESH_VERSION] = { "x-mesh-version", 14 },
	[FIELD_CONNECTION] = { "connection", 10 },
	[FIELD_CONTENT_LENGTH] = { "content-length", 14 },
	[FIELD_HTTP2_SETTINGS] = { "http2-settings", 14 },
	[FIELD_KEEP_ALIVE] = { "keep-alive", 10 },
	[FIELD_PROXY_CONNECTION] = { "proxy-connection", 16 },
	[FIELD_TE] = { "te", 2 },
	[FIELD_TRANSFER_ENCODING] = { "transfer-encoding", 17 },
	[FIELD_UPGRADE] = { "upgrade", 7 },
};

/* The ids whose names have this length; FIELD_OTHER ends a row. */
static const unsigned char by_length[LONGEST_NAME + 1][SAME_LENGTH + 1] = {
	[2] = { FIELD_TE },
	[3] = { FIELD_VIA },
	[4] = { FIELD_HOST, FIELD_DATE },
	[6] = { FIELD_ACCEPT, FIELD_COOKIE, FIELD_SERVER, FIELD_EXPECT },
	[7] = { FIELD_UPGRADE, FIELD_TRAILER },
	[8] = { FIELD_LOCATION },
	[10] = { FIELD_USER_AGENT, FIELD_CONNECTION, FIELD_SET_COOKIE,
	    FIELD_KEEP_ALIVE },
	[11] = { FIELD_TRACEPARENT, FIELD_GRPC_STATUS, FIELD_MESH_HOST },
	[12] = { FIELD_CONTENT_TYPE, FIELD_X_REQUEST_ID },
	[13] = { FIELD_AUTHORIZATION, FIELD_MESH_SOURCE },
	[14] = { FIELD_CONTENT_LENGTH, FIELD_HTTP2_SETTINGS,
	    FIELD_MESH_VERSION },
	[15] = { FIELD_ACCEPT_ENCODING, FIELD_X_FORWARDED_FOR },
	[16] = { FIELD_CONTENT_ENCODING, FIELD_X_FORWARDED_HOST,
	    FIELD_PROXY_CONNECTION },
	[17] = { FIELD_TRANSFER_ENCODING, FIELD_X_FORWARDED_PROTO },
	[23] = { FIELD_X_FORWARDED_CLIENT_CERT },
};

enum http_field_id
http_field_id(struct slice s)
{
	if (s.len > LONGEST_NAME)
		return FIELD_OTHER;
	for (const unsigned char *id = by_length[s.len]; *id != FIELD_OTHER; id++)
		if (memcmp(names[*id].ptr, s.ptr, s.len) == 0)
			return (enum http_field_id)*id;
	return FIELD_OTHER;
}

struct slice
http_field_name(enum http_field_id id)
{
	check(id < FIELD_IDS);
	return names[id];
}

void
http_fields_init(struct http_fields *f, struct arena *a)
{
	*f = (struct http_fields){ .arena = a };
}

static bool
is_named(const struct http_field *f, enum http_field_id id, struct slice name)
{
	return f->id == id && (id != FIELD_OTHER || slice_eq(f->name, name));
}

static struct http_field *
find(const struct http_fields *f, enum http_field_id id, struct slice name)
{
	for (size_t i = 0; i < f->len; i++)
		if (is_named(&f->v[i], id, name))
			return &f->v[i];
	return NULL;
}

struct slice
http_fields_get(const struct http_fields *f, enum http_field_id id)
{
	check(id != FIELD_OTHER);
	const struct http_field *at = find(f, id, SLICE_NONE);

	return at == NULL ? SLICE_NONE : at->value;
}

struct slice
http_fields_find(const struct http_fields *f, struct slice name)
{
	const struct http_field *at = find(f, http_field_id(name), name);

	return at == NULL ? SLICE_NONE : at->value;
}

size_t
http_fields_count(const struct http_fields *f, enum http_field_id id)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++)
		n += f->v[i].id == id;
	return n;
}

static char *
put(char *to, struct slice s)
{
	return s.len == 0 ? to : mempcpy(to, s.ptr, s.len);
}

struct slice
http_fields_join(const struct http_fields *f, struct arena *a,
    struct slice name, struct slice between)
{
	enum http_field_id id = http_field_id(name);
	const struct http_field *first = find(f, id, name);
	size_t len = 0, n = 0;
	char *text, *to;

	if (id == FIELD_COOKIE)
		between = SLICE("; ");
	for (size_t i = 0; i < f->len; i++)
		if (is_named(&f->v[i], id, name)) {
			len += f->v[i].value.len + between.len;
			n++;
		}
	if (n < 2)
		return first == NULL ? SLICE_NONE : first->value;
	text = to = arena_alloc(a, len);
	for (size_t i = 0; i < f->len; i++)
		if (is_named(&f->v[i], id, name))
			to = put(put(to, f->v[i].value), between);
	return slice_of(text, len - between.len);
}

static void
add(struct http_fields *f, enum http_field_id id, struct slice name,
    struct slice value)
{
	if (f->len == f->cap) {
		size_t cap = f->cap == 0 ? FIRST_CAP : 2 * f->cap;
		struct http_field *v = arena_alloc(f->arena, cap * sizeof(*v));

		if (f->len > 0)
			memcpy(v, f->v, f->len * sizeof(*v));
		f->v = v;
		f->cap = cap;
	}
	f->v[f->len++] = (struct http_field){
		.name = name, .value = value, .id = id
	};
}

void
http_fields_add(struct http_fields *f, struct slice name, struct slice value)
{
	add(f, http_field_id(name), name, value);
}

void
http_fields_add_id(struct http_fields *f, enum http_field_id id,
    struct slice value)
{
	add(f, id, http_field_name(id), value);
}

/* Removes what is_named at index `from` and behind. */
static size_t
remove_from(struct http_fields *f, size_t from, enum http_field_id id,
    struct slice name)
{
	size_t kept = from;

	for (size_t i = from; i < f->len; i++)
		if (!is_named(&f->v[i], id, name))
			f->v[kept++] = f->v[i];
	size_t removed = f->len - kept;

	f->len = kept;
	return removed;
}

static void
set(struct http_fields *f, enum http_field_id id, struct slice name,
    struct slice value)
{
	struct http_field *first = find(f, id, name);

	if (first == NULL) {
		add(f, id, name, value);
		return;
	}
	first->value = value;
	remove_from(f, (size_t)(first - f->v) + 1, id, name);
}

void
http_fields_set(struct http_fields *f, struct slice name, struct slice value)
{
	set(f, http_field_id(name), name, value);
}

void
http_fields_set_id(struct http_fields *f, enum http_field_id id,
    struct slice value)
{
	set(f, id, http_field_name(id), value);
}

size_t
http_fields_remove(struct http_fields *f, struct slice name)
{
	return remove_from(f, 0, http_field_id(name), name);
}

size_t
http_fields_remove_id(struct http_fields *f, enum http_field_id id)
{
	check(id != FIELD_OTHER);
	return remove_from(f, 0, id, SLICE_NONE);
}

size_t
http_fields_size(const struct http_fields *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++)
		n += f->v[i].name.len + f->v[i].value.len + 32;
	return n;
}
