#include "modes/proxy/entrance.h"

#include "base/unit.h"

static const struct {
	const char *id;
	bool        is_gateway, is_foreign;
} ids[] = {
	{ "spiffe://td/ns/x/sa/gw--edge", true, false },
	{ "spiffe://td/ns/x/sa/web", false, false },
	{ "spiffe://td/ns/gw--x/sa/web", false, false },
	{ "spiffe://gw--td/ns/x/sa/web", false, false },
	{ "spiffe://td/ns/x/sa/web-gw--edge", false, false },
	{ "spiffe://td/ns/x/sa/gw-", false, false },
	{ "spiffe://td/a/b/c/gw--edge", false, false },
	{ "spiffe://far/ns/x/sa/gw--edge", false, true },
	{ "spiffe://far/gw--edge", false, true },
	{ "", false, false },
};

TEST(a_gateway_is_known_by_its_account)
{
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(entrance_is_gateway(&(struct conn_peer){
		    .id = ids[i].id, .is_foreign = ids[i].is_foreign }),
		    ids[i].is_gateway);
}
