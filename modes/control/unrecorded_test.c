#include "base/unit.h"
#include "modes/control/unrecorded.h"

#define ID	SLICE("spiffe://td/ns/shop/sa/sell")

static size_t
lately(const struct unrecorded *u, uint64_t now_ms, const char *account)
{
	struct arena a;
	struct conf_node *list;
	size_t n;

	arena_init(&a);
	list = conf_list_new(&a);
	unrecorded_write(u, list, now_ms);
	n = conf_len(list);
	CONF_FOREACH(e, list)
		assert_string_equal(conf_get_string(e->node, "account"),
		    account);
	arena_fini(&a);
	return n;
}

TEST(unrecorded_is_said_once_an_hour)
{
	struct unrecorded u = { 0 };
	uint8_t leaf[HASH_LEN] = { 1 }, other[HASH_LEN] = { 2 };

	assert_true(unrecorded_take(&u, leaf, ID, 5));
	assert_false(unrecorded_take(&u, leaf, ID, 6));
	assert_true(unrecorded_take(&u, other, ID, 6));
	assert_int_equal(lately(&u, 7, "shop/sell"), 2);
	assert_false(unrecorded_take(&u, leaf, ID, UNRECORDED_SAY_MS));
	assert_true(unrecorded_take(&u, leaf, ID, UNRECORDED_SAY_MS + 5));
	/* The other came no more: it joined, or is off. */
	assert_int_equal(lately(&u, UNRECORDED_SAY_MS + 6, "shop/sell"), 1);
	assert_int_equal(lately(&u, UNRECORDED_SAY_MS + 5 +
	    UNRECORDED_LATELY_MS, "shop/sell"), 0);
	unrecorded_fini(&u);
}

TEST(unrecorded_is_bounded_and_forgets_who_stays_away)
{
	struct unrecorded u = { 0 };
	uint8_t leaf[HASH_LEN] = { 0 };

	for (int i = 0; i < UNRECORDED_MAX; i++) {
		leaf[0] = (uint8_t)i;
		leaf[1] = (uint8_t)(i / 256);
		assert_true(unrecorded_take(&u, leaf, ID, 5));
	}
	leaf[2] = 1;
	assert_false(unrecorded_take(&u, leaf, ID, 6));
	assert_int_equal(u.by_leaf.len, UNRECORDED_MAX);
	assert_true(unrecorded_take(&u, leaf, ID, UNRECORDED_SAY_MS + 5));
	assert_int_equal(u.by_leaf.len, 1);
	unrecorded_fini(&u);
}
