#include "base/unit.h"
#include "http/cookies.h"

/* Named x, with a value or without. */
static bool
is_x(const void *arg, struct slice pair)
{
	assert_ptr_equal(arg, &is_x);
	pair = slice_trim(pair);
	return slice_is(pair, "x") || slice_has_prefix(pair, SLICE("x="));
}

static struct slice
joined(const struct http_fields *f, struct arena *a)
{
	struct slice all = SLICE("");

	for (size_t i = 0; i < f->len; i++)
		all = slice_str(arena_printf(a, "%.*s%.*s: %.*s|",
		    SLICE_ARG(all), SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value)));
	return all;
}

TEST(cookies_that_go_take_nothing_else_along)
{
	static const struct {
		const char *values[3], *left;
	} v[] = {
		{ { "a=1; x=2; b=3" }, "k: x=1|cookie: a=1; b=3|" },
		{ { "x=1; a=1" }, "k: x=1|cookie: a=1|" },
		{ { "a=1; x=1" }, "k: x=1|cookie: a=1|" },
		{ { "x=1;x=2; a; x ;b" }, "k: x=1|cookie: a;b|" },
		{ { "x=1" }, "k: x=1|" },
		{ { "x=1; x" }, "k: x=1|" },
		{ { "x=1", "a=1", "b=2; x" },
		    "k: x=1|cookie: a=1|cookie: b=2|" },
		/* Odd, and none of ours. */
		{ { " a ;;b=x=1; ", "xx=1", "" },
		    "k: x=1|cookie:  a ;;b=x=1; |cookie: xx=1|cookie: |" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		struct http_fields f;

		http_fields_init(&f, &a);
		http_fields_add(&f, SLICE("k"), SLICE("x=1"));
		for (int k = 0; k < 3 && v[i].values[k] != NULL; k++)
			http_fields_add_id(&f, FIELD_COOKIE,
			    slice_str(v[i].values[k]));
		cookies_drop(&f, is_x, &is_x, &a);
		if (!slice_is(joined(&f, &a), v[i].left))
			fail_msg("%zu: %.*s", i, SLICE_ARG(joined(&f, &a)));
		arena_fini(&a);
	}
}
