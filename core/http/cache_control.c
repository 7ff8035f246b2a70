#include <stddef.h>

#include "http/cache_control.h"

#define FLAG(member)	offsetof(struct cache_control, member), false
#define SECONDS(member)	offsetof(struct cache_control, member), true

static const struct directive {
	const char *name;
	size_t      offset;
	bool        is_number;
} directives[] = {
	{ "no-store", FLAG(no_store) },
	{ "no-cache", FLAG(no_cache) },
	{ "no-transform", FLAG(no_transform) },
	{ "only-if-cached", FLAG(only_if_cached) },
	{ "must-revalidate", FLAG(must_revalidate) },
	{ "proxy-revalidate", FLAG(proxy_revalidate) },
	{ "private", FLAG(is_private) },
	{ "public", FLAG(is_public) },
	{ "max-age", SECONDS(max_age) },
	{ "s-maxage", SECONDS(s_maxage) },
	{ "min-fresh", SECONDS(min_fresh) },
	{ "max-stale", SECONDS(max_stale) },
	{ "stale-while-revalidate", SECONDS(stale_while_revalidate) },
	{ "stale-if-error", SECONDS(stale_if_error) },
};

/* Up to a comma that is not quoted; false: a quote has no end. */
static bool
cut_directive(struct slice *rest, struct slice *one)
{
	bool is_quoted = false;
	size_t i = 0;

	for (; i < rest->len && (is_quoted || rest->ptr[i] != ','); i++)
		if (rest->ptr[i] == '"')
			is_quoted = !is_quoted;
		else if (rest->ptr[i] == '\\' && is_quoted && i + 1 < rest->len)
			i++;
	*one = slice_trim(slice_of(rest->ptr, i));
	*rest = slice_from(*rest, i < rest->len ? i + 1 : i);
	return !is_quoted;
}

/* Both forms, token and quoted (RFC 9111, section 5.2). */
static int64_t
seconds_of(struct slice value)
{
	uint64_t n;

	if (value.len >= 2 && value.ptr[0] == '"' &&
	    value.ptr[value.len - 1] == '"')
		value = slice_of(value.ptr + 1, value.len - 2);
	if (value.len == 0)
		return 0;
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return 0;
	if (!slice_u64(value, &n) || n > CACHE_CONTROL_MAX)
		return CACHE_CONTROL_MAX;
	return (int64_t)n;
}

static void
set_directive(struct cache_control *c, const struct directive *d,
    struct slice value)
{
	void *at = (char *)c + d->offset;

	if (!d->is_number) {
		*(bool *)at = true;
		return;
	}
	int64_t *seconds = at;
	int64_t n = value.ptr == NULL && seconds == &c->max_stale ?
	    CACHE_CONTROL_MAX : seconds_of(value);

	/* Of min-fresh the larger asks for more. */
	if (*seconds < 0 || (seconds == &c->min_fresh) == (n > *seconds))
		*seconds = n;
}

static void
read_directive(struct cache_control *c, struct slice one)
{
	ptrdiff_t equals = slice_find(one, '=');
	struct slice name = one, value = SLICE_NONE;

	if (equals >= 0) {
		name = slice_trim(slice_of(one.ptr, (size_t)equals));
		value = slice_trim(slice_from(one, (size_t)equals + 1));
	}
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (slice_ieq(name, slice_str(directives[i].name)))
			set_directive(c, &directives[i], value);
}

void
cache_control_read(struct cache_control *c, const struct http_fields *f)
{
	*c = (struct cache_control){
		.max_age = -1, .s_maxage = -1, .min_fresh = -1, .max_stale = -1,
		.stale_while_revalidate = -1, .stale_if_error = -1,
	};
	for (size_t i = 0; i < f->len; i++) {
		struct slice rest = f->v[i].value, one;

		if (!slice_is(f->v[i].name, "cache-control"))
			continue;
		while (rest.len > 0) {
			if (!cut_directive(&rest, &one))
				c->no_store = true;
			read_directive(c, one);
		}
	}
}

bool
cache_control_lists(const struct http_fields *f, struct slice lower_name,
    struct slice member)
{
	for (size_t i = 0; i < f->len; i++) {
		struct slice rest = f->v[i].value, one;

		if (!slice_eq(f->v[i].name, lower_name))
			continue;
		while (slice_cut(&rest, ',', &one))
			if (slice_ieq(slice_trim(one), member))
				return true;
	}
	return false;
}
