#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/cert.h"
#include "tls/handshake.h"
#include "tls/meet_test.h"

static void
assert_failure(const struct meet_end *e, enum tls_failure want,
    const char *cert_reason)
{
	if (e->result.failure != want)
		fail_msg("%s instead of %s: %s",
		    tls_failure_name(e->result.failure),
		    tls_failure_name(want), e->result.text);
	if (cert_reason != NULL)
		assert_string_equal(e->result.cert_reason, cert_reason);
	else
		assert_null(e->result.cert_reason);
	assert_true(e->result.text[0] != '\0');
	assert_true((e->result.image.fd >= 0) == (want == TLS_OK));
}

static void
assert_both_ok(struct meet *m, bool is_resumed)
{
	assert_failure(&m->client, TLS_OK, NULL);
	assert_failure(&m->server, TLS_OK, NULL);
	assert_int_equal(m->client.result.image.peer.is_resumed, is_resumed);
	assert_int_equal(m->server.result.image.peer.is_resumed, is_resumed);
}

TEST(each_end_learns_who_the_other_is)
{
	struct meet *m = meet_new();
	const struct conn_peer *c = &m->client.result.image.peer;
	const struct conn_peer *s = &m->server.result.image.peer;

	meet_run(m);
	assert_both_ok(m, false);
	assert_string_equal(c->id, "spiffe://td/ns/x/sa/b");
	assert_string_equal(s->id, "spiffe://td/ns/x/sa/a");
	assert_string_equal(c->alpn, "h2");
	assert_string_equal(s->alpn, "h2");
	assert_string_equal(c->sni, "80.b.x.mesh");
	assert_string_equal(s->sni, "80.b.x.mesh");
	assert_true(c->is_tls && s->is_tls);
	assert_true(c->not_after == tls_identity_not_after(m->b));
	assert_true(s->not_after == tls_identity_not_after(m->a));
	assert_memory_equal(c->cert_hash, m->b->hash, 32);
	assert_memory_equal(s->cert_hash, m->a->hash, 32);
	assert_true(c->bundle_generation == 1 && s->bundle_generation == 1);
	assert_memory_equal(&m->client.result.image.tx,
	    &m->server.result.image.rx, sizeof(struct conn_key));
	meet_free(m);
}

TEST(a_server_name_arrives_in_lower_case)
{
	struct meet *m = meet_new();

	strcpy(m->client.request.sni, "80.B.X.Mesh");
	meet_run(m);
	assert_both_ok(m, false);
	assert_string_equal(m->server.result.image.peer.sni, "80.b.x.mesh");
	meet_free(m);
}

TEST(a_server_name_that_would_spoil_a_log_is_refused)
{
	struct meet *m = meet_new();

	strcpy(m->client.request.sni, "80.b\n.mesh");
	meet_run(m);
	assert_failure(&m->server, TLS_FAIL_PROTOCOL, NULL);
	meet_free(m);
}

TEST(the_peer_must_be_the_expected_one)
{
	struct meet *m = meet_new();

	strcpy(m->client.request.expected_id, "spiffe://td/ns/x/sa/c");
	meet_run(m);
	assert_failure(&m->client, TLS_FAIL_WRONG_PEER,
	    distrust_name(DISTRUST_OTHER_PEER));
	assert_failure(&m->server, TLS_FAIL_PROTOCOL, NULL);
	assert_int_equal(m->server.result.engine_error,
	    BR_ERR_RECV_FATAL_ALERT + BR_ALERT_BAD_CERTIFICATE);
	assert_non_null(strstr(m->server.result.text, "BearSSL 298"));
	meet_free(m);
}

TEST(anyone_of_the_domain_may_be_expected)
{
	struct meet *m = meet_new();

	m->client.request.expected_id[0] = '\0';
	meet_run(m);
	assert_both_ok(m, false);
	meet_free(m);
}

