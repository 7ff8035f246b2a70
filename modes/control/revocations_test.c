#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/revocations.h"
#include "modes/control/store_fixture.h"
#include "pki/mint.h"

#define WEB	SLICE("spiffe://td/ns/shop/sa/web")

static struct revocations *
must_revocations_open(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct revocations *r = revocations_open(f->store, &err);

	assert_string_equal(err.text, "");
	return r;
}

static void
put(struct fixture *f, const struct revocation_record *v)
{
	struct store_txn *t = store_txn_new();

	revocations_put(t, v);
	fixture_commit(f, t);
}

TEST(revocations_refuse_what_was_issued_until_then)
{
	struct fixture f = fixture_open();
	struct revocations *r = must_revocations_open(&f);

	revocations_add(r, &(struct revocation_record){ .id = WEB, .at = 1000,
	    .until = 5000 });
	assert_int_equal(revocations_refuse(r, WEB, 1000), 1000);
	assert_int_equal(revocations_refuse(r, WEB, 1001), 0);
	assert_true(revocations_has_at(r, 1000));
	assert_false(revocations_has_at(r, 999));
	assert_false(revocations_has_at(r, 1001));
	assert_int_equal(revocations_refuse(r, SLICE("spiffe://td/ns/shop/sa/x"),
	    1), 0);
	/* Of a certificate signed at that time, and a second later. */
	assert_int_equal(revocations_refuse_cert(r, WEB, 1000 - MINT_SKEW_S),
	    1000);
	assert_int_equal(revocations_refuse_cert(r, WEB, 1001 - MINT_SKEW_S),
	    0);
	revocations_free(r);
	fixture_close(&f);
}

TEST(revocations_are_there_after_a_restart)
{
	struct fixture f = fixture_open();
	struct revocations *r;
	int64_t now = clock_wall_s();
	struct revoked *list;

	put(&f, &(struct revocation_record){ .id = WEB, .at = now,
	    .until = now + 100, .by = SLICE("anna") });
	put(&f, &(struct revocation_record){ .id =
	    SLICE("spiffe://td/ns/shop/sa/over"), .at = now - 100,
	    .until = now - 10, .by = SLICE("anna") });
	r = must_revocations_open(&f);
	assert_int_equal(revocations_refuse(r, WEB, now), now);
	/* Its certificates have ended, but are not to be renewed. */
	assert_int_equal(revocations_refuse(r,
	    SLICE("spiffe://td/ns/shop/sa/over"), now - 200), now - 100);
	list = revocations_list(r, now);
	assert_int_equal(list->len, 1);
	assert_true(revoked_has(list, WEB, now - MINT_SKEW_S));
	assert_false(revoked_has(list, WEB, now - MINT_SKEW_S + 1));
	assert_int_equal(list->v[0].until, now + 100);
	revoked_unref(list);
	revocations_free(r);
	fixture_close(&f);
}

static void
revoke_many(struct revocations *r, int n, int64_t until)
{
	char id[64];

	for (int i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "spiffe://td/ns/shop/sa/n%d", i);
		revocations_add(r, &(struct revocation_record){
		    .id = slice_str(id), .at = 10, .until = until + i });
	}
}

TEST(revocations_are_no_more_than_proxies_keep)
{
	struct fixture f = fixture_open();
	struct revocations *r = must_revocations_open(&f);
	struct err err = ERR_INIT;
	struct revoked *list;

	revoke_many(r, REVOKED_MAX - 1, 500);
	assert_int_equal(revocations_has_room(r, WEB, 499, &err), 0);
	revocations_add(r, &(struct revocation_record){ .id = WEB, .at = 10,
	    .until = 5000 });
	assert_int_equal(revocations_has_room(r, SLICE("spiffe://td/ns/a/sa/b"),
	    499, &err), -1);
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_non_null(strstr(err.text, "1024 identities are revoked already"));
	assert_non_null(strstr(err.text, "end at 1970-01-01T00:08:20Z"));
	/* One of them may be revoked again, and each that ended makes room. */
	assert_int_equal(revocations_has_room(r, WEB, 499, &err), 0);
	assert_int_equal(revocations_has_room(r, SLICE("spiffe://td/ns/a/sa/b"),
	    500, &err), 0);
	list = revocations_list(r, 499);
	assert_int_equal(list->len, REVOKED_MAX);
	revoked_unref(list);
	revocations_free(r);
	fixture_close(&f);
}

TEST(revocations_are_forgotten_when_nothing_can_be_renewed)
{
	const int64_t kept = RENEW_WINDOW_MAX_S + RECORDS_KEPT_S;
	struct fixture f = fixture_open();
	struct revocations *r = must_revocations_open(&f);

	revoke_many(r, 3, 500);
	revocations_forget(r, 500 + kept);
	assert_int_equal(revocations_refuse(r,
	    SLICE("spiffe://td/ns/shop/sa/n0"), 5), 0);
	assert_int_equal(revocations_refuse(r,
	    SLICE("spiffe://td/ns/shop/sa/n1"), 5), 10);
	revocations_free(r);
	fixture_close(&f);
}

TEST(revocations_of_one_identity_keep_the_later_times)
{
	struct fixture f = fixture_open();
	struct revocations *r = must_revocations_open(&f);
	struct revoked *list;

	revocations_add(r, &(struct revocation_record){ .id = WEB, .at = 10,
	    .until = 500 });
	revocations_add(r, &(struct revocation_record){ .id = WEB, .at = 20,
	    .until = 400 });
	assert_int_equal(revocations_refuse(r, WEB, 15), 20);
	list = revocations_list(r, 450);
	assert_int_equal(list->len, 1);
	revoked_unref(list);
	list = revocations_list(r, 500);
	assert_int_equal(list->len, 0);
	revoked_unref(list);
	revocations_free(r);
	fixture_close(&f);
}
