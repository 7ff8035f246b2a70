#include "tls/pair_test.h"

#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/unit.h"

static unsigned char not_a_certificate[] = "the pair does not read it";
static br_x509_certificate chain = {
	not_a_certificate, sizeof(not_a_certificate)
};
static unsigned char any_name[] = { 0x30, 0x00 };
static const br_x500_name ca_name = { any_name, sizeof(any_name) };

static void
key_make(struct pair_key *k)
{
	br_hmac_drbg_context rng;
	unsigned char seed[32];

	random_bytes(seed, sizeof(seed));
	br_hmac_drbg_init(&rng, &br_sha256_vtable, seed, sizeof(seed));
	br_ec_keygen(&rng.vtable, &br_ec_p256_m31, &k->key, k->bytes,
	    BR_EC_secp256r1);
	br_ec_compute_pub(&br_ec_p256_m31, &k->point, k->point_bytes, &k->key);
}

static bool
client_on_chain(void *owner, const struct slice *certs, size_t n,
    struct pubkey *key)
{
	struct pair *p = owner;

	assert_int_equal(n, 1);
	assert_true(slice_eq(certs[0], slice_of(not_a_certificate,
	    sizeof(not_a_certificate))));
	pubkey_p256(key, p->server_key.point.q);
	return !p->refuse_server;
}

static bool
server_on_chain(void *owner, const struct slice *certs, size_t n,
    struct pubkey *key)
{
	struct pair *p = owner;

	(void)certs;
	assert_int_equal(n, 1);
	pubkey_p256(key, p->client_key.point.q);
	return !p->refuse_client;
}

static bool
session_load(void *owner, br_ssl_session_parameters *params)
{
	struct pair *p = owner;

	if (!p->offers_saved || memcmp(params->session_id,
	    p->saved.session_id, sizeof(params->session_id)) != 0)
		return false;
	*params = p->saved;
	return true;
}

static void
session_save(void *owner, const br_ssl_session_parameters *params)
{
	struct pair *p = owner;

	p->saved = *params;
	p->has_saved = true;
}

static const struct engine_ops client_ops = {
	.on_chain = client_on_chain,
};
static const struct engine_ops server_ops = {
	.on_chain = server_on_chain,
	.session_load = session_load,
	.session_save = session_save,
};

struct pair *
pair_new(uint16_t suite)
{
	struct pair *p = mem_zalloc(sizeof(*p));

	engine_template_init(&p->base);
	if (suite != 0) {
		br_ssl_engine_set_suites(&p->base.client.eng, &suite, 1);
		br_ssl_engine_set_suites(&p->base.server.eng, &suite, 1);
	}
	key_make(&p->client_key);
	key_make(&p->server_key);
	p->client_options = (struct engine_options){
		.chain = &chain, .chain_len = 1, .key = &p->client_key.key,
		.ops = &client_ops, .owner = p,
	};
	p->server_options = (struct engine_options){
		.is_server = true,
		.chain = &chain, .chain_len = 1, .key = &p->server_key.key,
		.ca_names = &ca_name, .n_ca_names = 1,
		.ops = &server_ops, .owner = p,
	};
	return p;
}

static void
engines_wipe(struct pair *p)
{
	engine_wipe(&p->client);
	engine_wipe(&p->server);
	buf_fini(&p->to_client);
	buf_fini(&p->to_server);
}

void
pair_free(struct pair *p)
{
	engines_wipe(p);
	mem_free(p);
}

/* Returns whether the engine said anything. */
static bool
turn(struct engine *e, enum engine_state *state, struct buf *in,
    struct buf *out)
{
	size_t before = buf_len(out);

	if (*state == ENGINE_WAITS)
		*state = engine_run(e, in, out);
	return buf_len(out) > before;
}

void
pair_run(struct pair *p)
{
	bool has_said;

	engines_wipe(p);
	engine_start(&p->client, &p->base, &p->client_options);
	engine_start(&p->server, &p->base, &p->server_options);
	p->client_state = p->server_state = ENGINE_WAITS;
	do {
		has_said = turn(&p->client, &p->client_state, &p->to_client,
		    &p->to_server);
		has_said |= turn(&p->server, &p->server_state, &p->to_server,
		    &p->to_client);
	} while (has_said);
}
