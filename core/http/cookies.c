#include "http/cookies.h"

static bool
has_any(struct slice value, cookies_goes *goes, const void *arg)
{
	struct slice pair;

	while (slice_cut(&value, ';', &pair))
		if (goes(arg, pair))
			return true;
	return false;
}

static struct slice
without(struct slice value, cookies_goes *goes, const void *arg, struct arena *a)
{
	char *to = arena_alloc(a, value.len + 1);
	struct slice pair;
	size_t n = 0;

	while (slice_cut(&value, ';', &pair)) {
		if (goes(arg, pair))
			continue;
		pair = n == 0 ? slice_trim(pair) : pair;
		if (n > 0)
			to[n++] = ';';
		memcpy(to + n, pair.ptr, pair.len);
		n += pair.len;
	}
	return slice_of(to, n);
}

void
cookies_drop(struct http_fields *fields, cookies_goes *goes, const void *arg,
    struct arena *a)
{
	size_t to = 0;

	for (size_t i = 0; i < fields->len; i++) {
		struct http_field f = fields->v[i];

		if (f.id == FIELD_COOKIE && has_any(f.value, goes, arg)) {
			f.value = without(f.value, goes, arg, a);
			if (f.value.len == 0)
				continue;
		}
		fields->v[to++] = f;
	}
	fields->len = to;
}
