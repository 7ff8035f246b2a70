#include <stdio.h>

#include "base/unit.h"
#include "modes/control/refusals.h"
#include "modes/control/server_fixture.h"

TEST(refusals_of_one_and_of_all_are_bounded)
{
	const unsigned of_one = refusals_people.of_one;
	const unsigned of_all = refusals_people.of_all;
	struct refusals r;
	uint64_t left_out = 9;
	char name[2] = "a";

	refusals_init(&r, &refusals_people);
	for (unsigned i = 0; i < of_one; i++) {
		assert_true(refusals_take(&r, SLICE("anna"), 5, &left_out));
		assert_int_equal(left_out, 0);
	}
	assert_false(refusals_take(&r, SLICE("anna"), 6, &left_out));
	assert_false(refusals_take(&r, SLICE("anna"), 59999, &left_out));
	/* Somebody else's is written, and says what is missing. */
	assert_true(refusals_take(&r, SLICE("bob"), 59999, &left_out));
	assert_int_equal(left_out, 2);
	for (unsigned i = of_one + 1; i < of_all; i++, name[0]++)
		assert_true(refusals_take(&r, slice_str(name), 59999, &left_out));
	assert_false(refusals_take(&r, SLICE("eve"), 59999, &left_out));
	/* A new minute. */
	assert_true(refusals_take(&r, SLICE("anna"), 60000, &left_out));
	assert_int_equal(left_out, 1);
	refusals_fini(&r);
}

/* The last entry of the log that is asked for. */
static uint64_t
entries(struct server_fixture *t, struct str *last)
{
	struct store_result *l = store_log_wait(t->f.store, 0, 1000);
	uint64_t n = l->n_entries;

	str_clear(last);
	if (n > 0)
		audit_write(last, &l->entries[n - 1]);
	store_result_free(l);
	return n;
}

TEST(refusals_of_strangers_do_not_grow_with_their_ports)
{
	struct server_fixture *t = server_fixture_new();
	struct audit_entry who = { .actor = SLICE("anonymous"),
	    .target = SLICE("token/abc") };
	struct str last = { 0 };
	char from[32];

	for (int port = 1000; port < 1100; port++) {
		snprintf(from, sizeof(from), "10.0.0.1:%d", port);
		who.from = slice_str(from);
		refusals_note_stranger(t->s, &who, "join.refused",
		    SLICE("used already"));
	}
	assert_int_equal(entries(t, &last), refusals_strangers.of_one);
	/* One from elsewhere is heard of, and a person is. */
	who.from = SLICE("[2001:db8::1]:5");
	refusals_note_stranger(t->s, &who, "join.refused", SLICE("forged"));
	assert_int_equal(entries(t, &last), refusals_strangers.of_one + 1);
	assert_non_null(strstr(str_ptr(&last), "\"action\":\"join.refused\""));
	assert_non_null(strstr(str_ptr(&last), "\"target\":\"token/abc\""));
	assert_non_null(strstr(str_ptr(&last), "\"leftOut\":80"));
	refusals_note(t->s, &who, SLICE("may not"));
	assert_int_equal(entries(t, &last), refusals_strangers.of_one + 2);
	str_fini(&last);
	server_fixture_free(t);
}
