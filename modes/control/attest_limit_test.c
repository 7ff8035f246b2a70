#include <stdio.h>

#include "base/unit.h"
#include "modes/control/attest_limit.h"

static bool
take(struct attest_limit *l, const char *address, uint64_t ms)
{
	struct err err = ERR_INIT;
	struct addr from;

	assert_int_equal(addr_parse(slice_str(address), &from, &err), 0);
	return attest_limit_take(l, &from, ms);
}

TEST(attest_limit_is_of_an_address_and_of_all)
{
	struct attest_limit l = { .all = 0 };
	unsigned taken = 0;
	char from[32];

	for (int i = 0; i < 2 * ATTEST_LIMIT_ADDRESS; i++)
		taken += take(&l, "192.0.2.1:1", 59999);
	assert_int_equal(taken, ATTEST_LIMIT_ADDRESS);
	assert_true(take(&l, "192.0.2.2:1", 59999));
	taken++;
	for (int i = 0; i < 2 * ATTEST_LIMIT_ALL; i++) {
		snprintf(from, sizeof(from), "[2001:db8:%x::1]:5", i);
		taken += take(&l, from, 59999);
	}
	assert_int_equal(taken, ATTEST_LIMIT_ALL);
	assert_in_range(l.addresses.len, 1, ATTEST_LIMIT_ALL);
	assert_false(take(&l, "192.0.2.3:1", 59999));
	assert_true(take(&l, "192.0.2.1:1", 60000));
	attest_limit_fini(&l);
}
