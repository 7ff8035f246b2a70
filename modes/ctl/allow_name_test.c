#include "base/unit.h"
#include "modes/ctl/allow_name.h"

#define NO_MORE	NULL, NULL, NULL, NULL, false

TEST(every_order_has_its_own_name)
{
	static const struct {
		struct allow_words words;
		const char        *name;
	} cases[] = {
		{ { "allow", "shop", "web", "shop", "orders", 0, NO_MORE },
		    "allow-web-to-orders" },
		{ { "deny", "infra", "web", "shop", "orders", 0, NO_MORE },
		    "deny-infra-web-to-orders" },
		{ { "deny", "shop", "*", "shop", "orders", 0, NO_MORE },
		    "deny-shop-all-to-orders" },
		{ { "deny", NULL, "*", "shop", "orders", 0, NO_MORE },
		    "deny-all-to-orders" },
		{ { "deny", "shop", "web", "shop", "orders", 80, NO_MORE },
		    "deny-web-to-orders-80" },
		{ { "deny", "shop", "web", "shop", "orders", 81, NO_MORE },
		    "deny-web-to-orders-81" },
		{ { "allow", "shop", "web", "shop", "orders", 80, "GET, HEAD",
		    NULL, NULL, NULL, false }, "allow-web-to-orders-80-get-head" },
		{ { "allow", "shop", "web", "shop", "orders", 0, "GET", "/a", NULL,
		    NULL, false },
		    "allow-web-to-orders-get-05274d33" },
		{ { "allow", "shop", "web", "shop", "orders", 0, NULL, "/a,/b", NULL,
		    NULL, false },
		    "allow-web-to-orders-28dae728" },
		{ { "allow", .to_namespace = "shop", .to = "orders",
		    .id = "spiffe://b.example/ns/shop/sa/web" },
		    "allow-web-3795cb19-to-orders" },
		{ { "allow", .to_namespace = "shop", .to = "orders",
		    .id = "spiffe://c.example/ns/shop/sa/web" },
		    "allow-web-233e7f59-to-orders" },
		{ { "deny", .to_namespace = "shop", .to = "orders", .port = 80,
		    .id = "spiffe://b.example/My_Robot" },
		    "deny-peer-84e6202e-to-orders-80" },
		{ { "allow", "shop", "web", .to_namespace = "shop",
		    .to = "orders", .ips = "10.0.0.0/8" },
		    "allow-web-to-orders-39787002" },
		/* What a name may not hold. */
		{ { "allow", "shop", "web", "shop", "orders", 0, "M-SEARCH",
		    NULL, NULL, NULL, false }, "allow-web-to-orders-137c16fe" },
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(allow_name(&a, &cases[i].words),
		    cases[i].name);
	arena_fini(&a);
}

TEST(an_order_knows_which_say_the_same_of_more)
{
	static const struct allow_words all = { "allow", "shop", "web", "shop",
		"orders", 0, NO_MORE };
	struct allow_words narrow = all;
	const char *names[ALLOW_WIDER_MAX];
	struct arena a;

	arena_init(&a);
	assert_int_equal(allow_wider(&a, &all, names), 0);
	narrow.port = 80;
	narrow.methods = "GET";
	assert_int_equal(allow_wider(&a, &narrow, names), 3);
	assert_string_equal(names[0], "allow-web-to-orders");
	assert_string_equal(names[1], "allow-web-to-orders-80");
	assert_string_equal(names[2], "allow-web-to-orders-get");
	narrow.paths = "/";
	assert_int_equal(allow_wider(&a, &narrow, names), 7);
	narrow.ips = "10.0.0.1";
	assert_int_equal(allow_wider(&a, &narrow, names), ALLOW_WIDER_MAX);
	arena_fini(&a);
}
