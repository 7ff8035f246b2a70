#include "modes/proxy/entrance.h"

#include "base/unit.h"

static const struct {
	const char *id;
	bool        is_gateway;
} ids[] = {
	{ "spiffe://td/ns/x/sa/gw--edge", true },
	{ "spiffe://td/ns/x/sa/web", false },
	{ "spiffe://td/ns/gw--x/sa/web", false },
	{ "spiffe://gw--td/ns/x/sa/web", false },
	{ "spiffe://td/ns/x/sa/web-gw--edge", false },
	{ "spiffe://td/ns/x/sa/gw-", false },
	{ "", false },
};

TEST(a_gateway_is_known_by_its_account)
{
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(entrance_is_gateway(slice_str(ids[i].id)),
		    ids[i].is_gateway);
}
