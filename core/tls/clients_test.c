#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "pki/mint.h"
#include "tls/clients_run.h"
#include "tls/edge.h"
#include "tls/edge_fixture_test.h"
#include "tls/meet_test.h"
#include "tls/outside_run.h"

/* What is shown, and whose roots are trusted: RSA's own, or our CA's. */
enum who { NOBODY, RSA, EC };

static struct tls_edge *
make_shown(struct test_ca *ca, enum who who)
{
	const struct test_leaf leaf = { .id = "spiffe://td/ns/x/sa/a" };
	struct tls_edge *e;
	struct str chain = { 0 }, key = { 0 };
	struct err err = ERR_INIT;

	if (who == NOBODY)
		return NULL;
	if (who == RSA) {
		str_add(&chain, rsa_cert);
		str_add(&key, rsa_key);
	} else {
		test_leaf_pem(ca, &leaf, &chain, &key);
	}
	e = tls_edge_new();
	if (tls_edge_add(e, SLICE(""), str_slice(&chain), str_slice(&key),
	    &err) != 0)
		fail_msg("%s", err.text);
	str_fini(&chain);
	str_fini(&key);
	return e;
}

static struct web_roots *
make_roots(struct test_ca *ca, enum who who)
{
	struct web_roots *roots = web_roots_new();
	struct err err = ERR_INIT;

	assert_int_equal(web_roots_add(roots, who == RSA ? slice_str(rsa_cert) :
	    str_slice(&ca->bundle_pem), &err), 0);
	return roots;
}

/* The server has an RSA key, and the client knows it by that. */
static struct meet *
meet_clients(enum who shown, enum who trusted, bool is_optional)
{
	struct meet *m = meet_new();
	struct tls_request *c = &m->client.request, *s = &m->server.request;
	struct web_roots *roots = make_roots(&m->ca, RSA);
	struct web_name name = { false, SLICE("api.example.com") };
	struct tls_outside_options o = { .sni = SLICE("api.example.com"),
		.roots = roots, .names = &name, .names_len = 1 };

	o.shown = make_shown(&m->ca, shown);
	c->identity = s->identity = NULL;
	c->expected_id[0] = '\0';
	c->outside = tls_outside_new(&o);
	strcpy(c->sni, "api.example.com");
	tls_edge_unref(o.shown);
	web_roots_unref(roots);
	s->edge = make_shown(&m->ca, RSA);
	roots = make_roots(&m->ca, trusted);
	s->clients = tls_clients_new(roots, NULL, 0, is_optional);
	web_roots_unref(roots);
	return m;
}

static void
end(struct meet *m)
{
	tls_outside_unref(m->client.request.outside);
	tls_edge_unref(m->server.request.edge);
	tls_clients_unref(m->server.request.clients);
	meet_free(m);
}

static const struct {
	enum who         shown, trusted;
	bool             is_optional;
	enum tls_failure failure;
	enum distrust    why;
	const char      *names;		/* of who is vouched for */
} cases[] = {
	{ EC, EC, false, TLS_OK, DISTRUST_NONE, "URI=spiffe://td/ns/x/sa/a" },
	{ EC, EC, true, TLS_OK, DISTRUST_NONE, "URI=spiffe://td/ns/x/sa/a" },
	{ RSA, RSA, false, TLS_OK, DISTRUST_NONE, "DNS=*.example.com" },
	{ RSA, EC, false, TLS_FAIL_CERT, DISTRUST_UNKNOWN_ISSUER, NULL },
	{ EC, RSA, false, TLS_FAIL_CERT, DISTRUST_UNKNOWN_ISSUER, NULL },
	{ RSA, EC, true, TLS_OK, DISTRUST_NONE, NULL },
	{ NOBODY, EC, false, TLS_FAIL_NO_CERT, DISTRUST_NONE, NULL },
	{ NOBODY, EC, true, TLS_OK, DISTRUST_NONE, NULL },
};

