#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/attest.h"
#include "modes/control/server_fixture.h"
#include "pki/spiffe.h"

#define CONTROL	"spiffe://td/control"

static void
put_key(struct server_fixture *t, const char *name, const struct key *key,
    const char *more)
{
	struct str yaml = { 0 }, pem = { 0 };

	host_proof_add_public(&pem, key->point);
	str_addf(&yaml, "{apiVersion: mesh/v1, kind: HostAttestor, metadata: "
	    "{name: %s, namespace: shop}, spec: {type: HostKey, hostKey: "
	    "{publicKey: ", name);
	str_add_json(&yaml, str_slice(&pem));
	str_addf(&yaml, "}, %s}}", more);
	server_fixture_put(t, str_ptr(&yaml));
	str_fini(&yaml);
	str_fini(&pem);
}

struct asked {
	uint8_t nonce[HOST_NONCE_LEN];
	struct str key, proof;
	struct attest_question q;
};

static void
ask(struct asked *a, const struct attest *t, const struct key *key,
    const char *service, int64_t now)
{
	struct str text = { 0 };

	*a = (struct asked){ 0 };
	attest_nonce(t, now, a->nonce);
	host_proof_add_public(&a->key, key->point);
	host_proof_add_text(&text, a->nonce, SLICE("csr"), SLICE(CONTROL));
	host_proof_sign_bare(&a->proof, key, str_slice(&text));
	a->q = (struct attest_question){
		.evidence = { .type = SLICE("HostKey"), .key = str_slice(&a->key) },
		.service = slice_str(service), .csr = SLICE("csr"),
		.nonce = slice_of(a->nonce, HOST_NONCE_LEN),
		.proof = str_slice(&a->proof), .control = SLICE(CONTROL),
	};
	str_fini(&text);
}

static void
forget(struct asked *a)
{
	str_fini(&a->key);
	str_fini(&a->proof);
}

TEST(attest_nonces_are_ours_young_and_good_once)
{
	struct server_fixture *t = server_fixture_new();
	struct attest *one = attest_new(), *other = attest_new();
	int64_t now = clock_wall_s();
	struct attested got;
	struct asked a;
	struct arena arena;
	struct err err = ERR_INIT;
	struct key key;

	arena_init(&arena);
	key_generate(&key);
	put_key(t, "db1", &key, "services: [orders]");
	ask(&a, one, &key, "shop/orders", now);
	assert_int_equal(attest_judge(other, t->s->registry, &arena, &a.q, now,
	    &got, &err), -1);
	assert_int_equal(attest_judge(one, t->s->registry, &arena, &a.q,
	    now + ATTEST_NONCE_S, &got, &err), -1);
	assert_int_equal(attest_judge(one, t->s->registry, &arena, &a.q, now - 1,
	    &got, &err), -1);
	assert_non_null(strstr(err.text, "nonce"));
	for (size_t i = 0; i < HOST_NONCE_LEN; i++) {
		a.nonce[i] ^= 1;
		assert_int_equal(attest_judge(one, t->s->registry, &arena, &a.q,
		    now, &got, &err), -1);
		a.nonce[i] ^= 1;
	}
	/* What is wrong does not use it up; what is right does. */
	a.q.service = SLICE("shop/web");
	assert_int_equal(attest_judge(one, t->s->registry, &arena, &a.q, now,
	    &got, &err), -1);
	assert_non_null(strstr(err.text, "may not serve web"));
	a.q.service = SLICE("shop/orders");
	assert_int_equal(attest_judge(one, t->s->registry, &arena, &a.q,
	    now + ATTEST_NONCE_S - 1, &got, &err), 0);
	assert_int_equal(attest_judge(one, t->s->registry, &arena, &a.q, now,
	    &got, &err), -1);
	assert_non_null(strstr(err.text, "nonce"));
	forget(&a);
	attest_free(one);
	attest_free(other);
	arena_fini(&arena);
	key_fini(&key);
	server_fixture_free(t);
}

static const struct {
	const char *spec, *service, *account, *name;	/* NULL: refused */
} grants[] = {
	{ "services: [orders]", "shop/orders", "orders", "orders-db1-" },
	{ "services: [orders], serviceAccount: sell", "shop/orders",
	    "sell", "orders-db1-" },
	{ "services: ['{host}-x']", "shop/db1-x", "db1-x",
	    "db1-x-db1-" },
	{ "services: ['*']", "shop/"
	    "a23456789012345678901234567890123456789012345678901234567",
	    "a23456789012345678901234567890123456789012345678901234567",
	    "a234567890123456789012345678901234567890123456-" },
	{ "services: ['*']", "other/orders", NULL, NULL },
	{ "services: ['*']", "shop/gw--edge", NULL, NULL },
	{ "services: [web], gateways: [edge], serviceAccount: sell",
	    "shop/gw--edge", "gw--edge", "gw--edge-db1-" },
	{ "gateways: [edge]", "shop/gw--other", NULL, NULL },
	{ "gateways: ['*']", "shop/web", NULL, NULL },
	{ "gateways: ['*']", "shop/gw--", NULL, NULL },
	{ "gateways: [edge]", "other/gw--edge", NULL, NULL },
	{ "services: ['*']", "shop/a/b", NULL, NULL },
	{ "services: ['*']", "shop/", NULL, NULL },
	{ "services: ['*']", "orders", NULL, NULL },
	{ "services: ['*'], expires: 2020-01-01T00:00:00Z",
	    "shop/orders", NULL, NULL },
};

