#include <string.h>

#include "base/unit.h"
#include "modes/control/store_fixture.h"
#include "modes/control/users.h"
#include "pki/key.h"

static struct user
user(const char *name)
{
	struct user u = { .name = slice_str(name), .iterations = 7, .created = 1,
	    .changed = 2, .created_by = SLICE("uid/0") };

	memset(u.salt, 's', sizeof(u.salt));
	memset(u.hash, 'h', sizeof(u.hash));
	return u;
}

static struct users *
must_open(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct users *us = users_open(f->store, &err);

	assert_non_null(us);
	return us;
}

/* Of a user, as it is in the store; adds the token. */
static struct login
write_login(struct fixture *f, const char *name, int64_t created,
    struct str *token)
{
	struct store_txn *t = store_txn_new();
	struct login l = { .user = slice_str(name), .from = SLICE("here"),
	    .created = created, .expires = created + 100 };

	memset(l.salt, 's', sizeof(l.salt));
	login_make(&l, token);
	users_write_login(t, &l);
	fixture_commit(f, t);
	return l;
}

TEST(users_come_back_from_the_store_with_their_logins)
{
	struct fixture f = fixture_open();
	struct store_txn *t = store_txn_new();
	const struct user u = user("anna"), *got;
	struct str token = { 0 };
	struct users *us;

	users_write(t, &u);
	fixture_commit(&f, t);
	write_login(&f, "anna", INT64_C(4000000000), &token);
	us = must_open(&f);
	got = users_find(us, SLICE("anna"));
	assert_non_null(got);
	assert_memory_equal(got->salt, u.salt, sizeof(u.salt));
	assert_memory_equal(got->hash, u.hash, sizeof(u.hash));
	assert_int_equal(got->iterations, 7);
	assert_int_equal(got->changed, 2);
	assert_null(users_find(us, SLICE("bob")));
	assert_non_null(users_login(us, str_slice(&token), INT64_C(4000000050)));
	users_free(us);
	/* Neither of the two texts is in the file. */
	fixture_shut(&f);
	assert_int_equal(fixture_replace_bytes(&f, token.ptr, token.ptr), 0);
	fixture_reopen(&f);
	key_wipe_str(&token);
	fixture_close(&f);
}

TEST(users_tokens_are_good_as_a_whole_and_for_their_time)
{
	struct fixture f = fixture_open();
	struct users *us = must_open(&f);
	const struct user u = user("anna");
	struct user other = u;
	struct login l = { .user = SLICE("anna"), .created = 10, .expires = 20 };
	struct str token = { 0 };

	other.salt[0]++;
	users_put(us, &u);
	memset(l.salt, 's', sizeof(l.salt));
	login_make(&l, &token);
	users_put_login(us, &l);
	assert_non_null(users_login(us, str_slice(&token), 19));
	assert_null(users_login(us, str_slice(&token), 20));
	for (size_t i = 0; i < token.len; i++) {
		char is = token.ptr[i];

		assert_null(users_login(us, slice_of(token.ptr, i), 19));
		token.ptr[i] = is == 'x' ? 'y' : 'x';
		assert_null(users_login(us, str_slice(&token), 19));
		token.ptr[i] = is;
	}
	assert_null(users_login(us, SLICE(""), 19));
	assert_null(users_login(us, SLICE("mesh-login."), 19));
	users_remove(us, SLICE("anna"));
	assert_null(users_login(us, str_slice(&token), 19));
	/* One that was under way as the password was changed. */
	users_put(us, &other);
	users_put_login(us, &l);
	assert_null(users_login(us, str_slice(&token), 19));
	users_put(us, &u);
	assert_non_null(users_login(us, str_slice(&token), 19));
	users_remove(us, SLICE("anna"));
	assert_int_equal(users_logins(us, SLICE_NONE, NULL, 0), 0);
	key_wipe_str(&token);
	users_free(us);
	fixture_close(&f);
}

TEST(users_that_go_take_their_logins_along)
{
	struct fixture f = fixture_open();
	struct store_txn *t = store_txn_new();
	const struct user u = user("anna"), v = user("bob");
	const struct login *all[4];
	struct str token = { 0 };
	struct users *us;

	users_write(t, &u);
	users_write(t, &v);
	fixture_commit(&f, t);
	for (int64_t i = 3; i > 0; i--)
		write_login(&f, i == 2 ? "bob" : "anna",
		    INT64_C(4000000000) + i, &token);
	us = must_open(&f);
	assert_int_equal(users_logins(us, SLICE("anna"), all, 4), 2);
	assert_true(all[0]->created < all[1]->created);
	t = store_txn_new();
	users_erase(us, t, SLICE("anna"));
	fixture_commit(&f, t);
	users_free(us);
	us = must_open(&f);
	assert_null(users_find(us, SLICE("anna")));
	assert_int_equal(users_logins(us, SLICE_NONE, all, 4), 1);
	assert_true(slice_is(all[0]->user, "bob"));
	users_free(us);
	key_wipe_str(&token);
	fixture_close(&f);
}
