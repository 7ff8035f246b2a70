#include "base/unit.h"
#include "modes/control/door_limit.h"

static const struct door_share share = { .known = 3, .stranger = 2,
	.strangers = 4 };

static bool
enter(struct door_limit *l, const char *from, bool is_known)
{
	struct err err = ERR_INIT;
	struct addr a;

	assert_int_equal(addr_parse(slice_str(from), &a, &err), 0);
	return door_limit_enter(l, &a, is_known);
}

static void
leave(struct door_limit *l, const char *from, bool is_known)
{
	struct err err = ERR_INIT;
	struct addr a;

	assert_int_equal(addr_parse(slice_str(from), &a, &err), 0);
	door_limit_leave(l, &a, is_known);
}

TEST(door_limit_leaves_room_to_other_hosts)
{
	struct door_limit *l = door_limit_new("api", &share);

	assert_true(enter(l, "192.0.2.1:1", false));
	assert_true(enter(l, "192.0.2.1:2", false));
	assert_false(enter(l, "192.0.2.1:3", false));
	/* Who it is has room besides. */
	assert_true(enter(l, "192.0.2.1:4", true));
	assert_true(enter(l, "192.0.2.1:5", true));
	assert_true(enter(l, "192.0.2.1:6", true));
	assert_false(enter(l, "192.0.2.1:7", true));
	assert_true(enter(l, "192.0.2.2:1", true));
	/* Another address of one network is no other host. */
	assert_true(enter(l, "[2001:db8::1]:1", false));
	assert_true(enter(l, "[2001:db8::2]:1", false));
	assert_false(enter(l, "[2001:db8::3]:1", false));
	/* All strangers there may be. */
	assert_false(enter(l, "192.0.2.3:1", false));
	assert_true(enter(l, "192.0.2.3:1", true));
	door_limit_free(l);
}

TEST(door_limit_forgets_who_went)
{
	struct door_limit *l = door_limit_new("api", &share);

	for (int i = 0; i < 10; i++) {
		assert_true(enter(l, "192.0.2.1:1", false));
		assert_true(enter(l, "192.0.2.1:1", true));
		leave(l, "192.0.2.1:1", false);
		leave(l, "192.0.2.1:1", true);
	}
	assert_int_equal(l->known.len, 0);
	assert_int_equal(l->strangers.len, 0);
	assert_int_equal(l->n_strangers, 0);
	door_limit_free(l);
}
