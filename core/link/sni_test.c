#include "link/sni.h"

#include <string.h>

#include "base/unit.h"

#define L63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"

TEST(sni_forms)
{
	static const struct {
		const char *sni, *name, *ns;
		uint16_t    port;
	} good[] = {
		{ "80.orders.default.mesh", "orders", "default", 80 },
		{ "65535.a.b.mesh", "a", "b", 65535 },
		{ "1.0.1.mesh", "0", "1", 1 },
		{ "443.Orders.DEFAULT.Mesh", "orders", "default", 443 },
		{ "9." L63 "." L63 ".mesh", L63, L63, 9 },
		{ "9.mesh.mesh.mesh", "mesh", "mesh", 9 },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct service_name n;
		char again[SNI_MAX];
		uint16_t port;

		assert_true(sni_parse(slice_str(good[i].sni), &n, &port));
		assert_string_equal(n.name, good[i].name);
		assert_string_equal(n.ns, good[i].ns);
		assert_int_equal(port, good[i].port);
		sni_format(&n, port, again);
		assert_true(slice_ieq(slice_str(again),
		    slice_str(good[i].sni)));
	}
}

TEST(sni_refuses)
{
	static const char *const bad[] = {
		"", ".", "80", "orders.default.mesh", "80.orders.mesh",
		"80.orders.default", "80.orders.default.mesh.",
		".80.orders.default.mesh", "80..default.mesh",
		"80.orders..mesh", "080.orders.default.mesh",
		"0.orders.default.mesh", "65536.orders.default.mesh",
		"+80.orders.default.mesh", "-1.orders.default.mesh",
		"80 .orders.default.mesh", "http.orders.default.mesh",
		"80.-orders.default.mesh", "80.orders-.default.mesh",
		"80.or_ders.default.mesh", "80.or ders.default.mesh",
		"80.or*ders.default.mesh", "80.\xc3\xb6.default.mesh",
		"80.orders.default.mash", "80.a.b.c.mesh",
		"80.a" L63 ".default.mesh", "80.a.a" L63 ".mesh",
		"99999999999999999999.a.b.mesh", "1.2.3.4.5.6.7.8",
	};
	struct service_name n;
	uint16_t port;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (sni_parse(slice_str(bad[i]), &n, &port))
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_false(sni_parse(SLICE_NONE, &n, &port));
	assert_false(sni_parse(slice_of("80.a\0b.default.mesh", 19), &n,
	    &port));
}

TEST(host_forms)
{
	static const struct {
		const char *host, *ns_default, *name, *ns;
	} cases[] = {
		{ "orders.shop.mesh", NULL, "orders", "shop" },
		{ "orders.shop.mesh", "x", "orders", "shop" },
		{ "orders.shop.svc.cluster.local", NULL, "orders", "shop" },
		{ "orders.shop.svc", NULL, "orders", "shop" },
		{ "orders.shop", NULL, "orders", "shop" },
		{ "ORDERS.Shop.SVC.Cluster.LOCAL", NULL, "orders", "shop" },
		{ "orders", "shop", "orders", "shop" },
		{ "Orders", "shop", "orders", "shop" },
		{ "mesh.mesh", NULL, "mesh", "mesh" },
		{ "svc.svc.svc", NULL, "svc", "svc" },
		/* refused */
		{ "orders", NULL, NULL, NULL },
		{ "", "shop", NULL, NULL },
		{ ".", "shop", NULL, NULL },
		{ "orders.", "shop", NULL, NULL },
		{ ".orders", "shop", NULL, NULL },
		{ "orders.shop.", NULL, NULL, NULL },
		{ "orders.shop.mesh.", NULL, NULL, NULL },
		{ "orders..mesh", NULL, NULL, NULL },
		{ "orders.shop.com", NULL, NULL, NULL },
		{ "orders.shop.svc.cluster", NULL, NULL, NULL },
		{ "orders.shop.svc.cluster.local.", NULL, NULL, NULL },
		{ "orders.shop.svc.cluster.local.mesh", NULL, NULL, NULL },
		{ "80.orders.shop.mesh", NULL, NULL, NULL },
		{ "www.example.com", "shop", NULL, NULL },
		{ "orders:80", "shop", NULL, NULL },
		{ "ord_ers", "shop", NULL, NULL },
		{ "-orders.shop", NULL, NULL, NULL },
		{ "orders.shop-", NULL, NULL, NULL },
		{ "127.0.0.1", "shop", NULL, NULL },
		{ "::1", "shop", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct service_name n;
		bool ok = service_name_parse(slice_str(cases[i].host),
		    slice_str(cases[i].ns_default), &n);

		if (ok != (cases[i].name != NULL))
			fail_msg("\"%s\"", cases[i].host);
		if (!ok)
			continue;
		assert_string_equal(n.name, cases[i].name);
		assert_string_equal(n.ns, cases[i].ns);
	}
}

TEST(names_compare)
{
	struct service_name a = { "orders", "shop" }, b = a;

	assert_true(service_name_eq(&a, &b));
	strcpy(b.ns, "toys");
	assert_false(service_name_eq(&a, &b));
	b = a;
	strcpy(b.name, "order");
	assert_false(service_name_eq(&a, &b));
}
