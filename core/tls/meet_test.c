#include "tls/meet_test.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "pki/mint.h"
#include "pki/pem.h"

static void
mint_authority(struct mint_ca *ca, const char *name, const char *domain,
    char *out, size_t cap)
{
	snprintf(out, cap, "%s of %s", name, domain);
	*ca = (struct mint_ca){
		.common_name = slice_str(out), .domain = slice_str(domain),
		.not_before = clock_wall_s() - 86400 * 10,
		.not_after = clock_wall_s() + 86400 * 10,
	};
	mint_serial(ca->serial);
}

void
test_ca_init(struct test_ca *t, const char *domain)
{
	struct err err = ERR_INIT;
	struct mint_ca ca;
	char name[64];

	memset(t, 0, sizeof(*t));
	t->domain = domain;
	key_generate(&t->root_key);
	key_generate(&t->inter_key);
	mint_authority(&ca, "root", domain, name, sizeof(name));
	mint_root(&t->root_der, &ca, &t->root_key);
	assert_int_equal(cert_parse(&t->root, str_slice(&t->root_der), &err),
	    0);
	mint_authority(&ca, "inter", domain, name, sizeof(name));
	mint_intermediate(&t->inter_der, &ca, t->inter_key.point, &t->root,
	    &t->root_key);
	assert_int_equal(cert_parse(&t->inter, str_slice(&t->inter_der), &err),
	    0);
	pem_add(&t->bundle_pem, PEM_LABEL_CERT, str_slice(&t->root_der));
}

void
test_ca_fini(struct test_ca *t)
{
	str_fini(&t->root_der);
	str_fini(&t->inter_der);
	str_fini(&t->bundle_pem);
}

void
test_leaf_pem(struct test_ca *t, const struct test_leaf *l, struct str *chain,
    struct str *key_text)
{
	int64_t now = clock_wall_s();
	bool is_default = l->from == 0 && l->to == 0;
	struct mint_leaf leaf = {
		.id = slice_str(l->id),
		.not_before = now + (is_default ? -60 : l->from),
		.not_after = now + (is_default ? 3600 : l->to),
	};
	struct str der = { 0 };
	struct key key;

	key_generate(&key);
	mint_serial(leaf.serial);
	memcpy(leaf.point, key.point, sizeof(leaf.point));
	mint_leaf(&der, &leaf, &t->inter, &t->inter_key);
	pem_add(chain, PEM_LABEL_CERT, str_slice(&der));
	pem_add(chain, PEM_LABEL_CERT, str_slice(&t->inter_der));
	key_pem(key_text, &key);
	str_fini(&der);
}

struct tls_identity *
test_identity(struct test_ca *t, const char *id, uint64_t generation)
{
	struct test_leaf leaf = { .id = id };
	struct str chain = { 0 }, key = { 0 };
	struct err err = ERR_INIT;

	test_leaf_pem(t, &leaf, &chain, &key);
	struct tls_identity *identity = tls_identity_new(str_slice(&chain),
	    str_slice(&key), str_slice(&t->bundle_pem), t->domain, generation,
	    &err);

	if (identity == NULL)
		fail_msg("%s", err.text);
	str_fini(&chain);
	str_fini(&key);
	return identity;
}

static const char *const alpn[] = { "h2", "http/1.1", NULL };

struct meet *
meet_new(void)
{
	struct meet *m = mem_zalloc(sizeof(*m));

	m->loop = loop_new("asker");
	m->handshaker = tls_handshaker_new(2);
	test_ca_init(&m->ca, "td");
	m->a = test_identity(&m->ca, "spiffe://td/ns/x/sa/a", 1);
	m->b = test_identity(&m->ca, "spiffe://td/ns/x/sa/b", 1);
	m->client.meet = m->server.meet = m;
	m->client.request = (struct tls_request){
		.identity = m->a, .alpn = alpn,
		.expected_id = "spiffe://td/ns/x/sa/b",
		.sni = "80.b.x.mesh",
	};
	m->server.request = (struct tls_request){
		.is_server = true, .identity = m->b, .alpn = alpn,
	};
	m->client.result.image.fd = m->server.result.image.fd = -1;
	return m;
}

void
meet_clear(struct meet_end *e)
{
	conn_image_fini(&e->result.image);
	mem_free(e->result.peer_chain);
	e->result.peer_chain = NULL;
	e->is_done = false;
}

void
meet_free(struct meet *m)
{
	meet_clear(&m->client);
	meet_clear(&m->server);
	tls_handshaker_free(m->handshaker);
	loop_free(m->loop);
	tls_identity_unref(m->a);
	tls_identity_unref(m->b);
	test_ca_fini(&m->ca);
	mem_free(m);
}

static void
on_done(void *arg, struct tls_result *r)
{
	struct meet_end *e = arg;

	assert_false(e->is_done);
	e->is_done = true;
	e->result = *r;
	/* Taken. */
	r->image.fd = -1;
	r->image.peer = NULL;
	r->peer_chain = NULL;
	buf_init(&r->image.unread);
	buf_init(&r->image.unsent);
	if (--e->meet->pending == 0)
		loop_stop(e->meet->loop);
}

void
meet_start_fd(struct meet *m, struct meet_end *e, int fd)
{
	meet_clear(e);
	m->pending++;
	e->handshake = tls_handshake_start(m->handshaker, fd, &e->request,
	    m->loop, on_done, e);
}

int
meet_start(struct meet *m, struct meet_end *e)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fds), 0);
	meet_start_fd(m, e, fds[0]);
	return fds[1];
}

void
meet_wait(struct meet *m)
{
	if (m->pending > 0)
		loop_run(m->loop);
	assert_int_equal(m->pending, 0);
}

void
meet_run(struct meet *m)
{
	int fd = meet_start(m, &m->client);

	meet_start_fd(m, &m->server, fd);
	meet_wait(m);
}

void
meet_assert(const struct meet_end *e, enum tls_failure want,
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

void
meet_assert_ok(struct meet *m, bool is_resumed)
{
	meet_assert(&m->client, TLS_OK, NULL);
	meet_assert(&m->server, TLS_OK, NULL);
	assert_int_equal(m->client.result.image.peer->is_resumed, is_resumed);
	assert_int_equal(m->server.result.image.peer->is_resumed, is_resumed);
}
