#include <string.h>

#include "base/unit.h"
#include "pki/web.h"
#include "tls/edge.h"
#include "tls/edge_fixture_test.h"
#include "tls/meet_test.h"
#include "tls/outside_run.h"

/* A stranger's server with an RSA key, whose certificate is for *.example.com. */
static struct tls_edge *
make_server(void)
{
	struct tls_edge *e = tls_edge_new();
	struct err err = ERR_INIT;

	assert_int_equal(tls_edge_add(e, SLICE(""), slice_str(rsa_cert),
	    slice_str(rsa_key), &err), 0);
	return e;
}

static struct tls_outside *
make_outside(const char *root, const char *sni, const char *name)
{
	struct web_roots *roots = web_roots_new();
	struct web_name n = { false, slice_str(name) };
	const struct tls_outside_options o = { slice_str(sni), roots, &n, 1,
		NULL, SLICE_NONE };
	struct err err = ERR_INIT;

	if (root != NULL)
		assert_int_equal(web_roots_add(roots, slice_str(root), &err), 0);

	struct tls_outside *made = tls_outside_new(&o);

	web_roots_unref(roots);
	return made;
}

static struct meet *
meet_outside(struct tls_edge *server, struct tls_outside *o)
{
	struct meet *m = meet_new();
	struct tls_request *q = &m->client.request;
	struct slice sni = tls_outside_sni(o);

	q->identity = NULL;
	q->expected_id[0] = '\0';
	q->outside = o;
	memcpy(q->sni, sni.ptr == NULL ? "" : sni.ptr, sni.len);
	q->sni[sni.len] = '\0';
	m->server.request.identity = NULL;
	m->server.request.edge = server;
	return m;
}

static const struct {
	const char      *root, *sni, *name;
	enum tls_failure failure;
	enum distrust    why;
} cases[] = {
	{ rsa_cert, "api.example.com", "api.example.com", TLS_OK,
	    DISTRUST_NONE },
	{ rsa_cert, "127.0.0.1", "api.example.com", TLS_OK, DISTRUST_NONE },
	{ rsa_cert, "api.example.org", "api.example.org", TLS_FAIL_CERT,
	    DISTRUST_OTHER_HOST },
	{ rsa_cert, "api.example.com", "127.0.0.1", TLS_FAIL_CERT,
	    DISTRUST_OTHER_HOST },
	{ p384_cert, "api.example.com", "api.example.com", TLS_FAIL_CERT,
	    DISTRUST_UNKNOWN_ISSUER },
	{ NULL, "api.example.com", "api.example.com", TLS_FAIL_CERT,
	    DISTRUST_UNKNOWN_ISSUER },
};

TEST(servers_outside_are_known_by_root_and_name)
{
	struct tls_edge *server = make_server();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_outside *o = make_outside(cases[i].root,
		    cases[i].sni, cases[i].name);
		struct meet *m = meet_outside(server, o);

		for (int round = 0; round < 2; round++) {
			meet_run(m);
			if (cases[i].failure == TLS_OK)
				meet_assert_ok(m, false);	/* nor resumed */
			else
				meet_assert(&m->client, cases[i].failure,
				    distrust_name(cases[i].why));
		}
		meet_free(m);
		tls_outside_unref(o);
	}
	tls_edge_unref(server);
}

TEST(a_new_trust_bundle_says_nothing_about_servers_outside)
{
	struct tls_edge *server = make_server();
	struct tls_outside *o = make_outside(rsa_cert, "a.example.com",
	    "a.example.com");
	struct meet *m = meet_outside(server, o);
	const struct conn_peer *peer;

	meet_run(m);
	meet_assert_ok(m, false);
	peer = m->client.result.image.peer;
	assert_true(peer->is_tls && peer->bundle_generation == UINT64_MAX);
	assert_string_equal(peer->id, "");
	assert_true(peer->not_after > 0);
	meet_free(m);
	tls_outside_unref(o);
	tls_edge_unref(server);
}

TEST(what_is_asked_of_a_server_outside_has_a_mark)
{
	struct tls_outside *all[] = {
		make_outside(rsa_cert, "a.example.com", "a.example.com"),
		make_outside(p384_cert, "a.example.com", "a.example.com"),
		make_outside(rsa_cert, "b.example.com", "a.example.com"),
		make_outside(rsa_cert, "a.example.com", "b.example.com"),
	};
	struct tls_outside *again = make_outside(rsa_cert, "a.example.com",
	    "a.example.com");

	assert_true(slice_eq(tls_outside_mark(all[0]),
	    tls_outside_mark(again)));
	for (size_t i = 1; i < sizeof(all) / sizeof(all[0]); i++)
		assert_false(slice_eq(tls_outside_mark(all[0]),
		    tls_outside_mark(all[i])));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		tls_outside_unref(all[i]);
	tls_outside_unref(again);
}
