#include <string.h>

#include "base/unit.h"
#include "modes/control/join_name.h"
#include "pki/spiffe.h"

struct names {
	int          taken, asked;
	struct slice last;
};

static bool
is_taken(void *ctx, struct slice name)
{
	struct names *n = ctx;

	assert_true(spiffe_label_ok(name));
	if (n->last.ptr != NULL)
		assert_false(slice_eq(n->last, name));
	n->last = name;
	return ++n->asked <= n->taken;
}

TEST(join_name_is_drawn_again_when_it_is_taken)
{
	char longest[SPIFFE_LABEL_MAX + 1];
	struct names n = { .taken = 3 };
	struct slice name;
	struct arena a;

	arena_init(&a);
	name = join_name_draw(&a, SLICE("orders"), is_taken, &n);
	assert_int_equal(n.asked, 4);
	assert_true(slice_eq(name, n.last));
	assert_true(slice_has_prefix(name, SLICE("orders-")));
	assert_int_equal(name.len, strlen("orders-xxxxx"));

	memset(longest, 'a', SPIFFE_LABEL_MAX);
	longest[SPIFFE_LABEL_MAX] = '\0';
	n = (struct names){ 0 };
	name = join_name_draw(&a, slice_str(longest), is_taken, &n);
	assert_int_equal(name.len, SPIFFE_LABEL_MAX);

	n = (struct names){ .taken = JOIN_NAME_TRIES };
	assert_null(join_name_draw(&a, SLICE("a"), is_taken, &n).ptr);
	assert_int_equal(n.asked, JOIN_NAME_TRIES);
	arena_fini(&a);
}