/* An identity that trusts its own roots and is trusted by nobody else. */
static void
meet_stranger(const char *domain, const char *id, enum distrust want)
{
	struct meet *m = meet_new();
	struct test_ca foreign;

	test_ca_init(&foreign, domain);
	struct tls_identity *stranger = test_identity(&foreign, id, 1);

	/* As a client that does not care who it talks to. */
	m->client.request.identity = stranger;
	m->client.request.verify_none = true;
	meet_run(m);
	assert_failure(&m->server, TLS_FAIL_CERT, distrust_name(want));
	assert_failure(&m->client, TLS_FAIL_PROTOCOL, NULL);
	/* As a server. */
	m->client.request.identity = m->a;
	m->client.request.verify_none = false;
	m->server.request.identity = stranger;
	meet_run(m);
	assert_failure(&m->client, TLS_FAIL_CERT, distrust_name(want));
	tls_identity_unref(stranger);
	test_ca_fini(&foreign);
	meet_free(m);
}

TEST(strangers_are_refused_at_both_ends)
{
	meet_stranger("other", "spiffe://other/ns/x/sa/b",
	    DISTRUST_UNKNOWN_ISSUER);
	/* Our names and our roots' names, but not our roots. */
	meet_stranger("td", "spiffe://td/ns/x/sa/b", DISTRUST_KEY_ID);
}

static void
meet_aged(int64_t from, int64_t to, enum distrust want)
{
	struct meet *m = meet_new();
	struct test_leaf leaf = { "spiffe://td/ns/x/sa/a", from, to };
	struct str chain = { 0 }, key = { 0 };
	struct err err = ERR_INIT;

	test_leaf_pem(&m->ca, &leaf, &chain, &key);
	m->client.request.identity = tls_identity_new(str_slice(&chain),
	    str_slice(&key), str_slice(&m->ca.bundle_pem), "td", 1, &err);
	assert_non_null(m->client.request.identity);
	meet_run(m);
	assert_failure(&m->server, TLS_FAIL_CERT, distrust_name(want));
	tls_identity_unref(m->client.request.identity);
	str_fini(&chain);
	str_fini(&key);
	meet_free(m);
}

TEST(expired_and_early_certificates_are_refused)
{
	meet_aged(-7200, -3600, DISTRUST_EXPIRED);
	meet_aged(3600, 7200, DISTRUST_NOT_YET);
}

static struct tls_identity *
bundle_only(struct meet *m)
{
	struct err err = ERR_INIT;
	struct tls_identity *id = tls_identity_new(SLICE_NONE, SLICE_NONE,
	    str_slice(&m->ca.bundle_pem), "td", 1, &err);

	assert_non_null(id);
	assert_string_equal(tls_identity_id(id), "");
	return id;
}

TEST(a_client_without_certificate)
{
	struct meet *m = meet_new();
	struct tls_identity *id = bundle_only(m);

	m->client.request.identity = id;
	meet_run(m);
	assert_failure(&m->server, TLS_FAIL_NO_CERT, NULL);
	assert_int_equal(m->server.result.engine_error, BR_ERR_NO_CLIENT_AUTH);

	/* Where control's join allows it, nobody is proven. */
	m->server.request.client_cert_optional = true;
	meet_run(m);
	assert_both_ok(m, false);
	assert_string_equal(m->server.result.image.peer.id, "");
	assert_string_equal(m->client.result.image.peer.id,
	    "spiffe://td/ns/x/sa/b");

	/* Its session does not open a door that asks for certificates. */
	m->server.request.client_cert_optional = false;
	meet_run(m);
	assert_failure(&m->server, TLS_FAIL_NO_CERT, NULL);
	tls_identity_unref(id);
	meet_free(m);
}

