#include <stdio.h>

#include "base/unit.h"
#include "modes/control/login_limit.h"

static bool
try(struct login_limit *l, const char *name, const char *address, uint64_t ms)
{
	struct err err = ERR_INIT;
	struct addr from;

	assert_int_equal(addr_parse(slice_str(address), &from, &err), 0);
	return login_limit_take(l, slice_str(name), &from, ms);
}

TEST(login_limit_counts_names_and_addresses)
{
	struct login_limit l;
	char name[16];

	login_limit_init(&l);
	for (int i = 0; i < LOGIN_LIMIT_NAME; i++)
		assert_true(try(&l, "anna", "10.0.0.1:5", 7));
	assert_false(try(&l, "anna", "10.0.0.1:5", 59999));
	assert_true(try(&l, "bob", "10.0.0.3:5", 59999));
	/* One address that goes through names. */
	for (int i = LOGIN_LIMIT_NAME + 1; i < LOGIN_LIMIT_ADDRESS; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_true(try(&l, name, "10.0.0.1:5", 8));
	}
	assert_false(try(&l, "fresh", "10.0.0.1:5", 8));
	assert_true(try(&l, "fresh", "10.0.0.4:5", 8));
	assert_true(try(&l, "anna", "10.0.0.1:5", 60000));
	login_limit_fini(&l);
}

/* Or anybody could keep somebody out who knows his password. */
TEST(login_limit_of_a_name_is_that_of_who_tries_it)
{
	struct login_limit l;
	char from[32];
	int taken = 0;

	login_limit_init(&l);
	for (int i = 0; i < LOGIN_LIMIT_ADDRESS; i++)
		taken += try(&l, "anna", "10.0.0.1:5", 0);
	assert_int_equal(taken, LOGIN_LIMIT_NAME);
	assert_true(try(&l, "anna", "10.0.0.2:5", 0));
	assert_true(try(&l, "anna", "[2001:db8::1]:5", 0));
	/* From many hosts it is guessed no faster than so. */
	for (int i = 0; i < 10 * LOGIN_LIMIT_NAME_ALL; i++) {
		snprintf(from, sizeof(from), "10.0.%d.%d:5", 1 + i / 200,
		    i % 200);
		taken += try(&l, "anna", from, 0);
	}
	assert_int_equal(taken + 2, LOGIN_LIMIT_NAME_ALL);
	assert_false(try(&l, "anna", "10.9.9.9:5", 0));
	assert_true(try(&l, "bob", "10.9.9.9:5", 0));
	login_limit_fini(&l);
}

TEST(login_limit_keeps_a_bounded_number_of_names)
{
	struct login_limit l;
	char name[16], from[32];

	login_limit_init(&l);
	for (int i = 0; i < LOGIN_LIMIT_KEYS; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(from, sizeof(from), "[2001:db8:%x::1]:5", i);
		assert_true(try(&l, name, from, 0));
	}
	assert_false(try(&l, "one-more", "[2001:db9::1]:5", 0));
	assert_true(try(&l, "n1", "[2001:db8:1::1]:5", 0));
	assert_true(try(&l, "one-more", "[2001:db9::1]:5", 60000));
	login_limit_fini(&l);
}

TEST(login_limit_is_of_a_network_where_addresses_cost_nothing)
{
	struct login_limit l;
	char name[16], from[64];

	login_limit_init(&l);
	for (int i = 0; i < LOGIN_LIMIT_ADDRESS; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(from, sizeof(from), i % 2 == 0 ? "[2001:db8::%x]:%d" :
		    "[2001:db8:0:0:%x::7]:%d", i + 1, i + 1);
		assert_true(try(&l, name, from, 0));
	}
	assert_false(try(&l, "fresh", "[2001:db8::ffff]:5", 0));
	assert_true(try(&l, "fresh", "[2001:db8:0:1::1]:5", 0));
	for (int i = 0; i < LOGIN_LIMIT_ADDRESS; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		snprintf(from, sizeof(from), "%s10.0.0.1%s:%d", i % 2 == 0 ?
		    "[::ffff:" : "", i % 2 == 0 ? "]" : "", i + 1);
		assert_true(try(&l, name, from, 0));
	}
	assert_false(try(&l, "fresher", "10.0.0.1:5", 0));
	assert_true(try(&l, "fresher", "10.0.0.2:5", 0));
	login_limit_fini(&l);
}

TEST(login_limit_says_how_long_it_counts)
{
	assert_int_equal(login_limit_left_s(0), 60);
	assert_int_equal(login_limit_left_s(58999), 2);
	assert_int_equal(login_limit_left_s(59000), 1);
	assert_int_equal(login_limit_left_s(59999), 1);
	assert_int_equal(login_limit_left_s(60000), 60);
}
