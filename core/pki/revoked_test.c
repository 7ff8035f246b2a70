#include <stdio.h>

#include "base/unit.h"
#include "pki/revoked.h"

#define WEB	"spiffe://td/ns/shop/sa/web"
#define API	"spiffe://td/ns/shop/sa/api"

static void
add(struct revoked *r, const char *id, int64_t not_before, int64_t until)
{
	struct err err = ERR_INIT;

	assert_int_equal(revoked_add(r, &(struct revoked_entry){
	    slice_str(id), not_before, until }, &err), 0);
}

TEST(revoked_refuses_what_was_signed_until_then_and_nothing_later)
{
	static const struct {
		const char *id;
		int64_t     not_before;
		bool        is_refused;
	} cases[] = {
		{ WEB, 999, true }, { WEB, 1000, true }, { WEB, 1001, false },
		{ API, 500, true }, { API, 1000, false },
		{ "spiffe://td/ns/shop/sa/we", 1, false },
		{ "spiffe://td/ns/shop/sa/webb", 1, false },
	};
	struct revoked *r = revoked_new();

	add(r, WEB, 1000, 5000);
	add(r, API, 500, 4000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(revoked_has(r, slice_str(cases[i].id),
		    cases[i].not_before) == cases[i].is_refused);
	assert_false(revoked_has(NULL, slice_str(WEB), 1));
	revoked_unref(r);
}

TEST(revoked_keeps_the_later_times_of_an_identity)
{
	struct revoked *r = revoked_new();

	add(r, WEB, 1000, 5000);
	add(r, WEB, 900, 6000);
	add(r, WEB, 1100, 100);
	assert_int_equal(r->len, 1);
	assert_int_equal(r->v[0].not_before, 1100);
	assert_int_equal(r->v[0].until, 6000);
	revoked_unref(r);
}

TEST(revoked_is_read_as_it_was_written)
{
	struct revoked *r = revoked_new(), *again;
	struct err err = ERR_INIT;
	struct str text = { 0 };

	add(r, WEB, 1000, 5000);
	add(r, API, 500, 4000);
	revoked_text(&text, r);
	assert_string_equal(str_ptr(&text), "500 4000 " API "\n1000 5000 " WEB
	    "\n");
	again = revoked_read(str_slice(&text), &err);
	assert_non_null(again);
	assert_true(revoked_equal(r, again));
	add(again, API, 501, 1);
	assert_false(revoked_equal(r, again));
	revoked_unref(again);
	again = revoked_read(SLICE(""), &err);
	assert_int_equal(again->len, 0);
	revoked_unref(again);
	revoked_unref(r);
	str_fini(&text);
}

TEST(revoked_takes_no_other_text)
{
	static const char *const bad[] = {
		"\n", "1 2\n", "1 2 web\n", "-1 2 " WEB "\n", "1 2 " WEB " \n",
		"1 2 3 " WEB "\n", "1 2 " WEB "\n\n", "1  2 " WEB "\n",
		"18446744073709551615 2 " WEB "\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		assert_null(revoked_read(slice_str(bad[i]), &err));
		assert_int_equal(err.kind, ERR_DATA);
	}
}

TEST(revoked_forgets_what_is_of_no_use_and_has_a_bound)
{
	struct revoked *r = revoked_new(), *kept = revoked_new();
	struct err err = ERR_INIT;
	char id[80];

	for (int i = 0; i < REVOKED_MAX; i++) {
		snprintf(id, sizeof(id), WEB "%d", i);
		add(r, id, 1, i);
	}
	assert_int_equal(revoked_add(r, &(struct revoked_entry){
	    SLICE(WEB), 1, 1 }, &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	assert_int_equal(revoked_add_all(kept, r, REVOKED_MAX - 3, &err), 0);
	assert_int_equal(kept->len, 2);
	assert_int_equal(revoked_add_all(kept, NULL, 0, &err), 0);
	revoked_unref(kept);
	/* What is there already stays, and the rest goes in as it fits. */
	kept = revoked_new();
	add(kept, WEB, 7, 9);
	assert_int_equal(revoked_add_all(kept, r, -1, &err), -1);
	assert_int_equal(kept->len, REVOKED_MAX);
	assert_true(revoked_has(kept, SLICE(WEB), 7));
	revoked_unref(kept);
	revoked_unref(r);
}