TEST(first_contact_keeps_the_chain_and_proves_nothing)
{
	struct meet *m = meet_new();
	struct cert leaf;
	struct err err = ERR_INIT;
	size_t len;

	m->client.request.identity = NULL;
	m->client.request.verify_none = true;
	m->client.request.expected_id[0] = '\0';
	m->server.request.client_cert_optional = true;
	for (int round = 0; round < 2; round++) {	/* never resumed */
		const unsigned char *p;

		meet_run(m);
		assert_both_ok(m, false);
		assert_string_equal(m->client.result.image.peer.id, "");
		p = m->client.result.peer_chain;
		assert_non_null(p);
		len = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
		    (size_t)p[2] << 8 | p[3];
		assert_int_equal(cert_parse(&leaf, slice_of(p + 4, len), &err),
		    0);
		assert_true(slice_is(leaf.uri, "spiffe://td/ns/x/sa/b"));
		assert_int_equal(m->client.result.peer_chain_len,
		    4 + len + 4 + m->ca.inter_der.len);
	}
	meet_free(m);
}

TEST(nobody_is_believed_without_roots)
{
	struct meet *m = meet_new();

	m->client.request.identity = NULL;
	meet_run(m);
	assert_failure(&m->client, TLS_FAIL_CERT,
	    distrust_name(DISTRUST_UNKNOWN_ISSUER));
	meet_free(m);
}

TEST(protocols_must_match)
{
	static const char *const other[] = { "mesh-tcp/1", NULL };
	static const char *const second[] = { "http/1.1", NULL };
	struct meet *m = meet_new();

	m->client.request.alpn = other;
	meet_run(m);
	assert_failure(&m->client, TLS_FAIL_NO_ALPN, NULL);
	assert_failure(&m->server, TLS_FAIL_NO_ALPN, NULL);
	m->client.request.alpn = NULL;
	meet_run(m);
	assert_failure(&m->server, TLS_FAIL_NO_ALPN, NULL);
	m->client.request.alpn = second;
	meet_run(m);
	assert_both_ok(m, false);
	assert_string_equal(m->server.result.image.peer.alpn, "http/1.1");
	/* A server that does not care about it. */
	m->server.request.alpn = NULL;
	m->client.request.alpn = NULL;
	meet_run(m);
	assert_both_ok(m, false);
	assert_string_equal(m->server.result.image.peer.alpn, "");
	meet_free(m);
}

TEST(a_server_name_may_be_required)
{
	struct meet *m = meet_new();

	m->client.request.sni[0] = '\0';
	meet_run(m);
	assert_both_ok(m, false);
	m->server.request.sni_required = true;
	meet_run(m);
	assert_failure(&m->server, TLS_FAIL_NO_SNI, NULL);
	meet_free(m);
}

/* --- resumption -------------------------------------------------------- */

TEST(a_second_connection_is_resumed_with_what_the_first_proved)
{
	struct meet *m = meet_new();
	struct conn_peer client, server;
	struct conn_key key;

	meet_run(m);
	assert_both_ok(m, false);
	client = m->client.result.image.peer;
	server = m->server.result.image.peer;
	key = m->client.result.image.tx;
	for (int round = 0; round < 3; round++) {
		meet_run(m);
		assert_both_ok(m, true);
		client.is_resumed = server.is_resumed = true;
		client.local = m->client.result.image.peer.local;
		assert_string_equal(client.id,
		    m->client.result.image.peer.id);
		assert_string_equal(server.id,
		    m->server.result.image.peer.id);
		assert_string_equal(server.sni,
		    m->server.result.image.peer.sni);
		assert_string_equal(server.alpn,
		    m->server.result.image.peer.alpn);
		assert_true(server.not_after ==
		    m->server.result.image.peer.not_after);
		assert_memory_equal(server.cert_hash,
		    m->server.result.image.peer.cert_hash, 32);
		assert_true(m->server.result.image.peer.bundle_generation == 1);
		/* Same session, other keys. */
		assert_memory_not_equal(key.key,
		    m->client.result.image.tx.key, 16);
		assert_memory_equal(&m->client.result.image.tx,
		    &m->server.result.image.rx, sizeof(struct conn_key));
	}
	meet_free(m);
}

