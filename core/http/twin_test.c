#include "base/unit.h"
#include "http/twin.h"

TEST(twins_are_other_spellings_of_a_name)
{
	struct arena a = { 0 };
	struct http_fields f;

	assert_true(twin_is(SLICE("x_user.id"), SLICE("x-user-id")));
	assert_true(twin_is(SLICE("x-user"), SLICE("x-user")));
	assert_false(twin_is(SLICE("x-user"), SLICE("x-users")));
	assert_false(twin_is(SLICE("x-user"), SLICE("xauser")));
	assert_false(twin_is(SLICE("x-user1"), SLICE("x-user2")));
	assert_true(slice_is(twin_plain(&a, SLICE("x_user.id")), "x-user-id"));
	assert_true(slice_is(twin_plain(&a, SLICE(":path")), ":path"));
	http_fields_init(&f, &a);
	http_fields_add(&f, SLICE("x-user"), SLICE("1"));
	http_fields_add(&f, SLICE("x.user"), SLICE("2"));
	http_fields_add(&f, SLICE("x_user"), SLICE("3"));
	http_fields_add(&f, SLICE("x-users"), SLICE("4"));
	assert_int_equal(twin_remove(&f, SLICE("x_user")), 2);
	assert_int_equal(f.len, 2);
	assert_true(slice_is(f.v[0].value, "3"));
	assert_true(slice_is(f.v[1].value, "4"));
	arena_fini(&a);
}
