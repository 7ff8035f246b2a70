#include "base/str.h"
#include "route/action.h"

const char *const route_cors_fields[] = {
	"access-control-allow-origin", "access-control-allow-credentials",
	"access-control-allow-methods", "access-control-allow-headers",
	"access-control-expose-headers", "access-control-max-age", NULL
};

struct answer {
	struct arena *arena;
	void        (*set)(void *arg, struct slice lower_name, struct slice value);
	void         *arg;
};

static void
put(const struct answer *a, const char *name, struct slice value)
{
	if (value.len > 0)
		a->set(a->arg, slice_str(name), value);
}

static bool
has_star(const char *const *list, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (slice_is(SLICE("*"), list[i]))
			return true;
	return false;
}

static struct slice
joined(const struct answer *a, const char *const *list, size_t len)
{
	struct str s = { 0 };

	for (size_t i = 0; i < len; i++)
		str_addf(&s, "%s%s", i > 0 ? ", " : "", list[i]);
	struct slice out = arena_dup(a->arena, str_slice(&s));

	str_fini(&s);
	return out;
}

/* The star of a pattern is one or more labels of the host. */
static bool
origin_fits(struct slice pattern, struct slice origin)
{
	ptrdiff_t star = slice_find(pattern, '*');

	if (pattern.len == 1 && star == 0)
		return true;
	if (star < 0)
		return slice_ieq(pattern, origin);

	struct slice front = slice_of(pattern.ptr, (size_t)star);
	struct slice back = slice_from(pattern, (size_t)star + 1);

	if (origin.len <= front.len + back.len)
		return false;
	struct slice middle = slice_of(origin.ptr + front.len,
	    origin.len - front.len - back.len);

	return slice_ieq(slice_of(origin.ptr, front.len), front) &&
	    slice_ieq(slice_from(origin, origin.len - back.len), back) &&
	    slice_find(middle, '/') < 0 && slice_find(middle, ':') < 0;
}

bool
route_cors_allows(const struct model_cors *c, struct slice origin)
{
	for (size_t i = 0; i < c->origins_len; i++)
		if (origin_fits(slice_str(c->origins[i]), origin))
			return true;
	return false;
}

static struct slice
allowed_origin(const struct model_cors *c, struct slice origin)
{
	return has_star((const char *const *)c->origins, c->origins_len) &&
	    !c->credentials ? SLICE("*") : origin;
}

/* The list, or for a star what was asked where a star would not be taken. */
static struct slice
allowed(const struct answer *a, const struct model_cors *c,
    const char *const *list, size_t len, struct slice asked)
{
	if (!has_star(list, len))
		return joined(a, list, len);
	return c->credentials ? asked : SLICE("*");
}

static void
put_preflight(const struct answer *a, const struct model_cors *c,
    const struct route_cors_request *req)
{
	put(a, "access-control-allow-methods", allowed(a, c,
	    (const char *const *)c->methods, c->methods_len, req->asked_method));
	put(a, "access-control-allow-headers", allowed(a, c,
	    (const char *const *)c->headers, c->headers_len, req->asked_headers));
	put(a, "access-control-max-age", slice_str(arena_printf(a->arena, "%lld",
	    (long long)c->max_age_s)));
}

/* With credentials a star would be the name of a field. */
static void
put_exposed(const struct answer *a, const struct model_cors *c)
{
	const char *const *list = (const char *const *)c->expose;

	if (!c->credentials || !has_star(list, c->expose_len))
		put(a, "access-control-expose-headers",
		    joined(a, list, c->expose_len));
}

enum route_cors
route_cors_answer(struct arena *arena, const struct model_cors *c,
    const struct route_cors_request *req,
    void (*set)(void *arg, struct slice lower_name, struct slice value), void *arg)
{
	struct answer a = { .arena = arena, .set = set, .arg = arg };
	bool is_preflight = slice_is(req->method, "OPTIONS") &&
	    req->asked_method.ptr != NULL;

	/* A cache is not to give the answer without an origin to one that has. */
	if (req->origin.ptr == NULL) {
		put(&a, "vary", SLICE("Origin"));
		return ROUTE_CORS_NONE;
	}
	if (route_cors_allows(c, req->origin)) {
		put(&a, "access-control-allow-origin",
		    allowed_origin(c, req->origin));
		if (c->credentials)
			put(&a, "access-control-allow-credentials",
			    SLICE("true"));
		put_exposed(&a, c);
		if (is_preflight)
			put_preflight(&a, c, req);
	}
	put(&a, "vary", is_preflight ? SLICE("Origin,"
	    " Access-Control-Request-Method, Access-Control-Request-Headers") :
	    SLICE("Origin"));
	return is_preflight ? ROUTE_CORS_PREFLIGHT : ROUTE_CORS_ACTUAL;
}
