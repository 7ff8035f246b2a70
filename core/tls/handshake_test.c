#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "pki/cert.h"
#include "tls/handshake.h"
#include "tls/meet_test.h"

TEST(each_end_learns_who_the_other_is)
{
	struct meet *m = meet_new();
	const struct conn_peer *c, *s;

	meet_run(m);
	meet_assert_ok(m, false);
	c = m->client.result.image.peer;
	s = m->server.result.image.peer;
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
	meet_assert_ok(m, false);
	assert_string_equal(m->server.result.image.peer->sni, "80.b.x.mesh");
	meet_free(m);
}

TEST(a_server_name_that_would_spoil_a_log_is_refused)
{
	struct meet *m = meet_new();

	strcpy(m->client.request.sni, "80.b\n.mesh");
	meet_run(m);
	meet_assert(&m->server, TLS_FAIL_PROTOCOL, NULL);
	meet_free(m);
}

TEST(the_peer_must_be_the_expected_one)
{
	struct meet *m = meet_new();

	strcpy(m->client.request.expected_id, "spiffe://td/ns/x/sa/c");
	meet_run(m);
	meet_assert(&m->client, TLS_FAIL_WRONG_PEER,
	    distrust_name(DISTRUST_OTHER_PEER));
	meet_assert(&m->server, TLS_FAIL_PROTOCOL, NULL);
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
	meet_assert_ok(m, false);
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
	meet_assert(&m->server, TLS_FAIL_CERT, distrust_name(want));
	meet_assert(&m->client, TLS_FAIL_PROTOCOL, NULL);
	/* A bad certificate is not the same as none, and its owner hears that. */
	m->server.request.client_cert_optional = true;
	for (int round = 0; round < 2; round++) {
		meet_run(m);
		meet_assert(&m->server, TLS_FAIL_CERT, distrust_name(want));
		meet_assert(&m->client, TLS_FAIL_PROTOCOL, NULL);
		assert_true(m->client.result.is_alert);
	}
	m->server.request.client_cert_optional = false;
	/* As a server. */
	m->client.request.identity = m->a;
	m->client.request.verify_none = false;
	m->server.request.identity = stranger;
	meet_run(m);
	meet_assert(&m->client, TLS_FAIL_CERT, distrust_name(want));
	tls_identity_unref(stranger);
	test_ca_fini(&foreign);
	meet_free(m);
}

TEST(strangers_are_refused_at_both_ends)
{
	meet_stranger("other", "spiffe://other/ns/x/sa/b", DISTRUST_FOREIGN);
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
	meet_assert(&m->server, TLS_FAIL_CERT, distrust_name(want));
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
	meet_assert(&m->server, TLS_FAIL_NO_CERT, NULL);
	assert_int_equal(m->server.result.engine_error, BR_ERR_NO_CLIENT_AUTH);

	/* Where control's join allows it, nobody is proven. */
	m->server.request.client_cert_optional = true;
	meet_run(m);
	meet_assert_ok(m, false);
	assert_string_equal(m->server.result.image.peer->id, "");
	assert_string_equal(m->client.result.image.peer->id,
	    "spiffe://td/ns/x/sa/b");

	/* Its session does not open a door that asks for certificates. */
	m->server.request.client_cert_optional = false;
	meet_run(m);
	meet_assert(&m->server, TLS_FAIL_NO_CERT, NULL);
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
		meet_assert_ok(m, false);
		assert_string_equal(m->client.result.image.peer->id, "");
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
	meet_assert(&m->client, TLS_FAIL_CERT,
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
	meet_assert(&m->client, TLS_FAIL_NO_ALPN, NULL);
	meet_assert(&m->server, TLS_FAIL_NO_ALPN, NULL);
	m->client.request.alpn = NULL;
	meet_run(m);
	meet_assert(&m->server, TLS_FAIL_NO_ALPN, NULL);
	m->client.request.alpn = second;
	meet_run(m);
	meet_assert_ok(m, false);
	assert_string_equal(m->server.result.image.peer->alpn, "http/1.1");
	/* A server that does not care about it. */
	m->server.request.alpn = NULL;
	m->client.request.alpn = NULL;
	meet_run(m);
	meet_assert_ok(m, false);
	assert_string_equal(m->server.result.image.peer->alpn, "");
	meet_free(m);
}

TEST(a_server_name_may_be_required)
{
	struct meet *m = meet_new();

	m->client.request.sni[0] = '\0';
	meet_run(m);
	meet_assert_ok(m, false);
	m->server.request.sni_required = true;
	meet_run(m);
	meet_assert(&m->server, TLS_FAIL_NO_SNI, NULL);
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
	meet_assert(&m->server, TLS_FAIL_NOT_TLS, NULL);
	close(fd);
	fd = meet_start(m, &m->client);
	say(fd, "220 mail ready\r\n", 16);
	meet_wait(m);
	meet_assert(&m->client, TLS_FAIL_NOT_TLS, NULL);
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
	meet_assert(&m->server, TLS_FAIL_TIMEOUT, NULL);
	meet_assert(&m->client, TLS_FAIL_TIMEOUT, NULL);
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
	meet_assert(&m->server, TLS_FAIL_CLOSED, NULL);
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
	meet_assert(&m->server, TLS_FAIL_BYTES, NULL);
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
	meet_assert(&m->server, TLS_FAIL_PROTOCOL, NULL);
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
		meet_assert(&ends[i], TLS_OK, NULL);
		resumed += ends[i].result.image.peer->is_resumed;
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
	meet_assert(&m->server, TLS_FAIL_BUSY, NULL);
	assert_int_equal(atomic_load(&m->handshaker->waiting), HS_WAITING_MAX);
	close(fd);
	atomic_store(&m->handshaker->waiting, 0);
	meet_free(m);
}

/* A connection from that host to a port of ours; gives our end. */
static int
arrive(const char *host, int listener, int *theirs)
{
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	struct addr from;
	struct err err;

	assert_int_equal(getsockname(listener, (struct sockaddr *)&to, &len),
	    0);
	assert_int_equal(addr_from_ip(slice_str(host), 0, &from, &err), 0);
	*theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*theirs, &from.sa, from.len), 0);
	assert_int_equal(connect(*theirs, (struct sockaddr *)&to, len), 0);
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

