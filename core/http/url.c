#include "http/grammar.h"
#include "http/head.h"
#include "http/path.h"
#include "http/url.h"

static size_t
scheme_length(struct slice s, bool *is_tls)
{
	static const struct {
		struct slice prefix;
		bool         is_tls;
	} v[] = {
		{ { "https://", 8 }, true }, { { "http://", 7 }, false },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		size_t n = v[i].prefix.len;

		if (s.len >= n && slice_ieq(slice_of(s.ptr, n), v[i].prefix)) {
			*is_tls = v[i].is_tls;
			return n;
		}
	}
	return 0;
}

static bool
take_target(struct arena *a, struct slice s, struct http_url *u)
{
	struct slice path, rest = s, normal;

	if (http_bytes_span(s.ptr, s.len, BYTE_TARGET) != s.len)
		return false;
	if (s.len == 0 || s.ptr[0] != '/') {
		const struct slice parts[] = { SLICE("/"), s };

		rest = s = arena_join(a, parts, 2);
	}
	u->target = s;
	slice_cut(&rest, '?', &path);
	return http_path_normalize(a, path, &normal);
}

bool
http_url_parse(struct arena *a, struct slice text, struct http_url *u)
{
	size_t n = scheme_length(text, &u->is_tls), end = 0;
	struct slice s = slice_from(text, n);
	struct http_head h;

	if (n == 0)
		return false;
	while (end < s.len && s.ptr[end] != '/' && s.ptr[end] != '?')
		end++;
	if (!http_authority_parse(a, slice_of(s.ptr, end), &h))
		return false;
	u->host = h.host;
	u->authority = h.authority;
	u->port = h.port != 0 ? h.port : u->is_tls ? 443 : 80;
	return take_target(a, slice_from(s, end), u);
}

bool
http_url_follow(struct arena *a, const struct http_url *from,
    struct slice location, struct http_url *u)
{
	ptrdiff_t fragment = slice_find(location, '#');

	if (fragment >= 0)
		location.len = (size_t)fragment;
	if (location.len == 0 || location.ptr[0] != '/')
		return http_url_parse(a, location, u);
	/* "//host/" would be another server. */
	if (location.len > 1 && location.ptr[1] == '/')
		return false;
	*u = *from;
	return take_target(a, location, u);
}

bool
http_url_same_origin(const struct http_url *a, const struct http_url *b)
{
	return a->is_tls == b->is_tls && a->port == b->port &&
	    slice_eq(a->host, b->host);
}
