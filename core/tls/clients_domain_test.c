#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "pki/revoked.h"
#include "tls/clients_run.h"
#include "tls/edge_fixture_test.h"
#include "tls/federation.h"
#include "tls/meet_test.h"
#include "tls/outside.h"

#define FAR	"spiffe://far/ns/x/sa/a"
#define THIRD	"spiffe://third/ns/x/sa/a"

/* A gateway that asks for members of "far", and for clients of a CA of the web. */
struct gate {
	struct meet  *m;
	struct test_ca far, web;
};

static struct tls_edge *
edge_of(struct test_ca *ca, const char *id)
{
	const struct test_leaf leaf = { .id = id };
	struct str chain = { 0 }, key = { 0 };
	struct tls_edge *e = tls_edge_new();
	struct err err = ERR_INIT;

	if (ca == NULL) {
		str_add(&chain, rsa_cert);
		str_add(&key, rsa_key);
	} else {
		test_leaf_pem(ca, &leaf, &chain, &key);
	}
	assert_int_equal(tls_edge_add(e, SLICE(""), str_slice(&chain),
	    str_slice(&key), &err), 0);
	str_fini(&chain);
	str_fini(&key);
	return e;
}

static struct bundle_set *
set_of(const char *domain, struct test_ca *ca)
{
	struct bundle_set *s = bundle_set_new();
	struct bundle *b = bundle_new(slice_str(domain));
	struct err err = ERR_INIT;

	b->is_foreign = true;
	assert_int_equal(bundle_add_pem(b, str_slice(&ca->bundle_pem), &err), 0);
	assert_int_equal(bundle_set_add(s, b, &err), 0);
	bundle_unref(b);
	return s;
}

/* Of the CA of the web unless has_web is false. */
static void
gate_open(struct gate *g, const char *asks_for, bool has_web, bool is_optional)
{
	const struct slice domain = slice_str(asks_for);
	struct web_roots *roots = web_roots_new();
	struct tls_request *q;
	struct err err = ERR_INIT;
	struct bundle_set *s;

	g->m = meet_new();
	test_ca_init(&g->far, "far");
	test_ca_init(&g->web, "far");	/* which it is not */
	q = &g->m->server.request;
	q->edge = edge_of(NULL, NULL);
	if (has_web)
		assert_int_equal(web_roots_add(roots,
		    str_slice(&g->web.bundle_pem), &err), 0);
	q->clients = tls_clients_new(roots, &domain, 1, is_optional);
	web_roots_unref(roots);
	s = set_of("far", &g->far);
	tls_identity_federate(g->m->b, s);
	bundle_set_unref(s);
}

static void
gate_make(struct gate *g, const char *asks_for, bool is_optional)
{
	gate_open(g, asks_for, true, is_optional);
}

/* Somebody shows a certificate of that CA with that name; NULL: none. */
static void
gate_call(struct gate *g, struct test_ca *ca, const char *id)
{
	struct tls_request *q = &g->m->client.request;
	struct web_roots *roots = web_roots_new();
	const struct web_name name = { false, SLICE("api.example.com") };
	struct tls_outside_options o = { .sni = SLICE("api.example.com"),
		.roots = roots, .names = &name, .names_len = 1 };
	struct err err = ERR_INIT;

	assert_int_equal(web_roots_add(roots, slice_str(rsa_cert), &err), 0);
	o.shown = ca == NULL ? NULL : edge_of(ca, id);
	q->identity = NULL;
	q->expected_id[0] = '\0';
	strcpy(q->sni, "api.example.com");
	q->outside = tls_outside_new(&o);
	tls_edge_unref(o.shown);
	web_roots_unref(roots);
	meet_run(g->m);
	tls_outside_unref(q->outside);
	q->outside = NULL;
}

static void
gate_free(struct gate *g)
{
	tls_edge_unref(g->m->server.request.edge);
	tls_clients_unref(g->m->server.request.clients);
	test_ca_fini(&g->far);
	test_ca_fini(&g->web);
	meet_free(g->m);
}

