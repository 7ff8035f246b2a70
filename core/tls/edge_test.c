#include "tls/edge.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "pki/mint.h"
#include "pki/pem.h"
#include "tls/aead.h"
#include "tls/edge_fixture_test.h"
#include "tls/meet_test.h"

/* Certificate and key as PEM. */
struct pair_pem {
	struct str cert, key;
};

static struct pair_pem
make_rsa(void)
{
	struct pair_pem p = { { 0 }, { 0 } };

	str_add(&p.cert, rsa_cert);
	str_add(&p.key, rsa_key);
	return p;
}

static struct pair_pem
make_ec(const char *dns)
{
	const struct slice name = slice_str(dns);
	struct mint_leaf leaf = {
		.id = SLICE("spiffe://td/ns/x/sa/a"), .dns = &name, .dns_len = 1,
		.not_before = clock_wall_s() - 60,
		.not_after = clock_wall_s() + 3600,
	};
	struct pair_pem p = { { 0 }, { 0 } };
	struct str der = { 0 };
	struct test_ca ca;
	struct key key;

	test_ca_init(&ca, "td");
	key_generate(&key);
	mint_serial(leaf.serial);
	memcpy(leaf.point, key.point, sizeof(leaf.point));
	mint_leaf(&der, &leaf, &ca.inter, &ca.inter_key);
	pem_add(&p.cert, PEM_LABEL_CERT, str_slice(&der));
	key_pem(&p.key, &key);
	str_fini(&der);
	test_ca_fini(&ca);
	return p;
}

static void
fini(struct pair_pem *p)
{
	str_fini(&p->cert);
	str_fini(&p->key);
}

static void
add(struct tls_edge *e, const char *hostname, struct pair_pem p)
{
	struct err err = ERR_INIT;

	if (tls_edge_add(e, slice_str(hostname), str_slice(&p.cert),
	    str_slice(&p.key), &err) != 0)
		fail_msg("%s", err.text);
	fini(&p);
}

/* The index of the one that is shown, or -1. */
static int
shown(const struct tls_edge *e, const char *sni, bool takes_rsa, bool takes_ec)
{
	static const unsigned char rsa[] = { AEAD_RSA_AES_128_GCM >> 8,
		AEAD_RSA_AES_128_GCM & 0xff };
	static const unsigned char ec[] = { AEAD_AES_128_GCM >> 8,
		AEAD_AES_128_GCM & 0xff };
	unsigned char suites[4];
	struct hello *h = mem_zalloc(sizeof(*h));
	size_t n = 0;

	if (takes_rsa)
		memcpy(suites, rsa, sizeof(rsa)), n += 2;
	if (takes_ec)
		memcpy(suites + n, ec, sizeof(ec)), n += 2;
	h->sni = slice_str(sni);
	h->suites = slice_of(suites, n);
	const struct edge_cert *c = edge_choose(e, h);

	mem_free(h);
	for (size_t i = 0; i < e->len; i++)
		if (e->certs[i] == c)
			return (int)i;
	return -1;
}

TEST(an_edge_shows_the_certificate_of_the_name)
{
	struct tls_edge *e = tls_edge_new();

	add(e, "a.example.com", make_ec("a.example.com"));
	add(e, "*.example.com", make_rsa());
	add(e, "*.example.com", make_ec("*.example.com"));
	add(e, "*.example.com", make_ec("b.example.com"));
	assert_int_equal(shown(e, "a.example.com", true, true), 0);
	assert_int_equal(shown(e, "A.Example.Com", true, true), 0);
	/* one that names the host, of a kind that the client takes */
	assert_int_equal(shown(e, "x.example.com", true, true), 1);
	assert_int_equal(shown(e, "x.example.com", false, true), 2);
	assert_int_equal(shown(e, "x.example.com", true, false), 1);
	/* a wildcard of a certificate is one label */
	assert_int_equal(shown(e, "x.y.example.com", false, true), 2);
	assert_int_equal(shown(e, "example.com", true, true), -1);
	assert_int_equal(shown(e, NULL, true, true), -1);
	assert_null(edge_choose(e, NULL));
	add(e, "", make_ec("c"));
	assert_int_equal(shown(e, "example.com", true, true), 4);
	assert_int_equal(shown(e, NULL, true, true), 4);
	assert_non_null(edge_choose(e, NULL));
	tls_edge_unref(e);
}

