#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/proxy/agent_fixture_test.h"
#include "modes/proxy/agent_identity.h"
#include "pki/mint.h"

TEST(identity_is_what_its_certificate_says)
{
	int64_t now = clock_wall_s();
	struct str pem = authority_identity_pem(now - 60, now + 3600);
	struct err err = ERR_INIT;
	struct agent_identity *i = agent_identity_read(str_slice(&pem), &err);

	assert_non_null(i);
	assert_string_equal(i->id, "spiffe://td/ns/shop/sa/web");
	assert_string_equal(i->domain, "td");
	assert_string_equal(i->ns, "shop");
	assert_string_equal(i->account, "web");
	assert_string_equal(i->workload, "web-1");
	assert_int_equal(i->services_len, 2);
	assert_string_equal(i->services[0], "web");
	assert_string_equal(i->services[1], "api");
	assert_int_equal(i->not_after, now + 3600);
	agent_identity_free(i);
	key_wipe_str(&pem);
}

TEST(identity_is_read_as_it_was_written)
{
	int64_t now = clock_wall_s();
	struct str pem = authority_identity_pem(now - 60, now + 3600);
	struct str again = { 0 };
	struct err err = ERR_INIT;
	struct agent_identity *i = agent_identity_read(str_slice(&pem), &err);

	assert_non_null(i);
	agent_identity_pem(&again, i);
	assert_string_equal(again.ptr, pem.ptr);
	agent_identity_free(i);
	key_wipe_str(&pem);
	key_wipe_str(&again);
}

static const struct {
	const char *id, *dns, *error;
	bool        other_key;
} bad[] = {
	{ "spiffe://td/ns/shop/sa/web", "web-1.shop.workload.mesh",
	    "the certificate is not for our key", true },
	{ "spiffe://td/operator/ann", NULL, "the certificate names "
	    "\"spiffe://td/operator/ann\", which is no workload", false },
	{ "spiffe://td/ns/shop/sa/web", "web.shop.mesh", "the certificate of "
	    "spiffe://td/ns/shop/sa/web does not name its workload", false },
	/* Of another namespace: not ours. */
	{ "spiffe://td/ns/shop/sa/web", "web-1.other.workload.mesh",
	    "the certificate of spiffe://td/ns/shop/sa/web does not name its "
	    "workload", false },
};

TEST(identity_refuses_certificates_that_are_no_workload_of_ours)
{
	int64_t now = clock_wall_s();

	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		const char *const dns[] = { bad[n].dns, NULL };
		struct key key, other;
		struct err err = ERR_INIT;

		key_generate(&key);
		key_generate(&other);
		struct str chain = authority_chain(&key, bad[n].id, dns,
		    now - 60, now + 60);

		assert_null(agent_identity_make(bad[n].other_key ? &other :
		    &key, str_slice(&chain), &err));
		assert_string_equal(err.text, bad[n].error);
		str_fini(&chain);
	}
}

TEST(identity_is_judged_as_others_will)
{
	int64_t now = clock_wall_s();
	struct str pem = authority_identity_pem(now - 60, now + 100);
	struct err err = ERR_INIT;
	struct agent_identity *i = agent_identity_read(str_slice(&pem), &err);
	struct bundle *b = bundle_new(SLICE("td"));
	struct bundle *none = bundle_new(SLICE("td"));

	assert_non_null(i);
	assert_int_equal(bundle_add_pem(b,
	    str_slice(&authority_make()->bundle_pem), &err), 0);
	assert_int_equal(agent_identity_check(i, b, now, &err), 0);
	assert_int_equal(agent_identity_check(i, b, now + 101, &err), -1);
	assert_int_equal(err.kind, ERR_DENIED);
	assert_int_equal(agent_identity_check(i, none, now, &err), -1);
	bundle_unref(b);
	bundle_unref(none);
	agent_identity_free(i);
	key_wipe_str(&pem);
}

/* life: seconds from when it was given out; at: seconds from there. */
static const struct {
	int64_t life;
	double  unit;
	int64_t at, late;
} lives[] = {
	{ 86400, 0, 43200, 64800 },
	{ 86400, 0.5, 51840, 64800 },
	{ 86400, 0.999999, 60479, 64800 },
	{ 20, 0, 10, 15 },
	{ 20, 0.999999, 13, 15 },
	{ 10, 0, 5, 7 },
	{ 10, 0.999999, 6, 7 },
};

TEST(renewal_falls_between_half_and_seven_tenths_of_a_life)
{
	const int64_t given = 1700000000;

	for (size_t n = 0; n < sizeof(lives) / sizeof(lives[0]); n++) {
		int64_t end = given + lives[n].life;

		assert_int_equal(agent_renew_at(given - MINT_SKEW_S, end,
		    lives[n].unit) - given, lives[n].at);
		assert_int_equal(agent_renew_late_at(given - MINT_SKEW_S,
		    end) - given, lives[n].late);
	}
	/* A certificate of somebody else's CA without our skew. */
	assert_int_equal(agent_renew_at(given, given + 30, 0), given + 15);
	assert_int_equal(agent_renew_at(given, given, 0.5), given);
}

TEST(backoff_doubles_up_to_ten_seconds_and_is_spread)
{
	static const uint64_t most[] = { 200, 200, 400, 800, 1600, 3200, 6400,
		10000, 10000 };

	for (unsigned n = 0; n < sizeof(most) / sizeof(most[0]); n++) {
		uint64_t low = most[n] / 2 < 200 ? 200 : most[n] / 2;

		assert_int_equal(agent_backoff_ms(n, 0), low);
		assert_in_range(agent_backoff_ms(n, 0.999999), low, most[n]);
		assert_true(agent_backoff_ms(n, 0.999999) >= most[n] - 1);
	}
	assert_in_range(agent_backoff_ms(1000000, 0.5), 5000, 10000);
	/* Who was displaced leaves the other alone for longer and longer. */
	assert_int_equal(agent_displaced_ms(1, 0), 1000);
	assert_int_equal(agent_displaced_ms(4, 0), 4000);
	assert_in_range(agent_displaced_ms(50, 0.5), 30000, 60000);
}
