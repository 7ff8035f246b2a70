#include <string.h>

#include "base/unit.h"
#include "pki/mint.h"
#include "pki/web.h"
#include "tls/federation.h"
#include "tls/meet_test.h"
#include "tls/member.h"
#include "tls/outside.h"

#define A	"spiffe://td/ns/x/sa/a"
#define B	"spiffe://td/ns/x/sa/b"
#define FAR	"spiffe://far/ns/x/sa/a"

/* Whose roots vouch for an ID, whatever its domain, by an intermediate of that. */
static struct tls_identity *
identity_of(struct test_ca *ca, const char *domain, const char *id)
{
	struct test_ca as = *ca;
	struct tls_identity *identity;
	struct mint_ca inter = { .common_name = SLICE("another inter"),
		.domain = slice_str(domain), .not_before = ca->inter.not_before,
		.not_after = ca->inter.not_after };
	struct err err = ERR_INIT;

	as.domain = domain;
	as.inter_der = (struct str){ 0 };
	mint_serial(inter.serial);
	mint_intermediate(&as.inter_der, &inter, ca->inter_key.point, &ca->root,
	    &ca->root_key);
	assert_int_equal(cert_parse(&as.inter, str_slice(&as.inter_der), &err),
	    0);
	identity = test_identity(&as, id, 1);
	str_fini(&as.inter_der);
	return identity;
}

/* Believes the roots of ca for that domain; NULL: those of nobody. */
static void
believe(struct tls_identity *id, const char *domain, struct test_ca *ca)
{
	struct bundle *b = bundle_new(slice_str(domain));
	struct bundle_set *s = bundle_set_new();
	struct err err = ERR_INIT;

	if (ca != NULL)
		assert_int_equal(bundle_add_pem(b, str_slice(&ca->bundle_pem),
		    &err), 0);
	assert_int_equal(bundle_set_add(s, b, &err), 0);
	tls_identity_federate(id, s);
	bundle_set_unref(s);
	bundle_unref(b);
}

/* meet's "td", and "far", of which one member, `far`, believes td's roots. */
struct two {
	struct meet         *meet;
	struct test_ca       ca;	/* of far */
	struct tls_identity *far;
};

static struct meet *
two_init(struct two *t)
{
	t->meet = meet_new();
	test_ca_init(&t->ca, "far");
	t->far = test_identity(&t->ca, FAR, 1);
	believe(t->far, "td", &t->meet->ca);
	return t->meet;
}

static void
two_fini(struct two *t)
{
	tls_identity_unref(t->far);
	test_ca_fini(&t->ca);
	meet_free(t->meet);
}

TEST(members_of_two_domains_that_federate_meet)
{
	struct two t;
	struct meet *m = two_init(&t);
	uint8_t hash[HASH_LEN];

	believe(m->b, "far", &t.ca);
	m->client.request.identity = t.far;
	for (int round = 0; round < 2; round++) {
		meet_run(m);
		meet_assert_ok(m, round > 0);
		assert_string_equal(m->server.result.image.peer->id, FAR);
		assert_string_equal(m->client.result.image.peer->id, B);
		assert_true(m->server.result.image.peer->is_foreign);
		assert_true(m->client.result.image.peer->is_foreign);
		/* Resumed or not, it is known which root vouches for whom. */
		hash_sha256(hash, t.ca.root.spki);
		assert_memory_equal(m->server.result.image.peer->root_hash,
		    hash, HASH_LEN);
		hash_sha256(hash, m->ca.root.spki);
		assert_memory_equal(m->client.result.image.peer->root_hash,
		    hash, HASH_LEN);
	}
	m->client.request.identity = m->a;
	meet_run(m);
	meet_assert_ok(m, false);
	assert_false(m->server.result.image.peer->is_foreign);
	assert_false(m->client.result.image.peer->is_foreign);
	two_fini(&t);
}

/* Who comes, by whose roots, and what the server thinks that knows "far". */
static const struct {
	const char   *what, *domain, *id;
	bool          is_of_far;	/* else of the server's own CA */
	enum distrust want;
} comers[] = {
	{ "far's own", "far", FAR, true, DISTRUST_NONE },
	{ "our name by far's root", "td", A, true, DISTRUST_UNKNOWN_ISSUER },
	{ "far's name by our root", "far", FAR, false, DISTRUST_UNKNOWN_ISSUER },
	{ "a third's by far's root", "third", "spiffe://third/ns/x/sa/a", true,
	    DISTRUST_FOREIGN },
	{ "a third's by our root", "third", "spiffe://third/ns/x/sa/a", false,
	    DISTRUST_FOREIGN },
	{ "almost far", "far.", "spiffe://far./ns/x/sa/a", true, DISTRUST_FOREIGN },
};

TEST(no_root_vouches_for_names_of_another_domain)
{
	struct two t;
	struct meet *m = two_init(&t);

	believe(m->b, "far", &t.ca);
	m->client.request.verify_none = true;
	for (size_t i = 0; i < sizeof(comers) / sizeof(comers[0]); i++) {
		struct tls_identity *comer = identity_of(comers[i].is_of_far ?
		    &t.ca : &m->ca, comers[i].domain, comers[i].id);

		m->client.request.identity = comer;
		for (int round = 0; round < 2; round++) {
			meet_run(m);
			if (comers[i].want == DISTRUST_NONE)
				meet_assert_ok(m, false);
			else
				meet_assert(&m->server, TLS_FAIL_CERT,
				    distrust_name(comers[i].want));
		}
		tls_identity_unref(comer);
	}
	two_fini(&t);
}