TEST(an_edge_refuses_what_does_not_fit)
{
	struct tls_edge *e = tls_edge_new();
	struct pair_pem ec = make_ec("a"), other = make_ec("a");
	const char *const ec_cert = str_ptr(&ec.cert),
	    *const ec_key = str_ptr(&ec.key);
	const struct {
		const char *cert, *key, *want;
	} cases[] = {
		{ ec_cert, str_ptr(&other.key), "not the one of" },
		{ rsa_cert, rsa_other_key, "not the one of" },
		{ ec_cert, rsa_key, "P-256" },
		{ rsa_cert, ec_key, "no intact" },
		{ rsa_small_cert, rsa_small_key, "1024 bits" },
		{ p384_cert, p384_key, "no intact" },
		{ "", ec_key, "tls.crt" },
		{ ec_cert, "", "no private key" },
		{ rsa_cert, "", "no intact" },
		{ rsa_cert, "-----BEGIN PRIVATE KEY-----\n", "PEM" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(tls_edge_add(e, SLICE(""),
		    slice_str(cases[i].cert), slice_str(cases[i].key), &err),
		    -1);
		if (strstr(err.text, cases[i].want) == NULL)
			fail_msg("%zu: %s", i, err.text);
	}
	assert_int_equal(e->len, 0);
	fini(&ec);
	fini(&other);
	tls_edge_unref(e);
}

TEST(an_edge_goes_on_showing_what_another_shows)
{
	struct tls_edge *from = tls_edge_new(), *e = tls_edge_new();

	add(from, "a.example.com", make_ec("a.example.com"));
	add(from, "*.example.com", make_rsa());
	tls_edge_keep(e, from, 1);
	tls_edge_unref(from);
	add(e, "a.test", make_ec("a.test"));
	assert_int_equal(shown(e, "x.example.com", true, true), 0);
	assert_int_equal(shown(e, "a.test", false, true), 1);
	tls_edge_unref(e);
}

static struct meet *
meet_edge(struct tls_edge *e)
{
	struct meet *m = meet_new();

	m->client.request.verify_none = true;
	m->client.request.expected_id[0] = '\0';
	strcpy(m->client.request.sni, "a.example.com");
	m->server.request.identity = NULL;
	m->server.request.edge = e;
	return m;
}

TEST(strangers_shake_hands_with_an_edge)
{
	struct tls_edge *e = tls_edge_new();
	struct meet *m = meet_edge(e);
	const struct conn_peer *peer;

	add(e, "a.example.com", make_ec("a.example.com"));
	meet_run(m);
	meet_assert_ok(m, false);
	peer = m->server.result.image.peer;
	assert_string_equal(peer->id, "");
	assert_string_equal(peer->sni, "a.example.com");
	assert_string_equal(peer->alpn, "h2");
	/* A client that has a certificate is not asked for it. */
	assert_true(peer->not_after == 0);
	assert_memory_equal(m->client.result.image.peer->cert_hash,
	    e->certs[0]->hash, HASH_LEN);
	meet_free(m);
	tls_edge_unref(e);
}

TEST(strangers_without_alpn_are_let_in)
{
	struct tls_edge *e = tls_edge_new();
	struct meet *m = meet_edge(e);

	add(e, "", make_ec("a.example.com"));
	m->client.request.alpn = NULL;
	m->client.request.sni[0] = '\0';
	meet_run(m);
	meet_assert_ok(m, false);
	assert_string_equal(m->server.result.image.peer->alpn, "");
	assert_string_equal(m->server.result.image.peer->sni, "");
	meet_free(m);
	tls_edge_unref(e);
}

TEST(a_name_without_certificate_is_told_so)
{
	struct tls_edge *e = tls_edge_new();
	struct meet *m = meet_edge(e);

	add(e, "b.example.com", make_ec("b.example.com"));
	meet_run(m);
	meet_assert(&m->server, TLS_FAIL_UNKNOWN_NAME, NULL);
	meet_assert(&m->client, TLS_FAIL_PROTOCOL, NULL);
	assert_true(m->client.result.is_alert);
	assert_int_equal(m->client.result.engine_error,
	    BR_ERR_RECV_FATAL_ALERT + 112);
	meet_free(m);
	tls_edge_unref(e);
}