#define SILENT	(HS_OF_HOST_MAX + 3)

TEST(a_silent_host_gives_way_to_itself_alone)
{
	struct meet *m = meet_new();
	struct meet_end *ends = mem_zalloc_array(SILENT, sizeof(*ends));
	struct addr at;
	struct err err;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int theirs[SILENT + 1];

	addr_from_ip(SLICE("127.0.0.1"), 0, &at, &err);
	assert_int_equal(bind(listener, &at.sa, at.len), 0);
	assert_int_equal(listen(listener, 16), 0);
	tls_handshaker_free(m->handshaker);
	m->handshaker = tls_handshaker_new(1);
	meet_start_fd(m, &m->server, arrive("127.0.0.2", listener,
	    &theirs[SILENT]));
	for (int i = 0; i < SILENT; i++) {
		ends[i].meet = m;
		ends[i].request = m->server.request;
		ends[i].request.timeout_ms = 120000;
		ends[i].result.image.fd = -1;
		meet_start_fd(m, &ends[i], arrive("127.0.0.1", listener,
		    &theirs[i]));
	}
	m->pending = SILENT - HS_OF_HOST_MAX;	/* the others stay */
	meet_wait(m);
	for (int i = 0; i < SILENT; i++)
		assert_int_equal(ends[i].is_done, i < SILENT - HS_OF_HOST_MAX);
	for (int i = 0; i < SILENT - HS_OF_HOST_MAX; i++)
		meet_assert(&ends[i], TLS_FAIL_BUSY, NULL);
	assert_false(m->server.is_done);
	for (int i = 0; i <= SILENT; i++)
		close(theirs[i]);
	close(listener);
	m->pending = SILENT;
	meet_free(m);
	mem_free(ends);
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
	meet_assert_ok(m, false);
	meet_free(m);
}

TEST(freeing_the_handshaker_ends_what_runs)
{
	struct meet *m = meet_new();
	int a = meet_start(m, &m->server), b = meet_start(m, &m->client);

	tls_handshaker_free(m->handshaker);
	m->handshaker = NULL;
	meet_wait(m);
	meet_assert(&m->server, TLS_FAIL_CLOSED, NULL);
	meet_assert(&m->client, TLS_FAIL_CLOSED, NULL);
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

/* Each end refuses the other, also where a session could be resumed. */
static void
meet_revoked(bool by_server)
{
	struct meet *m = meet_new();
	struct revoked *list = revoked_new();
	struct tls_identity *judge = by_server ? m->b : m->a;
	struct meet_end *end = by_server ? &m->server : &m->client;
	struct err err = ERR_INIT;
	int64_t signed_at = clock_wall_s() - 60;
	struct revoked_entry e = {
		.id = slice_str(by_server ? "spiffe://td/ns/x/sa/a" :
		    "spiffe://td/ns/x/sa/b"),
		.not_before = signed_at - 100, .until = signed_at + 3600,
	};

	meet_run(m);
	meet_assert_ok(m, false);
	/* Another certificate of that identity, before this one. */
	assert_int_equal(revoked_add(list, &e, &err), 0);
	tls_identity_refuse(judge, list);
	judge->generation = 2;
	meet_run(m);
	meet_assert_ok(m, false);
	revoked_unref(list);

	list = revoked_new();
	e.not_before = signed_at + 30;
	assert_int_equal(revoked_add(list, &e, &err), 0);
	tls_identity_refuse(judge, list);
	judge->generation = 3;
	meet_run(m);
	meet_assert(end, TLS_FAIL_CERT, distrust_name(DISTRUST_REVOKED));
	revoked_unref(list);
	meet_free(m);
}

TEST(who_was_revoked_is_refused_at_both_ends)
{
	meet_revoked(true);
	meet_revoked(false);
}