TEST(clients_of_a_trust_domain_come_with_their_ids)
{
	const struct conn_peer *peer;
	uint8_t hash[HASH_LEN];
	struct gate g;

	gate_make(&g, "far", false);
	for (int round = 0; round < 2; round++) {
		gate_call(&g, &g.far, FAR);
		meet_assert_ok(g.m, false);
		peer = g.m->server.result.image.peer;
		assert_string_equal(peer->id, FAR);
		assert_true(peer->is_foreign);
		hash_sha256(hash, g.far.root.spki);
		assert_memory_equal(peer->root_hash, hash, HASH_LEN);
		/* It is a client for all that. */
		assert_non_null(peer->subject);
		assert_non_null(strstr(peer->names, "URI=" FAR));
	}
	/* Who is of none comes as before. */
	gate_call(&g, &g.web, "spiffe://web/x");
	meet_assert_ok(g.m, false);
	peer = g.m->server.result.image.peer;
	assert_string_equal(peer->id, "");
	assert_false(peer->is_foreign);
	assert_non_null(strstr(peer->names, "URI=spiffe://web/x"));
	gate_free(&g);
}

enum by { BY_FAR, BY_WEB };

static const struct {
	const char   *what, *asks_for;
	enum by       by;
	const char   *id;
	enum distrust want;
} strangers[] = {
	/* Whose name is that of far's own. */
	{ "far's name by a root of the web", "far", BY_WEB, FAR,
	    DISTRUST_KEY_ID },
	{ "a third's name by far's root", "far", BY_FAR, THIRD,
	    DISTRUST_UNKNOWN_ISSUER },
	{ "our name by far's root", "far", BY_FAR, "spiffe://td/ns/x/sa/a",
	    DISTRUST_UNKNOWN_ISSUER },
	{ "who is known and not asked for", "other", BY_FAR, FAR,
	    DISTRUST_UNKNOWN_ISSUER },
	{ "who is asked for and not known", "third", BY_FAR, THIRD,
	    DISTRUST_FOREIGN },
	{ "likewise, by a root of the web", "third", BY_WEB, THIRD,
	    DISTRUST_FOREIGN },
};

TEST(clients_of_a_trust_domain_have_its_roots_alone)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		for (int optional = 0; optional < 2; optional++) {
			struct gate g;

			gate_make(&g, strangers[i].asks_for, optional);
			gate_call(&g, strangers[i].by == BY_FAR ? &g.far : &g.web,
			    strangers[i].id);
			if (optional) {
				meet_assert_ok(g.m, false);
				assert_string_equal(g.m->server.result.image.
				    peer->id, "");
				assert_null(g.m->server.result.image.peer->
				    subject);
			} else {
				meet_assert(&g.m->server, TLS_FAIL_CERT,
				    distrust_name(strangers[i].want));
			}
			gate_free(&g);
		}
}

/* A domain whose roots are not known yet, or that has taken all of them back. */
TEST(clients_of_a_domain_without_roots_are_not_let_in)
{
	for (int shows = 0; shows < 2; shows++)
		for (int optional = 0; optional < 2; optional++) {
			struct gate g;

			gate_open(&g, "third", false, optional);
			gate_call(&g, shows ? &g.web : NULL, THIRD);
			if (optional)
				meet_assert_ok(g.m, false);
			else
				assert_int_equal(g.m->server.result.failure,
				    shows ? TLS_FAIL_CERT : TLS_FAIL_NO_CERT);
			gate_free(&g);
		}
}

TEST(clients_of_a_trust_domain_may_be_revoked)
{
	const int64_t now = clock_wall_s();
	const struct revoked_entry e = { SLICE(FAR), now + 60, now + 3600 };
	struct revoked *list = revoked_new();
	struct err err = ERR_INIT;
	struct gate g;

	gate_make(&g, "far", false);
	assert_int_equal(revoked_add(list, &e, &err), 0);
	tls_identity_refuse(g.m->b, list);
	revoked_unref(list);
	gate_call(&g, &g.far, FAR);
	meet_assert(&g.m->server, TLS_FAIL_CERT,
	    distrust_name(DISTRUST_REVOKED));
	gate_free(&g);
}

TEST(clients_are_asked_by_the_names_of_all_roots)
{
	br_x500_name *names;
	struct bundle_set *s;
	struct gate g;
	size_t n;

	gate_make(&g, "far", false);
	s = tls_identity_federated(g.m->b);
	names = clients_names(g.m->server.request.clients, s, &n);
	assert_int_equal(n, 2);
	assert_true(slice_eq(slice_of(names[1].data, names[1].len),
	    g.far.root.subject));
	mem_free(names);
	names = clients_names(g.m->server.request.clients, NULL, &n);
	assert_int_equal(n, 1);
	mem_free(names);
	bundle_set_unref(s);
	gate_free(&g);
}
