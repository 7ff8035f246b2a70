#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/joining_fixture.h"

TEST(join_gives_the_names_of_the_token)
{
	struct server_fixture *t = server_fixture_new();
	struct token named, unnamed;
	struct key key;
	struct joining u;

	key_generate(&key);
	joining_token(t, &named, "orders-1", 60);
	u = joining_run(t, &named, &key);
	assert_string_equal(u.err.text, "");
	assert_string_equal(u.identity, "spiffe://td/ns/shop/sa/sell");
	assert_string_equal(u.name, "orders-1");
	joining_token(t, &unnamed, "", 60);
	u = joining_run(t, &unnamed, &key);
	assert_int_equal(strlen(u.name), strlen("orders-xxxxx"));
	assert_memory_equal(u.name, "orders-", 7);
	assert_int_equal(joining_count(t), 2);
	key_fini(&key);
	server_fixture_free(t);
}

TEST(join_a_hundred_at_once_yields_one_certificate)
{
	struct server_fixture *t = server_fixture_new();
	struct joining_all all = { .waiting = 100 };
	struct joining uses[100] = { 0 };
	struct key keys[4];
	struct token token;
	size_t good = 0;
	const struct joining *first = NULL;

	for (size_t i = 0; i < 4; i++)
		key_generate(&keys[i]);
	joining_token(t, &token, "orders-1", 60);
	for (size_t i = 0; i < 100; i++) {
		uses[i].all = &all;
		joining_start(t, &token, &keys[i % 4], &uses[i]);
	}
	server_fixture_run(t, &all.done);
	for (size_t i = 0; i < 100; i++) {
		if (uses[i].err.kind == ERR_DENIED)
			continue;
		assert_string_equal(uses[i].err.text, "");
		if (first == NULL)
			first = &uses[i];
		assert_memory_equal(uses[i].leaf, first->leaf, HASH_LEN);
		good++;
	}
	/* All uses by the key that won, and no other. */
	assert_int_equal(good, 25);
	assert_int_equal(joining_count(t), 1);
	for (size_t i = 0; i < 4; i++)
		key_fini(&keys[i]);
	server_fixture_free(t);
}

TEST(join_again_with_the_same_key_gives_the_same)
{
	struct server_fixture *t = server_fixture_new();
	struct key key, other;
	struct token token;
	struct joining first, again;

	key_generate(&key);
	key_generate(&other);
	joining_token(t, &token, "", 60);
	first = joining_run(t, &token, &key);
	again = joining_run(t, &token, &key);
	assert_true(again.is_repeated && !first.is_repeated);
	assert_memory_equal(again.leaf, first.leaf, HASH_LEN);
	assert_string_equal(again.name, first.name);
	assert_int_equal(joining_run(t, &token, &other).err.kind, ERR_DENIED);
	assert_int_equal(joining_count(t), 1);
	key_fini(&key);
	key_fini(&other);
	server_fixture_free(t);
}

TEST(join_refuses_what_is_no_valid_token)
{
	struct server_fixture *t = server_fixture_new();
	struct token token, stranger, old;
	struct key key;
	struct joining unknown, wrong;

	key_generate(&key);
	joining_token(t, &token, "", 60);
	joining_token(t, &old, "", -1);
	assert_int_equal(joining_run(t, &old, &key).err.kind, ERR_DENIED);
	token_make(&stranger, token.roots);
	unknown = joining_run(t, &stranger, &key);
	assert_int_equal(unknown.err.kind, ERR_DENIED);
	stranger = token;
	stranger.secret[31] ^= 1;
	wrong = joining_run(t, &stranger, &key);
	assert_int_equal(wrong.err.kind, ERR_DENIED);
	/* Nobody learns which of the two it was. */
	assert_string_equal(unknown.err.text, wrong.err.text);
	assert_int_equal(joining_count(t), 0);
	assert_int_equal(joining_run(t, &token, &key).err.kind, ERR_NONE);
	key_fini(&key);
	server_fixture_free(t);
}

TEST(join_for_another_service_leaves_the_token_unused)
{
	static const char *const others[] = {
		"shop/web", "default/orders", "orders", "", "shop/", "shop/orders/x",
	};
	struct server_fixture *t = server_fixture_new();
	struct token token;
	struct key key, other;
	struct joining u = { .err = ERR_INIT };

	key_generate(&key);
	key_generate(&other);
	joining_token(t, &token, "", 60);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		u = (struct joining){ .err = ERR_INIT };
		joining_start_for(t, &token, &key, others[i], &u);
		server_fixture_run(t, &u.done);
		assert_int_equal(u.err.kind, ERR_DENIED);
		assert_non_null(strstr(u.err.text, "is for shop/orders"));
	}
	assert_int_equal(joining_count(t), 0);
	u = (struct joining){ .err = ERR_INIT };
	joining_start_for(t, &token, &other, "shop/orders", &u);
	server_fixture_run(t, &u.done);
	assert_string_equal(u.err.text, "");
	key_fini(&key);
	key_fini(&other);
	server_fixture_free(t);
}

TEST(join_gives_nothing_out_that_is_not_recorded)
{
	struct server_fixture *t = server_fixture_new();
	struct rlimit disk;
	struct token token;
	struct key key;
	struct joining u;

	key_generate(&key);
	joining_token(t, &token, "", 60);
	disk = fixture_fill_disk();
	log_set_levels("error,store=error");
	u = joining_run(t, &token, &key);
	fixture_free_disk(&disk);
	assert_int_equal(u.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(u.identity, "");
	assert_int_equal(joining_count(t), 0);
	/* And the token is still good. */
	assert_int_equal(joining_run(t, &token, &key).err.kind, ERR_NONE);
	key_fini(&key);
	server_fixture_free(t);
}

/*
 * A second signal ends control while the store has yet to answer: what it
 * answers then, and the request that follows, meet nothing that is gone.
 */
TEST(join_that_waits_when_control_ends_is_told_so)
{
	struct model_control_spec spec = {
		.data_dir = "", .trust_domain = "td", .socket = "none",
		.certificate_lifetime_ms = 3600 * 1000,
	};
	struct control_settings settings = { .spec = &spec };
	struct log_options log = { .people_fd = STDERR_FILENO,
	    .access_fd = -1 };
	struct fixture home = fixture_open();
	struct joining u = { .err = ERR_INIT };
	struct err err = ERR_INIT;
	struct server_fixture t = { 0 };
	struct token token;
	struct key key;

	char *dir = mem_printf("%s/control", home.dir);

	fixture_shut(&home);	/* no thread lives when the signer is forked */
	spec.data_dir = dir;
	log_set_levels("error");
	t.s = server_open(&settings, &log, &err);
	assert_string_equal(err.text, "");
	t.f.store = t.s->store;
	key_generate(&key);
	joining_token(&t, &token, "orders-1", 60);
	joining_start(&t, &token, &key, &u);
	server_close(t.s);
	log_stop();
	assert_true(u.done);
	assert_int_not_equal(u.err.kind, ERR_NONE);
	assert_string_equal(u.identity, "");
	key_fini(&key);
	mem_free(dir);
	fixture_close(&home);
}
