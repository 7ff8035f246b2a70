#include <string.h>

#include "modes/control/api_route.h"

/* Whether a path fits a pattern, segment by segment. */
static bool
fits(const char *pattern, struct slice path, struct slice *params)
{
	struct slice want = slice_str(pattern), a, b;
	size_t n = 0;

	memset(params, 0, API_PARAMS_MAX * sizeof(*params));
	for (;;) {
		bool more = slice_cut(&want, '/', &a);

		if (more != slice_cut(&path, '/', &b))
			return false;
		if (!more)
			return true;
		if (!slice_is(a, "*")) {
			if (!slice_eq(a, b))
				return false;
		} else if (b.len == 0) {
			return false;
		} else {
			params[n++] = b;
		}
	}
}

enum api_found
api_route_find(const struct api_route *table, unsigned role,
    enum http_method method, struct slice path, const struct api_route **row,
    struct slice params[API_PARAMS_MAX])
{
	enum api_found found = API_NO_PATH;
	unsigned own = role & (API_ADMIN | API_FEDERATION);

	if (method == METHOD_HEAD)
		method = METHOD_GET;
	for (const struct api_route *r = table; r->pattern != NULL; r++) {
		if ((r->who & (API_ADMIN | API_FEDERATION)) != own ||
		    !fits(r->pattern, path, params))
			continue;
		*row = r;
		if (r->method == method)
			return API_FOUND;
		found = API_NO_METHOD;
	}
	return found;
}