static void
check_case(size_t i, struct meet *m)
{
	const struct conn_peer *peer = m->server.result.image.peer;

	meet_assert(&m->server, cases[i].failure, cases[i].failure ==
	    TLS_FAIL_CERT ? distrust_name(cases[i].why) : NULL);
	if (cases[i].failure != TLS_OK)
		return;
	meet_assert_ok(m, false);
	assert_string_equal(peer->id, "");
	if (cases[i].names == NULL) {
		assert_null(peer->subject);
		assert_null(peer->names);
		assert_int_equal(peer->not_after, 0);
		return;
	}
	assert_non_null(peer->subject);
	assert_non_null(strstr(peer->names, cases[i].names));
	assert_true(peer->not_after > clock_wall_s());
}

/* Twice, as the second handshake could resume the first one's session. */
TEST(clients_are_let_in_by_their_certificates)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct meet *m = meet_clients(cases[i].shown, cases[i].trusted,
		    cases[i].is_optional);

		for (int round = 0; round < 2; round++) {
			meet_run(m);
			check_case(i, m);
		}
		end(m);
	}
}

/* A session that was made where nobody is asked proves nobody. */
TEST(a_session_does_not_get_around_the_question)
{
	struct meet *m = meet_new();
	struct tls_request *s = &m->server.request;
	struct web_roots *roots = make_roots(&m->ca, EC);

	s->identity = NULL;
	s->edge = make_shown(&m->ca, EC);
	m->client.request.expected_id[0] = '\0';
	meet_run(m);
	meet_assert_ok(m, false);
	meet_run(m);
	meet_assert_ok(m, true);
	s->clients = tls_clients_new(roots, NULL, 0, false);
	meet_run(m);
	meet_assert_ok(m, false);
	assert_non_null(m->server.result.image.peer->subject);
	tls_clients_unref(s->clients);
	tls_edge_unref(s->edge);
	web_roots_unref(roots);
	meet_free(m);
}

TEST(a_server_that_does_not_ask_is_shown_nothing)
{
	struct meet *m = meet_clients(EC, EC, false);

	tls_clients_unref(m->server.request.clients);
	m->server.request.clients = NULL;
	meet_run(m);
	meet_assert_ok(m, false);
	assert_null(m->server.result.image.peer->subject);
	end(m);
}

/* --- in words --------------------------------------------------------------- */

static const struct {
	const char *uri, *dns, *want;
} texts[] = {
	{ "spiffe://td/ns/x/sa/a", "a.example",
	    "URI=spiffe://td/ns/x/sa/a;DNS=a.example" },
	{ "spiffe://td/ns/x/sa/a", "a,b;c=d", "URI=spiffe://td/ns/x/sa/a;"
	    "DNS=\"a,b;c=d\"" },
	{ "spiffe://td/ns/x/sa/a", "a\"\\", "URI=spiffe://td/ns/x/sa/a;"
	    "DNS=\"a\\\"\\\\\"" },
	{ "spiffe://td/ns/x/sa/a", "a b", "URI=spiffe://td/ns/x/sa/a" },
	{ "spiffe://td/ns/x/sa/a", "a\r\nb", "URI=spiffe://td/ns/x/sa/a" },
};

/* As the subjectAltName extension has them (RFC 5280, 4.2.1.6). */
static void
add_san(struct str *out, char tag, const char *text)
{
	str_add_char(out, tag);
	str_add_char(out, (char)strlen(text));
	str_add(out, text);
}

TEST(names_of_a_certificate_cannot_break_out)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str san = { 0 }, subject = { 0 }, names = { 0 };
		struct cert leaf = { .subject = SLICE("\x30\x00") };

		add_san(&san, (char)0x86, texts[i].uri);
		add_san(&san, (char)0x82, texts[i].dns);
		leaf.san = str_slice(&san);
		clients_describe(&leaf, &subject, &names);
		assert_string_equal(str_ptr(&names), texts[i].want);
		assert_string_equal(str_ptr(&subject), "");
		str_fini(&san);
		str_fini(&subject);
		str_fini(&names);
	}
}

TEST(names_beyond_the_limit_are_left_out)
{
	struct str san = { 0 }, subject = { 0 }, names = { 0 };
	struct cert leaf = { .subject = SLICE("\x30\x00") };

	for (int i = 0; i < 500; i++)
		add_san(&san, (char)0x82, "name.example");
	leaf.san = str_slice(&san);
	clients_describe(&leaf, &subject, &names);
	assert_in_range(names.len, CLIENTS_TEXT_MAX / 2, CLIENTS_TEXT_MAX);
	str_fini(&san);
	str_fini(&names);
}