/* Whom the client of "td" expects of a server of "far", which it federates with. */
static const struct {
	const char   *expected;
	enum distrust want;
} expected[] = {
	{ FAR, DISTRUST_NONE },
	{ "spiffe://far/ns/x/sa/b", DISTRUST_OTHER_PEER },
	{ A, DISTRUST_FOREIGN },
	{ "", DISTRUST_FOREIGN },
	{ "spiffe://third/ns/x/sa/a", DISTRUST_FOREIGN },
};

TEST(a_server_is_judged_by_the_domain_that_is_expected)
{
	struct two t;
	struct meet *m = two_init(&t);

	believe(m->a, "far", &t.ca);
	m->server.request.identity = t.far;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		strcpy(m->client.request.expected_id, expected[i].expected);
		meet_run(m);
		if (expected[i].want == DISTRUST_NONE)
			meet_assert_ok(m, false);
		else
			meet_assert(&m->client, expected[i].want ==
			    DISTRUST_OTHER_PEER ? TLS_FAIL_WRONG_PEER :
			    TLS_FAIL_CERT, distrust_name(expected[i].want));
	}
	two_fini(&t);
}

TEST(nobody_else_says_whom_to_trust_in_our_own_domain)
{
	struct tls_identity *false_a;
	struct two t;
	struct meet *m = two_init(&t);

	false_a = identity_of(&t.ca, "td", A);
	believe(m->b, "td", &t.ca);
	m->client.request.identity = false_a;
	m->client.request.verify_none = true;
	meet_run(m);
	meet_assert(&m->server, TLS_FAIL_CERT,
	    distrust_name(DISTRUST_UNKNOWN_ISSUER));
	tls_identity_unref(false_a);
	two_fini(&t);
}

TEST(a_domain_without_roots_is_believed_no_longer)
{
	struct tls_identity *before;
	struct two t;
	struct meet *m = two_init(&t);

	believe(m->b, "far", &t.ca);
	m->client.request.identity = t.far;
	meet_run(m);
	meet_assert_ok(m, false);
	/* The next generation, as whoever changes what is believed makes it. */
	before = m->b;
	m->b = m->server.request.identity = test_identity(&m->ca, B, 2);
	believe(m->b, "far", NULL);
	meet_run(m);
	meet_assert(&m->server, TLS_FAIL_CERT,
	    distrust_name(DISTRUST_FOREIGN));
	tls_identity_unref(before);
	two_fini(&t);
}

/* Several IDs of a domain of which one suffices, as policies name them. */
static const struct {
	const char      *domain, *first, *second;
	enum tls_failure failure;
	enum distrust    want;
} outsides[] = {
	{ "far", "spiffe://far/x", FAR, TLS_OK, DISTRUST_NONE },
	{ "far", "spiffe://far/x", "spiffe://far/y", TLS_FAIL_WRONG_PEER,
	    DISTRUST_OTHER_PEER },
	{ "third", FAR, "spiffe://third/y", TLS_FAIL_CERT, DISTRUST_FOREIGN },
	{ "td", FAR, A, TLS_FAIL_CERT, DISTRUST_FOREIGN },
};

TEST(a_server_outside_may_be_of_a_domain_and_learns_who_we_are)
{
	struct two t;
	struct meet *m = two_init(&t);

	believe(m->a, "far", &t.ca);
	m->server.request.identity = t.far;
	m->client.request.expected_id[0] = '\0';
	for (size_t i = 0; i < sizeof(outsides) / sizeof(outsides[0]); i++) {
		const struct web_name names[] = {
			{ true, slice_str(outsides[i].first) },
			{ true, slice_str(outsides[i].second) },
		};
		const struct tls_outside_options o = {
			.sni = SLICE("80.b.x.mesh"), .names = names,
			.names_len = 2, .domain = slice_str(outsides[i].domain),
		};

		m->client.request.outside = tls_outside_new(&o);
		for (int round = 0; round < 2; round++) {
			meet_run(m);
			if (outsides[i].failure != TLS_OK) {
				meet_assert(&m->client, outsides[i].failure,
				    distrust_name(outsides[i].want));
				continue;
			}
			meet_assert_ok(m, false);	/* nor resumed */
			assert_string_equal(m->client.result.image.peer->id,
			    FAR);
			assert_int_equal(m->client.result.image.peer->
			    bundle_generation, 1);
			assert_string_equal(m->server.result.image.peer->id, A);
		}
		tls_outside_unref(m->client.request.outside);
	}
	m->client.request.outside = NULL;
	two_fini(&t);
}

TEST(a_server_outside_of_a_domain_has_a_mark_of_its_own)
{
	const struct web_name name = { true, SLICE(FAR) };
	struct tls_outside_options o = { .sni = SLICE("b"), .names = &name,
		.names_len = 1, .domain = SLICE("far") };
	struct tls_outside *one = tls_outside_new(&o), *two;

	o.domain = SLICE("near");
	two = tls_outside_new(&o);
	assert_false(slice_eq(tls_outside_mark(one), tls_outside_mark(two)));
	assert_true(slice_is(tls_outside_domain(one), "far"));
	tls_outside_unref(one);
	tls_outside_unref(two);
}
