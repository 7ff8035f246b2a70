#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/joining_fixture.h"
#include "modes/control/revocations.h"
#include "modes/control/store_keys.h"

/* Fault G86: as of a join. */
TEST(renewal_gives_nothing_out_that_is_not_recorded)
{
	struct server_fixture *t = server_fixture_new();
	struct joining first, next = { .err = ERR_INIT };
	struct rlimit disk;
	struct token token;
	struct key key;

	key_generate(&key);
	joining_token(t, &token, "orders-1", 60);
	first = joining_run(t, &token, &key);
	disk = fixture_fill_disk();
	log_set_levels("error,store=error");
	joining_renew(t, first.leaf, &key, false, &next);
	server_fixture_run(t, &next.done);
	fixture_free_disk(&disk);
	assert_int_equal(next.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(next.identity, "");
	assert_int_equal(joining_count(t), 1);
	key_fini(&key);
	server_fixture_free(t);
}

TEST(renewal_needs_a_record_and_keeps_the_names)
{
	struct server_fixture *t = server_fixture_new();
	struct joining first, next = { .err = ERR_INIT }, none = next;
	uint8_t nobody[HASH_LEN] = { 0 };
	struct token token;
	struct key key;

	key_generate(&key);
	joining_token(t, &token, "orders-1", 60);
	first = joining_run(t, &token, &key);
	joining_renew(t, first.leaf, &key, false, &next);
	server_fixture_run(t, &next.done);
	assert_string_equal(next.err.text, "");
	assert_string_equal(next.identity, first.identity);
	assert_string_equal(next.name, first.name);
	assert_memory_not_equal(next.leaf, first.leaf, HASH_LEN);
	joining_renew(t, nobody, &key, false, &none);
	server_fixture_run(t, &none.done);
	assert_int_equal(none.err.kind, ERR_DENIED);
	key_fini(&key);
	server_fixture_free(t);
}

/* Each is recorded for long and audited for ever. */
TEST(renewals_of_one_workload_have_a_limit)
{
	struct server_fixture *t = server_fixture_new();
	struct joining first, other, next = { .err = ERR_INIT };
	struct token token, second;
	struct key key;

	key_generate(&key);
	joining_token(t, &token, "orders-1", 60);
	joining_token(t, &second, "orders-2", 60);
	first = joining_run(t, &token, &key);
	other = joining_run(t, &second, &key);
	/* A minute may end meanwhile. */
	for (int i = 0; i < 2 * WORKLOAD_LIMIT_CERTIFICATES &&
	    next.err.kind == ERR_NONE; i++) {
		next = (struct joining){ .err = ERR_INIT };
		joining_renew(t, first.leaf, &key, i % 2 == 0, &next);
		server_fixture_run(t, &next.done);
	}
	assert_int_equal(next.err.kind, ERR_TOO_MANY);
	assert_in_range(joining_count(t), 2 + WORKLOAD_LIMIT_CERTIFICATES,
	    1 + 2 * WORKLOAD_LIMIT_CERTIFICATES);
	next = (struct joining){ .err = ERR_INIT };
	joining_renew(t, other.leaf, &key, false, &next);
	server_fixture_run(t, &next.done);
	assert_string_equal(next.err.text, "");
	key_fini(&key);
	server_fixture_free(t);
}

/* It is no way to a session, nor to anything that its proxy's key is for. */
TEST(certificate_of_an_application_leads_to_no_other)
{
	struct server_fixture *t = server_fixture_new();
	struct joining proxy, app = { .err = ERR_INIT }, next = app, same = app;
	struct token token;
	struct key key, second;

	key_generate(&key);
	key_generate(&second);
	joining_token(t, &token, "orders-1", 60);
	proxy = joining_run(t, &token, &key);
	assert_true(proxy.has_workload);
	joining_renew(t, proxy.leaf, &second, true, &app);
	server_fixture_run(t, &app.done);
	assert_string_equal(app.err.text, "");
	assert_string_equal(app.identity, proxy.identity);
	assert_false(app.has_workload);
	joining_renew(t, app.leaf, &second, false, &next);
	server_fixture_run(t, &next.done);
	assert_int_equal(next.err.kind, ERR_DENIED);
	joining_renew(t, app.leaf, &second, true, &same);
	server_fixture_run(t, &same.done);
	assert_int_equal(same.err.kind, ERR_DENIED);
	assert_non_null(strstr(same.err.text, "application's certificate"));
	key_fini(&key);
	key_fini(&second);
	server_fixture_free(t);
}

/* Fault G80: whoever was revoked gets nothing more, except by a new token. */
TEST(renewal_and_tokens_of_a_revoked_identity_are_refused)
{
	struct server_fixture *t = server_fixture_new();
	struct joining first, again = { .err = ERR_INIT };
	struct token token, unused;
	struct key key;

	key_generate(&key);
	joining_token(t, &token, "orders-1", 60);
	joining_token(t, &unused, "orders-2", 60);
	first = joining_run(t, &token, &key);
	revocations_add(t->s->revocations, &(struct revocation_record){
	    .id = slice_str(first.identity), .at = clock_wall_s() });
	joining_renew(t, first.leaf, &key, false, &again);
	server_fixture_run(t, &again.done);
	assert_int_equal(again.err.kind, ERR_DENIED);
	assert_non_null(strstr(again.err.text, "revoked"));
	/* Nor is the certificate given out again, nor another. */
	assert_int_equal(joining_run(t, &token, &key).err.kind, ERR_DENIED);
	assert_int_equal(joining_run(t, &unused, &key).err.kind, ERR_DENIED);
	assert_int_equal(joining_count(t), 1);
	key_fini(&key);
	server_fixture_free(t);
}

/* A record of a certificate that ended so long ago. */
static void
record_ended(struct server_fixture *t, uint8_t leaf[HASH_LEN], int64_t ago_s)
{
	struct slice services[] = { SLICE("orders") };
	struct cert_record c = {
		.id = SLICE("spiffe://td/ns/shop/sa/sell"), .serial = SLICE("1"),
		.grant = { .ns = SLICE("shop"), .account = SLICE("sell"),
		    .name = SLICE("orders-1"), .services = services,
		    .services_len = 1 },
		.issued = clock_wall_s() - ago_s - 3600,
		.expires = clock_wall_s() - ago_s,
	};
	struct store_txn *txn = store_txn_new();
	struct str json = { 0 };
	struct arena a;

	arena_init(&a);
	hash_sha256(leaf, slice_of(&ago_s, sizeof(ago_s)));
	cert_record_write(&json, &c);
	store_txn_put(txn, cert_record_key(&a, leaf), str_slice(&json));
	fixture_commit(&t->f, txn);
	str_fini(&json);
	arena_fini(&a);
}

TEST(renewal_of_an_ended_certificate_has_a_window)
{
	static const struct {
		const char *config, *error;	/* NULL: it is renewed */
		int64_t     ago_s;
	} cases[] = {
		{ NULL, NULL, 29 * 86400 },
		{ NULL, "more than 720h ago", 31 * 86400 },
		{ "2h", NULL, 7000 },
		{ "2h", "more than 2h ago", 7300 },
		{ "0s", "has renewAfterExpiry 0s", 60 },
		{ "2160h", NULL, 89 * 86400 },
	};
	struct server_fixture *t = server_fixture_new();
	struct key key;

	log_set_levels("error");
	key_generate(&key);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct joining u = { .err = ERR_INIT };
		uint8_t leaf[HASH_LEN];
		char yaml[160];

		snprintf(yaml, sizeof(yaml), "{apiVersion: mesh/v1, kind: "
		    "MeshConfig, metadata: {name: default}, spec: "
		    "{renewAfterExpiry: %s}}", cases[i].config == NULL ? "" :
		    cases[i].config);
		if (cases[i].config != NULL)
			server_fixture_put(t, yaml);
		record_ended(t, leaf, cases[i].ago_s);
		joining_renew(t, leaf, &key, false, &u);
		server_fixture_run(t, &u.done);
		if (cases[i].error == NULL)
			assert_string_equal(u.err.text, "");
		else
			assert_non_null(strstr(u.err.text, cases[i].error));
	}
	key_fini(&key);
	server_fixture_free(t);
}
