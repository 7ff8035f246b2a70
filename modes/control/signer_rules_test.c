#include <string.h>

#include "base/unit.h"
#include "modes/control/signer_rules.h"

#define NOW	INT64_C(1795223561)

static struct {
	struct key  key, leaf;
	struct str  der;
	struct cert cert;
} issuer;

static struct signer_rules
rules(uint32_t rate)
{
	struct mint_ca ca = {
		.common_name = SLICE("issuer"), .domain = SLICE("td"),
		.not_before = NOW - 1000, .not_after = NOW + 100000,
	};
	struct signer_rules r;
	struct err err = ERR_INIT;

	if (issuer.der.len == 0) {
		key_generate(&issuer.key);
		key_generate(&issuer.leaf);
		mint_serial(ca.serial);
		mint_root(&issuer.der, &ca, &issuer.key);
		assert_int_equal(cert_parse(&issuer.cert,
		    str_slice(&issuer.der), &err), 0);
	}
	signer_rules_init(&r, SLICE("td"), &issuer.cert, SIGNER_LIFE_MAX_S,
	    rate);
	return r;
}

__attribute__((destructor)) static void
issuer_free(void)
{
	str_fini(&issuer.der);
}

static const struct {
	const char *id, *dns;
	uint32_t    life_s;
	int         serial, spoil;
	int64_t     now;
	enum signer_status want;
} cases[] = {
	{ "spiffe://td/ns/a/sa/b", "b.a.mesh", 86400, 0x40, 0, NOW,
	    SIGNER_SIGNED },
	{ "spiffe://td/operator/alice", NULL, 10, 0x7f, 0, NOW, SIGNER_SIGNED },
	{ "spiffe://td/control", "control.mesh", 30 * 86400, 0x50, 0, NOW,
	    SIGNER_SIGNED },
	{ "spiffe://other/ns/a/sa/b", NULL, 100, 0x40, 0, NOW, SIGNER_FOREIGN },
	{ "spiffe://td", NULL, 100, 0x40, 0, NOW, SIGNER_IDENTITY },
	{ "spiffe://td/root", NULL, 100, 0x40, 0, NOW, SIGNER_IDENTITY },
	{ "spiffe://td/ns/workload/sa/b", NULL, 100, 0x40, 0, NOW,
	    SIGNER_IDENTITY },
	{ "orders", NULL, 100, 0x40, 0, NOW, SIGNER_IDENTITY },
	{ "", NULL, 100, 0x40, 0, NOW, SIGNER_IDENTITY },
	{ "spiffe://td/ns/a/sa/b", "b.z.mesh", 100, 0x40, 0, NOW, SIGNER_DNS },
	{ "spiffe://td/operator/alice", "b.a.mesh", 100, 0x40, 0, NOW,
	    SIGNER_DNS },
	{ "spiffe://td/ns/a/sa/b", NULL, 9, 0x40, 0, NOW, SIGNER_LIFE },
	{ "spiffe://td/ns/a/sa/b", NULL, 30 * 86400 + 1, 0x40, 0, NOW,
	    SIGNER_LIFE },
	{ "spiffe://td/ns/a/sa/b", NULL, 100, 0x3f, 0, NOW, SIGNER_SERIAL },
	{ "spiffe://td/ns/a/sa/b", NULL, 100, 0x80, 0, NOW, SIGNER_SERIAL },
	{ "spiffe://td/ns/a/sa/b", NULL, 100, 0x40, 1, NOW, SIGNER_POINT },
	{ "spiffe://td/ns/a/sa/b", NULL, 100, 0x40, 0, NOW + 100000,
	    SIGNER_EXPIRED },
	{ "spiffe://td/ns/a/sa/b", NULL, 100, 0x40, 0, NOW - 1001,
	    SIGNER_EXPIRED },
};

TEST(signer_judges_what_it_is_asked)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct signer_rules r = rules(10);
		struct signer_request q = {
			.id = slice_str(cases[i].id),
			.life_s = cases[i].life_s,
			.dns = { slice_str(cases[i].dns) },
			.dns_len = cases[i].dns != NULL,
			.serial = { (uint8_t)cases[i].serial },
		};
		enum signer_status got;

		memcpy(q.point, issuer.leaf.point, KEY_POINT_LEN);
		q.point[20] ^= (uint8_t)cases[i].spoil;
		got = signer_judge(&r, &q, cases[i].now, 1);
		if (got != cases[i].want)
			fail_msg("%s: %s, wanted %s", cases[i].id,
			    signer_status_name(got),
			    signer_status_name(cases[i].want));
	}
}

