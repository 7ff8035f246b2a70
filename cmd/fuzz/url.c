#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "http/url.h"
#include "policy/openid.h"
#include "route/query.h"

static bool
is_same(const struct http_url *a, const struct http_url *b)
{
	return http_url_same_origin(a, b) &&
	    slice_eq(a->authority, b->authority) &&
	    slice_eq(a->target, b->target);
}

/* Whom it names can be asked, and written out it is the same. */
static void
check_url(struct arena *a, const struct http_url *u)
{
	const struct slice parts[] = { u->is_tls ? SLICE("https://") :
	    SLICE("http://"), u->authority, u->target };
	struct http_url again;

	check(u->host.len > 0 && u->port > 0 && u->port <= UINT16_MAX);
	check(slice_find(u->authority, '@') < 0);
	check(u->target.len > 0 && u->target.ptr[0] == '/');
	check(slice_find(u->target, '#') < 0);
	check(http_url_parse(a, arena_join(a, parts, 3), &again));
	check(is_same(u, &again));
}

/* However the name is written, it is gone, and nothing else is. */
static void
check_query(struct arena *a, struct slice query, struct slice name)
{
	struct slice rest = query, left = query_without(a, query, name), raw;
	struct str one = { 0 };
	size_t found = 0;

	while (query_next(&rest, name, &raw))
		found++;
	check((found > 0) == query_find(query, name, &raw));
	check(left.len <= query.len && !query_find(left, name, &raw));
	check(slice_eq(query_without(a, left, name), left));
	query_encode(&one, name);
	check(query_is(str_slice(&one), name));
	check(query_find(str_slice(&one), name, &raw) && raw.len == 0);
	str_fini(&one);
}

/* A URL, and behind its line where it leads to, or the name of a parameter. */
int
fuzz_url(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), text, query;
	struct openid_provider said;
	struct err err = ERR_INIT;
	struct http_url u, to;
	struct arena a;

	arena_init(&a);
	slice_cut(&rest, '\n', &text);
	if (http_url_parse(&a, text, &u)) {
		check_url(&a, &u);
		if (http_url_follow(&a, &u, rest, &to)) {
			check_url(&a, &to);
			check(rest.ptr[0] != '/' ||
			    http_url_same_origin(&u, &to));
		}
		query = u.target;
		slice_cut(&query, '?', &text);
		check_query(&a, query, rest);
	}
	if (openid_read(&said, &a, SLICE("https://idp"), slice_of(data, size),
	    &err) == 0)
		check(slice_has_prefix(said.jwks, SLICE("https://")));
	else
		check(err.kind == ERR_DATA || err.kind == ERR_TOO_LARGE);
	arena_fini(&a);
	return 0;
}
