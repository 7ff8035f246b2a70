#include "base/list.h"
#include "base/unit.h"

struct item {
	int         number;
	struct list link;
};

TEST(list_keeps_order_and_survives_removal_on_the_way)
{
	struct list head = LIST_INIT(head);
	struct item items[6];
	int expected = 1;

	assert_true(list_is_empty(&head));
	assert_null(list_pop(&head));
	for (int i = 0; i < 6; i++) {
		items[i] = (struct item){ .number = i };
		assert_false(list_is_linked(&items[i].link));
		list_append(&head, &items[i].link);
	}
	LIST_FOREACH_SAFE(at, &head) {
		struct item *item = list_entry(at, struct item, link);

		if (item->number % 2 == 0)
			list_remove(at);
	}
	LIST_FOREACH(at, &head) {
		assert_int_equal(list_entry(at, struct item, link)->number,
		    expected);
		expected += 2;
	}
	assert_int_equal(expected, 7);
	list_remove(&items[0].link);	/* twice is harmless */
	list_prepend(&head, &items[0].link);
	assert_ptr_equal(list_pop(&head), &items[0].link);
	assert_ptr_equal(list_pop(&head), &items[1].link);
	assert_false(list_is_linked(&items[1].link));
}

TEST(list_moves_all_in_their_order)
{
	struct list from = LIST_INIT(from), to = LIST_INIT(to);
	struct item items[4];

	for (int i = 0; i < 4; i++) {
		items[i] = (struct item){ .number = i };
		list_append(i < 2 ? &to : &from, &items[i].link);
	}
	list_move_all(&to, &from);
	assert_true(list_is_empty(&from));
	list_move_all(&to, &from);
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(list_pop(&to), &items[i].link);
	assert_null(list_pop(&to));
	list_append(&from, &items[0].link);
	list_move_all(&to, &from);
	assert_ptr_equal(list_pop(&to), &items[0].link);
}
