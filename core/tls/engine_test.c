#include "tls/engine.h"

#include <string.h>

#include "base/unit.h"
#include "tls/aead.h"
#include "tls/pair_test.h"

static const uint16_t suites[] = { AEAD_AES_128_GCM, AEAD_CHACHA20_POLY1305 };

static void
assert_key_eq(const struct conn_key *a, const struct conn_key *b)
{
	assert_memory_equal(a->key, b->key, sizeof(a->key));
	assert_memory_equal(a->iv, b->iv, sizeof(a->iv));
	assert_true(a->seq == b->seq);
}

/* Both ends derive the same keys, and BearSSL's own are the same again. */
TEST(both_ends_export_the_same_keys)
{
	for (size_t i = 0; i < 2; i++) {
		struct pair *p = pair_new(suites[i]);
		struct conn_image client = { 0 }, server = { 0 };

		pair_run(p);
		assert_int_equal(p->client_state, ENGINE_DONE);
		assert_int_equal(p->server_state, ENGINE_DONE);
		engine_export(&p->client, &client);
		engine_export(&p->server, &server);
		assert_int_equal(client.suite, suites[i]);
		assert_int_equal(server.suite, suites[i]);
		assert_key_eq(&client.tx, &server.rx);
		assert_key_eq(&client.rx, &server.tx);
		assert_memory_not_equal(client.tx.key, client.rx.key, 16);
		if (suites[i] == AEAD_AES_128_GCM) {
			const br_sslrec_gcm_context *g =
			    &p->client.ssl.any.out.gcm;

			assert_true(g->seq == client.tx.seq);
			assert_memory_equal(g->iv, client.tx.iv, 4);
		} else {
			const br_sslrec_chapol_context *c =
			    &p->client.ssl.any.out.chapol;

			assert_true(c->seq == client.tx.seq);
			assert_memory_equal(c->key, client.tx.key, 32);
			assert_memory_equal(c->iv, client.tx.iv, 12);
		}
		pair_free(p);
	}
}

TEST(aes_comes_first)
{
	struct pair *p = pair_new(0);
	struct conn_image image = { 0 };

	pair_run(p);
	engine_export(&p->client, &image);
	assert_int_equal(image.suite, AEAD_AES_128_GCM);
	pair_free(p);
}

/* A template that was copied after seeding would repeat its randoms. */
TEST(no_two_connections_share_randoms)
{
	struct pair *p = pair_new(0);
	unsigned char client[32], server[32], point[65];

	pair_run(p);
	memcpy(client, p->client.ssl.any.client_random, 32);
	memcpy(server, p->server.ssl.any.server_random, 32);
	memcpy(point, p->client.ssl.any.ecdhe_point, 65);
	pair_run(p);
	assert_memory_not_equal(client, p->client.ssl.any.client_random, 32);
	assert_memory_not_equal(server, p->server.ssl.any.server_random, 32);
	assert_memory_not_equal(server, p->client.ssl.any.client_random, 32);
	assert_memory_not_equal(point, p->client.ssl.any.ecdhe_point, 65);
	pair_free(p);
}

TEST(alpn_and_sni_arrive)
{
	static const char *const client[] = { "a", "mesh-tcp/1", NULL };
	static const char *const server[] = { "h2", "mesh-tcp/1", NULL };
	struct pair *p = pair_new(0);

	p->client_options.alpn = client;
	p->server_options.alpn = server;
	p->client_options.sni = "80.orders.default.mesh";
	pair_run(p);
	assert_int_equal(p->server_state, ENGINE_DONE);
	assert_string_equal(engine_alpn(&p->client), "mesh-tcp/1");
	assert_string_equal(engine_alpn(&p->server), "mesh-tcp/1");
	assert_string_equal(engine_sni(&p->server), "80.orders.default.mesh");
	pair_free(p);
}

TEST(no_common_protocol_is_an_alert)
{
	static const char *const client[] = { "a", NULL };
	static const char *const server[] = { "b", NULL };
	struct pair *p = pair_new(0);

	p->client_options.alpn = client;
	p->server_options.alpn = server;
	pair_run(p);
	assert_int_equal(p->server_state, ENGINE_FAILED);
	assert_int_equal(p->client_state, ENGINE_FAILED);
	assert_int_equal(engine_error(&p->client),
	    BR_ERR_RECV_FATAL_ALERT + BR_ALERT_NO_APPLICATION_PROTOCOL);
	pair_free(p);
}

