#include <string.h>

#include "base/unit.h"
#include "policy/shape.h"

static const struct {
	const char *path, *shape;
} cases[] = {
	{ "/", "/" },
	{ "/login", "/login" },
	{ "/login/", "/login/" },
	{ "/api/v2/orders", "/api/v2/orders" },
	{ "/orders/1", "/orders/{*}" },
	{ "/orders/1/items/22", "/orders/{*}/items/{*}" },
	{ "/orders/order-1234", "/orders/{*}" },
	{ "/u/7fa3e1", "/u/{*}" },
	{ "/u/0b1f8a52-9c4e-4a0b-8a9e-1f2d3c4b5a69", "/u/{*}" },
	{ "/u/facade", "/u/facade" },
	{ "/t/x9QaLmZ", "/t/{*}" },
	{ "/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.AbC", "/t/{*}" },
	{ "/t/abcdefghijklmnopqrstuvwxyz", "/t/{*}" },
	{ "/mail/ann@example.com", "/mail/{*}" },
	{ "/x/%C3%A4", "/x/{*}" },
	{ "/x/a*b/{*}/c", "/x/{*}/{*}/c" },
	{ "/img/logo-2x.png", "/img/logo-2x.png" },
	{ "/reports/2026-11-21.pdf", "/reports/{*}" },
	{ "/shop.v1.Orders/GetOrder", "/shop.v1.Orders/GetOrder" },
	{ "/a//b", "/a//b" },
	{ "/a/b/c/d/e/f/g/h/i/j/k/l", "/a/b/c/d/e/f/g/h/i/j/k/l" },
	{ "/a/b/c/d/e/f/g/h/i/j/k/l/m/n", "/a/b/c/d/e/f/g/h/i/j/k/l/{**}" },
	{ "*", "" },
	{ "", "" },
	{ "example.com:443", "" },
};

TEST(shape_of_a_path_has_no_ids)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[SHAPE_MAX];

		shape_of_path(slice_str(cases[i].path), false, out);
		assert_string_equal(out, cases[i].shape);
	}
}

TEST(shape_of_grpc_is_its_method)
{
	static const char path[] =
	    "/grpc.reflection.v1alpha.ServerReflection/ServerReflection2Info3";
	char out[SHAPE_MAX];

	shape_of_path(slice_str(path), true, out);
	assert_string_equal(out, path);
	/* Whoever says that it is gRPC may ask for any path. */
	shape_of_path(SLICE("/*"), true, out);
	assert_string_equal(out, "/{*}");
	shape_of_path(SLICE("/a.B/Get*"), true, out);
	assert_string_equal(out, "/a.B/{*}");
}

/* However long a path is, what is kept of it is not. */
TEST(shape_is_bounded)
{
	char path[4096], out[SHAPE_MAX];

	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 24 == 0 ? '/' : 'a';
	for (size_t len = 0; len <= sizeof(path); len++) {
		shape_of_path(slice_of(path, len), len % 2 == 0, out);
		assert_true(strlen(out) < SHAPE_MAX);
		if (len > SHAPE_MAX)
			assert_non_null(strstr(out, "/{**}"));
	}
}
