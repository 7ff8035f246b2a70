#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "http/head.h"
#include "http/path.h"

/* The one form of a path stays as it is. */
static void
normalize_twice(struct arena *a, struct slice raw)
{
	struct slice path, again;

	if (raw.len == 0 || raw.ptr[0] != '/' ||
	    !http_path_normalize(a, raw, &path))
		return;
	check(path.len > 0 && path.ptr[0] == '/');
	check(http_path_normalize(a, path, &again) && slice_eq(path, again));
}

static void
parse_authority_twice(struct arena *a, struct slice text)
{
	struct http_head h, again;

	http_head_init(&h, a);
	http_head_init(&again, a);
	if (!http_authority_parse(a, text, &h))
		return;
	check(http_authority_parse(a, h.authority, &again));
	check(slice_eq(h.authority, again.authority));
	check(slice_eq(h.host, again.host) && h.port == again.port);
}

int
fuzz_authority(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct arena a;

	arena_init(&a);
	normalize_twice(&a, text);
	parse_authority_twice(&a, text);
	if (http_is_token(text))
		check(http_is_field_value(text));
	arena_fini(&a);
	return 0;
}