TEST(a_refused_chain_ends_the_handshake_with_an_alert)
{
	struct pair *p = pair_new(0);
	struct buf said = { 0 };

	p->refuse_client = true;
	pair_run(p);
	assert_int_equal(p->server_state, ENGINE_FAILED);
	assert_int_equal(engine_error(&p->server), BR_ERR_X509_NOT_TRUSTED);
	engine_alert(&p->server, &said);
	assert_int_equal(engine_run(&p->client, &said, &p->to_server),
	    ENGINE_FAILED);
	assert_int_equal(engine_error(&p->client),
	    BR_ERR_RECV_FATAL_ALERT + BR_ALERT_BAD_CERTIFICATE);
	buf_fini(&said);

	p->refuse_client = false;
	p->refuse_server = true;
	pair_run(p);
	assert_int_equal(p->client_state, ENGINE_FAILED);
	engine_alert(&p->client, &said);
	assert_int_equal(buf_len(&said), 7);
	assert_int_equal(engine_run(&p->server, &said, &p->to_client),
	    ENGINE_FAILED);
	assert_int_equal(engine_error(&p->server),
	    BR_ERR_RECV_FATAL_ALERT + BR_ALERT_BAD_CERTIFICATE);
	buf_fini(&said);
	pair_free(p);
}

TEST(a_client_without_certificate_needs_leave)
{
	struct pair *p = pair_new(0);

	p->client_options.chain_len = 0;
	pair_run(p);
	assert_int_equal(p->server_state, ENGINE_FAILED);
	assert_int_equal(engine_error(&p->server), BR_ERR_NO_CLIENT_AUTH);
	p->server_options.peer_cert_optional = true;
	pair_run(p);
	assert_int_equal(p->server_state, ENGINE_DONE);
	assert_false(p->server.has_chain);
	assert_false(engine_is_resumed(&p->server));
	pair_free(p);
}

TEST(sessions_are_resumed_when_both_know_them)
{
	struct pair *p = pair_new(0);
	br_ssl_session_parameters session;
	struct conn_image client = { 0 }, server = { 0 };

	pair_run(p);
	assert_true(p->has_saved);
	assert_false(engine_is_resumed(&p->client));
	assert_false(engine_is_resumed(&p->server));
	engine_session(&p->client, &session);

	p->client_options.resume = &session;
	pair_run(p);		/* the server has forgotten it */
	assert_int_equal(p->server_state, ENGINE_DONE);
	assert_false(engine_is_resumed(&p->client));
	assert_false(engine_is_resumed(&p->server));

	engine_session(&p->client, &session);
	p->offers_saved = true;
	pair_run(p);
	assert_int_equal(p->client_state, ENGINE_DONE);
	assert_int_equal(p->server_state, ENGINE_DONE);
	assert_true(engine_is_resumed(&p->client));
	assert_true(engine_is_resumed(&p->server));
	engine_export(&p->client, &client);
	engine_export(&p->server, &server);
	assert_key_eq(&client.tx, &server.rx);
	assert_key_eq(&client.rx, &server.tx);
	pair_free(p);
}

/* Every byte alone: a record counts once it is whole. */
TEST(bytes_behind_the_handshake_stay_in_the_queue)
{
	struct pair *p = pair_new(0);
	struct buf one = { 0 };
	size_t total = 0;

	engine_start(&p->client, &p->base, &p->client_options);
	engine_start(&p->server, &p->base, &p->server_options);
	p->client_state = p->server_state = ENGINE_WAITS;
	while (p->client_state == ENGINE_WAITS ||
	    p->server_state == ENGINE_WAITS) {
		if (p->client_state == ENGINE_WAITS)
			p->client_state = engine_run(&p->client,
			    &p->to_client, &p->to_server);
		/* What follows our Finished is the record layer's. */
		if (p->server_state == ENGINE_WAITS &&
		    p->client.has_encrypted)
			buf_add(&p->to_server, "\x17\x03\x03", 3);
		while (p->server_state == ENGINE_WAITS &&
		    buf_len(&p->to_server) > 0) {
			buf_move_n(&one, &p->to_server, 1);
			total++;
			p->server_state = engine_run(&p->server, &one,
			    &p->to_client);
		}
	}
	buf_move(&one, &p->to_server);
	assert_true(total > 200);
	assert_int_equal(buf_len(&one), 3);
	assert_int_equal(p->server_state, ENGINE_DONE);
	buf_fini(&one);
	pair_free(p);
}

TEST(a_record_that_is_too_long_is_refused_by_its_header)
{
	struct pair *p = pair_new(0);
	struct buf raw = { 0 };

	engine_start(&p->server, &p->base, &p->server_options);
	buf_add(&raw, "\x16\x03\x03\x48\x01", 5);
	assert_int_equal(engine_run(&p->server, &raw, &p->to_client),
	    ENGINE_FAILED);
	assert_int_equal(engine_error(&p->server), BR_ERR_TOO_LARGE);
	buf_fini(&raw);
	pair_free(p);
}