TEST(another_name_protocol_or_expectation_is_a_full_handshake)
{
	static const char *const other[] = { "http/1.1", NULL };
	struct meet *m = meet_new();
	const char *const *alpn = m->client.request.alpn;

	meet_run(m);
	assert_both_ok(m, false);
	strcpy(m->client.request.sni, "81.b.x.mesh");
	meet_run(m);
	assert_both_ok(m, false);
	strcpy(m->client.request.sni, "80.b.x.mesh");
	m->client.request.alpn = other;
	meet_run(m);
	assert_both_ok(m, false);
	m->client.request.alpn = alpn;
	m->client.request.expected_id[0] = '\0';
	meet_run(m);
	assert_both_ok(m, false);
	/* Each of them by itself is remembered. */
	strcpy(m->client.request.expected_id, "spiffe://td/ns/x/sa/b");
	meet_run(m);
	assert_both_ok(m, true);
	meet_free(m);
}

/*
 * A client that breaks the rule: it offers the session of one name for
 * another.  Its cache is ours, so the test puts it under the other key.
 */
static void
offer_for_another(const char *sni, const char *const *alpn, bool want_resumed)
{
	struct meet *m = meet_new();
	struct session s;
	unsigned char first[SESSION_KEY_LEN], second[SESSION_KEY_LEN];
	struct tls_handshake h = { .request = m->client.request };

	meet_run(m);
	assert_both_ok(m, false);
	h.owner = m->handshaker;
	h.result.image.peer.addr = m->client.result.image.peer.addr;
	assert_non_null(hs_find_session(&h));
	memcpy(first, h.client_key, sizeof(first));
	assert_true(session_cache_get(m->handshaker->client_sessions, first,
	    &s));
	if (sni != NULL)
		strcpy(m->client.request.sni, sni);
	if (alpn != NULL)
		m->client.request.alpn = alpn;
	h.request = m->client.request;
	hs_find_session(&h);
	memcpy(second, h.client_key, sizeof(second));
	session_cache_put(m->handshaker->client_sessions, second, &s);
	meet_run(m);
	assert_both_ok(m, want_resumed);
	meet_free(m);
}

TEST(the_server_resumes_only_for_the_same_name_and_protocol)
{
	static const char *const other[] = { "http/1.1", NULL };

	offer_for_another(NULL, NULL, true);
	offer_for_another("81.b.x.mesh", NULL, false);
	offer_for_another(NULL, other, false);
}

/*
 * BearSSL would take index 65534 of its list of names here: a session is in
 * hand, and no protocol that the client offers is one of the server's.
 */
static void
offer_with_foreign_protocol(const char *const *first)
{
	static const char *const foreign[] = { "smtp", NULL };
	static const char *const ours[] = { "h2", NULL };
	struct meet *m = meet_new();
	struct session s;
	struct tls_handshake h = { 0 };

	m->client.request.alpn = m->server.request.alpn = first;
	meet_run(m);
	assert_both_ok(m, false);
	h.owner = m->handshaker;
	h.result.image.peer.addr = m->client.result.image.peer.addr;
	h.request = m->client.request;
	hs_find_session(&h);
	assert_true(session_cache_get(m->handshaker->client_sessions,
	    h.client_key, &s));
	h.request.alpn = m->client.request.alpn = foreign;
	hs_find_session(&h);
	session_cache_put(m->handshaker->client_sessions, h.client_key, &s);
	m->server.request.alpn = ours;
	meet_run(m);
	assert_failure(&m->client, TLS_FAIL_NO_ALPN, NULL);
	assert_failure(&m->server, TLS_FAIL_NO_ALPN, NULL);
	meet_free(m);
}

TEST(a_session_offered_with_a_foreign_protocol_is_not_resumed)
{
	static const char *const same[] = { "h2", NULL };

	offer_with_foreign_protocol(same);
	offer_with_foreign_protocol(NULL);
}

