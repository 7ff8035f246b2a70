#include "base/unit.h"
#include "modes/control/records.h"

TEST(grant_serves_services_of_its_namespace_alone)
{
	static const struct {
		const char *service;
		bool        serves;
	} cases[] = {
		{ "shop/web", true }, { "shop/pay", true },
		{ "shop/other", false }, { "far/web", false },
		{ "shop/", false }, { "shop", false }, { "web", false },
		{ "", false }, { "shop/web/", false },
	};
	struct slice services[] = { SLICE("web"), SLICE("pay") };
	const struct grant g = { .ns = SLICE("shop"), .services = services,
		.services_len = 2 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (grant_serves(&g, slice_str(cases[i].service)) !=
		    cases[i].serves)
			fail_msg("%s", cases[i].service);
}
