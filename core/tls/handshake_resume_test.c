#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "tls/handshake.h"
#include "tls/meet_test.h"

TEST(a_second_connection_is_resumed_with_what_the_first_proved)
{
	struct meet *m = meet_new();
	struct conn_peer *client, *server;
	struct conn_key key;

	meet_run(m);
	meet_assert_ok(m, false);
	client = conn_peer_copy(m->client.result.image.peer);
	server = conn_peer_copy(m->server.result.image.peer);
	key = m->client.result.image.tx;
	for (int round = 0; round < 3; round++) {
		meet_run(m);
		meet_assert_ok(m, true);
		client->is_resumed = server->is_resumed = true;
		assert_string_equal(client->id,
		    m->client.result.image.peer->id);
		assert_string_equal(server->id,
		    m->server.result.image.peer->id);
		assert_string_equal(server->sni,
		    m->server.result.image.peer->sni);
		assert_string_equal(server->alpn,
		    m->server.result.image.peer->alpn);
		assert_true(server->not_after ==
		    m->server.result.image.peer->not_after);
		assert_memory_equal(server->cert_hash,
		    m->server.result.image.peer->cert_hash, 32);
		assert_true(m->server.result.image.peer->bundle_generation == 1);
		/* Same session, other keys. */
		assert_memory_not_equal(key.key,
		    m->client.result.image.tx.key, 16);
		assert_memory_equal(&m->client.result.image.tx,
		    &m->server.result.image.rx, sizeof(struct conn_key));
	}
	mem_free(client);
	mem_free(server);
	meet_free(m);
}

TEST(another_name_protocol_or_expectation_is_a_full_handshake)
{
	static const char *const other[] = { "http/1.1", NULL };
	struct meet *m = meet_new();
	const char *const *alpn = m->client.request.alpn;

	meet_run(m);
	meet_assert_ok(m, false);
	strcpy(m->client.request.sni, "81.b.x.mesh");
	meet_run(m);
	meet_assert_ok(m, false);
	strcpy(m->client.request.sni, "80.b.x.mesh");
	m->client.request.alpn = other;
	meet_run(m);
	meet_assert_ok(m, false);
	m->client.request.alpn = alpn;
	m->client.request.expected_id[0] = '\0';
	meet_run(m);
	meet_assert_ok(m, false);
	/* Each of them by itself is remembered. */
	strcpy(m->client.request.expected_id, "spiffe://td/ns/x/sa/b");
	meet_run(m);
	meet_assert_ok(m, true);
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
	meet_assert_ok(m, false);
	h.owner = m->handshaker;
	h.result.image.addr = m->client.result.image.addr;
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
	meet_assert_ok(m, want_resumed);
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
	meet_assert_ok(m, false);
	h.owner = m->handshaker;
	h.result.image.addr = m->client.result.image.addr;
	h.request = m->client.request;
	hs_find_session(&h);
	assert_true(session_cache_get(m->handshaker->client_sessions,
	    h.client_key, &s));
	h.request.alpn = m->client.request.alpn = foreign;
	hs_find_session(&h);
	session_cache_put(m->handshaker->client_sessions, h.client_key, &s);
	m->server.request.alpn = ours;
	meet_run(m);
	meet_assert(&m->client, TLS_FAIL_NO_ALPN, NULL);
	meet_assert(&m->server, TLS_FAIL_NO_ALPN, NULL);
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
	meet_assert_ok(m, false);
	/* The server has a new bundle, the client has not yet. */
	m->b->generation = 2;
	meet_run(m);
	meet_assert_ok(m, false);
	assert_true(m->server.result.image.peer->bundle_generation == 2);
	meet_run(m);
	meet_assert_ok(m, true);
	/* And now the client. */
	m->a->generation = 2;
	meet_run(m);
	meet_assert_ok(m, false);
	meet_run(m);
	meet_assert_ok(m, true);
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
	meet_assert_ok(m, false);
	tls_identity_unref(m->b);
	m->b = test_identity(&m->ca, "spiffe://td/ns/x/sa/b", 1);
	m->server.request.identity = m->b;
	meet_run(m);
	meet_assert_ok(m, false);
	meet_free(m);
}