TEST(attest_gives_what_the_document_says_and_nothing_else)
{
	struct server_fixture *t = server_fixture_new();
	int64_t now = clock_wall_s();
	struct key key;

	key_generate(&key);
	for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
		struct attested got = { .since = 0 };
		struct err err = ERR_INIT;
		struct arena arena;
		struct asked a;
		int r;

		arena_init(&arena);
		put_key(t, "db1", &key, grants[i].spec);
		ask(&a, t->s->attest, &key, grants[i].service, now);
		r = attest_judge(t->s->attest, t->s->registry, &arena, &a.q, now,
		    &got, &err);
		assert_int_equal(r == 0, grants[i].account != NULL);
		if (r == 0) {
			assert_true(slice_is(got.grant.account,
			    grants[i].account));
			assert_true(slice_is(got.grant.ns, "shop"));
			assert_true(slice_has_prefix(got.grant.name,
			    slice_str(grants[i].name)));
			assert_true(spiffe_label_ok(got.grant.name));
			/* 64 bits of hash, which nobody collides on purpose. */
			assert_int_equal(got.grant.name.len,
			    strlen(grants[i].name) + 16);
			assert_true(slice_is(got.attestor, "shop/db1"));
			assert_true(slice_is(got.host, "db1"));
			assert_true(got.since > 0);
		}
		forget(&a);
		arena_fini(&arena);
	}
	key_fini(&key);
	server_fixture_free(t);
}

/* Whoever has the old one had what it gave; records of before do not know. */
TEST(attest_stands_by_the_key_that_is_registered_now)
{
	struct server_fixture *t = server_fixture_new();
	int64_t now = clock_wall_s();
	struct key first, second;
	struct attested got;
	struct asked a;
	struct arena arena;
	struct err err = ERR_INIT;

	arena_init(&arena);
	key_generate(&first);
	key_generate(&second);
	put_key(t, "db1", &first, "services: [orders]");
	ask(&a, t->s->attest, &first, "shop/orders", now);
	assert_int_equal(attest_judge(t->s->attest, t->s->registry, &arena, &a.q,
	    now, &got, &err), 0);
	struct cert_record c = { .grant = got.grant, .attestor = got.attestor,
	    .host = got.host, .credential = got.credential };

	assert_null(attest_ended(t->s->registry, &arena, &c, now));
	put_key(t, "db1", &first, "services: [orders, web]");
	assert_null(attest_ended(t->s->registry, &arena, &c, now));
	put_key(t, "db1", &second, "services: [orders]");
	assert_non_null(attest_ended(t->s->registry, &arena, &c, now));
	c.credential = SLICE_NONE;
	assert_null(attest_ended(t->s->registry, &arena, &c, now));
	forget(&a);
	key_fini(&first);
	key_fini(&second);
	arena_fini(&arena);
	server_fixture_free(t);
}

/* One with another's key and his own proof, and one with his key and no proof. */
TEST(attest_needs_the_key_that_is_registered)
{
	struct server_fixture *t = server_fixture_new();
	int64_t now = clock_wall_s();
	struct key ours, theirs;
	struct attested got;
	struct asked a, b;
	struct arena arena;
	struct err err = ERR_INIT;

	arena_init(&arena);
	key_generate(&ours);
	key_generate(&theirs);
	put_key(t, "a1", &theirs, "services: [web]");
	put_key(t, "db1", &ours, "services: [orders]");
	ask(&a, t->s->attest, &theirs, "shop/orders", now);
	assert_int_equal(attest_judge(t->s->attest, t->s->registry, &arena, &a.q,
	    now, &got, &err), -1);
	ask(&b, t->s->attest, &ours, "shop/orders", now);
	b.q.proof = a.q.proof;
	assert_int_equal(attest_judge(t->s->attest, t->s->registry, &arena, &b.q,
	    now, &got, &err), -1);
	/* Nothing is looked into without one, not even who might take it. */
	err = ERR_INIT;
	b.q.service = SLICE("nowhere/orders");
	assert_int_equal(attest_judge(t->s->attest, t->s->registry, &arena, &b.q,
	    now, &got, &err), -1);
	assert_non_null(strstr(err.text, "proof"));
	b.q.service = SLICE("shop/orders");
	b.q.proof = str_slice(&b.proof);
	b.q.control = SLICE("spiffe://other/control");
	assert_int_equal(attest_judge(t->s->attest, t->s->registry, &arena, &b.q,
	    now, &got, &err), -1);
	assert_non_null(strstr(err.text, "proof"));
	b.q.control = SLICE(CONTROL);
	err = ERR_INIT;
	assert_int_equal(attest_judge(t->s->attest, t->s->registry, &arena, &b.q,
	    now, &got, &err), 0);
	forget(&a);
	forget(&b);
	key_fini(&ours);
	key_fini(&theirs);
	arena_fini(&arena);
	server_fixture_free(t);
}