/* New roots: everybody is verified again. */
TEST(a_new_generation_ends_old_sessions)
{
	struct meet *m = meet_new();

	meet_run(m);
	assert_both_ok(m, false);
	/* The server has a new bundle, the client has not yet. */
	m->b->generation = 2;
	meet_run(m);
	assert_both_ok(m, false);
	assert_true(m->server.result.image.peer.bundle_generation == 2);
	meet_run(m);
	assert_both_ok(m, true);
	/* And now the client. */
	m->a->generation = 2;
	meet_run(m);
	assert_both_ok(m, false);
	meet_run(m);
	assert_both_ok(m, true);
	meet_free(m);
}

TEST(a_new_certificate_of_ours_ends_our_sessions)
{
	struct meet *m = meet_new();

	meet_run(m);
	tls_identity_unref(m->a);
	m->a = test_identity(&m->ca, "spiffe://td/ns/x/sa/a", 1);
	m->client.request.identity = m->a;
	meet_run(m);
	assert_both_ok(m, false);
	tls_identity_unref(m->b);
	m->b = test_identity(&m->ca, "spiffe://td/ns/x/sa/b", 1);
	m->server.request.identity = m->b;
	meet_run(m);
	assert_both_ok(m, false);
	meet_free(m);
}

/* --- peers that misbehave ---------------------------------------------- */

static void
say(int fd, const void *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

TEST(plain_text_is_noticed_at_once)
{
	struct meet *m = meet_new();
	int fd = meet_start(m, &m->server);

	say(fd, "GET / HTTP/1.1\r\n", 16);
	meet_wait(m);
	assert_failure(&m->server, TLS_FAIL_NOT_TLS, NULL);
	close(fd);
	fd = meet_start(m, &m->client);
	say(fd, "220 mail ready\r\n", 16);
	meet_wait(m);
	assert_failure(&m->client, TLS_FAIL_NOT_TLS, NULL);
	close(fd);
	meet_free(m);
}

TEST(a_silent_peer_meets_the_deadline)
{
	struct meet *m = meet_new();
	int fds[2];

	m->server.request.timeout_ms = m->client.request.timeout_ms = 20;
	fds[0] = meet_start(m, &m->server);
	fds[1] = meet_start(m, &m->client);
	meet_wait(m);
	assert_failure(&m->server, TLS_FAIL_TIMEOUT, NULL);
	assert_failure(&m->client, TLS_FAIL_TIMEOUT, NULL);
	assert_true(m->server.result.duration_us >= 20000);
	close(fds[0]);
	close(fds[1]);
	meet_free(m);
}

TEST(a_peer_that_leaves)
{
	struct meet *m = meet_new();
	int fd = meet_start(m, &m->server);

	say(fd, "\x16\x03", 2);
	close(fd);
	meet_wait(m);
	assert_failure(&m->server, TLS_FAIL_CLOSED, NULL);
	meet_free(m);
}

/* A ClientHello of a client that is never heard of again. */
static size_t
client_hello(unsigned char *out, size_t cap)
{
	struct engine_template *base = mem_alloc(sizeof(*base));
	struct engine *e = mem_alloc(sizeof(*e));
	struct engine_options o = { .alpn = (const char *[]){ "h2", NULL } };
	struct buf in = { 0 }, said = { 0 };
	size_t len;

	engine_template_init(base);
	engine_start(e, base, &o);
	assert_int_equal(engine_run(e, &in, &said), ENGINE_WAITS);
	len = buf_len(&said);
	assert_true(len <= cap);
	buf_copy_out(&said, out, len);
	buf_fini(&said);
	engine_wipe(e);
	mem_free(e);
	mem_free(base);
	return len;
}

/* Warnings without end (CVE-2016-8610): BearSSL would listen for ever. */
TEST(a_flood_of_warnings_uses_up_the_budget)
{
	struct meet *m = meet_new();
	unsigned char flood[7 * 512], hello[512];
	int fd = meet_start(m, &m->server);

	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);	/* may block */
	for (size_t i = 0; i < sizeof(flood); i += 7)
		memcpy(flood + i, "\x15\x03\x03\x00\x02\x01\x5a", 7);
	say(fd, hello, client_hello(hello, sizeof(hello)));
	while (send(fd, flood, sizeof(flood), MSG_NOSIGNAL) > 0)
		;
	meet_wait(m);
	assert_failure(&m->server, TLS_FAIL_BYTES, NULL);
	close(fd);
	meet_free(m);
}

