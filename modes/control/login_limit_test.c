#include <stdio.h>

#include "base/unit.h"
#include "modes/control/login_limit.h"

static bool
try(struct login_limit *l, const char *name, const char *address, uint64_t ms)
{
	return login_limit_take(l, slice_str(name), slice_str(address), ms);
}

TEST(login_limit_counts_names_and_addresses)
{
	struct login_limit l;
	char name[16];

	login_limit_init(&l);
	for (int i = 0; i < LOGIN_LIMIT_NAME; i++)
		assert_true(try(&l, "anna", i % 2 == 0 ? "a" : "b", 7));
	assert_false(try(&l, "anna", "c", 59999));
	assert_true(try(&l, "bob", "c", 59999));
	/* One address that goes through names. */
	for (int i = LOGIN_LIMIT_NAME / 2; i < LOGIN_LIMIT_ADDRESS; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_true(try(&l, name, "a", 8));
	}
	assert_false(try(&l, "fresh", "a", 8));
	assert_true(try(&l, "fresh", "d", 8));
	assert_true(try(&l, "anna", "a", 60000));
	login_limit_fini(&l);
}

TEST(login_limit_keeps_a_bounded_number_of_names)
{
	struct login_limit l;
	char name[16];

	login_limit_init(&l);
	for (int i = 0; i < LOGIN_LIMIT_KEYS; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_true(try(&l, name, name, 0));
	}
	assert_false(try(&l, "one-more", "one-more", 0));
	assert_true(try(&l, "n1", "n1", 0));
	assert_true(try(&l, "one-more", "one-more", 60000));
	login_limit_fini(&l);
}