TEST(signer_judges_tokens)
{
	static const struct {
		const char *id, *audience;
		size_t      audiences, long_by;
		uint32_t    life_s;
		enum signer_status want;
	} asked[] = {
		{ "spiffe://td/ns/a/sa/b", "db", 1, 0, 300, SIGNER_SIGNED },
		{ "spiffe://td/ns/a/sa/b", "db", 16, 0, 3600, SIGNER_SIGNED },
		{ "spiffe://td/ns/a/sa/b", "db", 1, 0, 3601, SIGNER_LIFE },
		{ "spiffe://td/ns/a/sa/b", "db", 1, 0, 0, SIGNER_LIFE },
		{ "spiffe://td/ns/a/sa/b", "db", 0, 0, 300, SIGNER_AUDIENCE },
		{ "spiffe://td/ns/a/sa/b", "", 1, 0, 300, SIGNER_AUDIENCE },
		{ "spiffe://td/ns/a/sa/b", NULL, 1, 512, 300, SIGNER_SIGNED },
		{ "spiffe://td/ns/a/sa/b", NULL, 1, 513, 300, SIGNER_AUDIENCE },
		{ "spiffe://other/ns/a/sa/b", "db", 1, 0, 300, SIGNER_FOREIGN },
		{ "spiffe://td/operator/anna", "db", 1, 0, 300,
		    SIGNER_IDENTITY },
		{ "spiffe://td/control", "db", 1, 0, 300, SIGNER_IDENTITY },
		{ "spiffe://td", "db", 1, 0, 300, SIGNER_IDENTITY },
		{ "b", "db", 1, 0, 300, SIGNER_IDENTITY },
	};
	char room[600];

	memset(room, 'a', sizeof(room));
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct signer_rules r = rules(10);
		struct signer_token t = { .id = slice_str(asked[i].id),
		    .life_s = asked[i].life_s,
		    .audiences_len = asked[i].audiences };

		for (size_t n = 0; n < t.audiences_len; n++)
			t.audiences[n] = asked[i].audience != NULL ?
			    slice_str(asked[i].audience) :
			    slice_of(room, asked[i].long_by);
		assert_int_equal(signer_judge_token(&r, &t, 1), asked[i].want);
	}
}

/* However many tokens applications ask for, proxies can renew. */
TEST(signer_counts_tokens_apart)
{
	struct signer_rules r = rules(2);
	struct signer_token t = { .id = SLICE("spiffe://td/ns/a/sa/b"),
	    .life_s = 300, .audiences = { SLICE("db") }, .audiences_len = 1 };
	struct signer_request q = { .id = SLICE("spiffe://td/ns/a/sa/b"),
	    .life_s = 100, .serial = { 0x40 } };

	memcpy(q.point, issuer.leaf.point, KEY_POINT_LEN);
	assert_int_equal(signer_judge_token(&r, &t, 5), SIGNER_SIGNED);
	assert_int_equal(signer_judge_token(&r, &t, 5), SIGNER_SIGNED);
	assert_int_equal(signer_judge_token(&r, &t, 5), SIGNER_RATE);
	assert_int_equal(signer_judge(&r, &q, NOW, 5), SIGNER_SIGNED);
}

TEST(signer_keeps_to_its_rate)
{
	struct signer_rules r = rules(10);
	struct signer_request q = {
		.id = SLICE("spiffe://td/operator/alice"), .life_s = 100,
		.serial = { 0x40 },
	};
	uint64_t ms = 5000;

	memcpy(q.point, issuer.leaf.point, KEY_POINT_LEN);
	for (int i = 0; i < 10; i++)
		assert_int_equal(signer_judge(&r, &q, NOW, ms), SIGNER_SIGNED);
	assert_int_equal(signer_judge(&r, &q, NOW, ms), SIGNER_RATE);
	assert_int_equal(signer_judge(&r, &q, NOW, ms + 99), SIGNER_RATE);
	assert_int_equal(signer_judge(&r, &q, NOW, ms + 201), SIGNER_SIGNED);
	assert_int_equal(signer_judge(&r, &q, NOW, ms + 201), SIGNER_SIGNED);
	assert_int_equal(signer_judge(&r, &q, NOW, ms + 201), SIGNER_RATE);
	ms += 1000000;		/* a long rest earns no more than a second */
	for (int i = 0; i < 10; i++)
		assert_int_equal(signer_judge(&r, &q, NOW, ms), SIGNER_SIGNED);
	assert_int_equal(signer_judge(&r, &q, NOW, ms), SIGNER_RATE);
}

TEST(signer_cuts_a_life_at_the_issuers_end)
{
	static const struct {
		int64_t  now;
		uint32_t life_s;
		int64_t  end;
	} lives[] = {
		{ NOW, 100, NOW + 100 },
		{ NOW, 200000, NOW + 100000 },
		{ NOW + 99999, 10, NOW + 100000 },
	};
	struct signer_rules r = rules(10);

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct signer_request q = {
			.id = SLICE("spiffe://td/operator/alice"),
			.life_s = lives[i].life_s, .serial = { 0x40, 1 },
		};
		struct str der = { 0 };
		struct cert c;
		struct err err = ERR_INIT;

		memcpy(q.point, issuer.leaf.point, KEY_POINT_LEN);
		signer_mint(&der, &r, &q, lives[i].now, &issuer.key);
		assert_int_equal(cert_parse(&c, str_slice(&der), &err), 0);
		assert_int_equal(c.not_after, lives[i].end);
		assert_int_equal(c.not_before, lives[i].now - MINT_SKEW_S);
		assert_true(cert_signed_by(&c, &issuer.cert));
		str_fini(&der);
	}
}