TEST(rubbish_is_answered_with_an_alert)
{
	struct meet *m = meet_new();
	unsigned char reply[64];
	int fd = meet_start(m, &m->server);

	say(fd, "\x16\x03\x01\x00\x04\xff\xff\xff\xff", 9);
	meet_wait(m);
	assert_failure(&m->server, TLS_FAIL_PROTOCOL, NULL);
	assert_true(m->server.result.engine_error != 0);
	assert_int_equal(recv(fd, reply, sizeof(reply), 0), 7);
	assert_int_equal(reply[0], 21);
	assert_int_equal(reply[5], 2);
	close(fd);
	meet_free(m);
}

/* --- threads ----------------------------------------------------------- */

#define CROWD	200

TEST(two_hundred_at_once)
{
	struct meet *m = meet_new();
	struct meet_end *ends = mem_zalloc_array(2 * CROWD, sizeof(*ends));
	int resumed = 0;

	for (int i = 0; i < CROWD; i++) {
		struct meet_end *c = &ends[2 * i], *s = &ends[2 * i + 1];

		c->meet = s->meet = m;
		c->request = m->client.request;
		s->request = m->server.request;
		c->request.timeout_ms = s->request.timeout_ms = 120000;
		c->result.image.fd = s->result.image.fd = -1;
		int fd = meet_start(m, c);

		meet_start_fd(m, s, fd);
	}
	meet_wait(m);
	for (int i = 0; i < 2 * CROWD; i++) {
		assert_failure(&ends[i], TLS_OK, NULL);
		resumed += ends[i].result.image.peer.is_resumed;
		meet_clear(&ends[i]);
	}
	assert_int_equal(resumed % 2, 0);
	mem_free(ends);
	meet_free(m);
}

TEST(one_too_many_is_told_so)
{
	struct meet *m = meet_new();
	int fd;

	atomic_store(&m->handshaker->waiting, HS_WAITING_MAX);
	fd = meet_start(m, &m->server);
	meet_wait(m);
	assert_failure(&m->server, TLS_FAIL_BUSY, NULL);
	assert_int_equal(atomic_load(&m->handshaker->waiting), HS_WAITING_MAX);
	close(fd);
	atomic_store(&m->handshaker->waiting, 0);
	meet_free(m);
}

/* The other end sees that it is over; done is never called. */
TEST(a_cancelled_handshake_tells_nobody)
{
	struct meet *m = meet_new();
	int fd = meet_start(m, &m->server);
	struct tls_handshake *h = m->server.handshake;
	char c;

	tls_handshake_cancel(h);
	m->pending--;
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
	/* One that comes later is served as ever. */
	meet_run(m);
	assert_both_ok(m, false);
	meet_free(m);
}

TEST(freeing_the_handshaker_ends_what_runs)
{
	struct meet *m = meet_new();
	int a = meet_start(m, &m->server), b = meet_start(m, &m->client);

	tls_handshaker_free(m->handshaker);
	m->handshaker = NULL;
	meet_wait(m);
	assert_failure(&m->server, TLS_FAIL_CLOSED, NULL);
	assert_failure(&m->client, TLS_FAIL_CLOSED, NULL);
	close(a);
	close(b);
	meet_free(m);
}

TEST(every_failure_has_its_words)
{
	for (int f = 0; f < TLS_FAILURES; f++) {
		assert_non_null(tls_failure_name((enum tls_failure)f));
		assert_non_null(tls_failure_text((enum tls_failure)f));
		for (int g = 0; g < f; g++)
			assert_string_not_equal(
			    tls_failure_name((enum tls_failure)f),
			    tls_failure_name((enum tls_failure)g));
	}
}
