#include "tls/engine.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/random.h"
#include "pki/p256.h"
#include "tls/aead.h"
#include "tls/engine_verifier.h"

#define RECORD_HEAD	5
/* RFC 5246, section 6.2.3: ciphertext is at most 2^14 + 2048. */
#define RECORD_MAX	(16384 + 2048)
#define RECORD_CCS	20

static const uint16_t suites[] = {
	AEAD_AES_128_GCM,
	AEAD_CHACHA20_POLY1305,
};
static const uint16_t rsa_suites[] = {
	AEAD_RSA_AES_128_GCM,
	AEAD_RSA_CHACHA20_POLY1305,
};
static const uint16_t outside_suites[] = {
	AEAD_AES_128_GCM,
	AEAD_RSA_AES_128_GCM,
	AEAD_CHACHA20_POLY1305,
	AEAD_RSA_CHACHA20_POLY1305,
};

/* --- templates --------------------------------------------------------- */

static void
template_fill(br_ssl_engine_context *eng)
{
	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(eng, suites,
	    sizeof(suites) / sizeof(suites[0]));
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_prf_sha256(eng, &br_tls12_sha256_prf);
	/* P-256 alone: points are validated, so sessions are our peers'. */
	br_ssl_engine_set_ec(eng, &p256_ec);
	br_ssl_engine_set_ecdsa(eng, &p256_verify);
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_chapol(eng);
	br_ssl_engine_add_flags(eng, BR_OPT_NO_RENEGOTIATION |
	    BR_OPT_ENFORCE_SERVER_PREFERENCES | BR_OPT_FAIL_ON_ALPN_MISMATCH);
}

void
engine_template_init(struct engine_template *t)
{
	br_ssl_client_zero(&t->client);
	template_fill(&t->client.eng);
	br_ssl_server_zero(&t->server);
	template_fill(&t->server.eng);
}

/* --- sessions, as BearSSL's server asks for them ------------------------ */

static struct engine *
cache_engine(const br_ssl_session_cache_class **ctx)
{
	struct engine_cache *c = (struct engine_cache *)(void *)ctx;

	return c->engine;
}

static void
cache_save(const br_ssl_session_cache_class **ctx, br_ssl_server_context *ssl,
    const br_ssl_session_parameters *p)
{
	struct engine *e = cache_engine(ctx);

	(void)ssl;
	e->has_saved = true;
	e->ops->session_save(e->owner, p);
}

static int
cache_load(const br_ssl_session_cache_class **ctx, br_ssl_server_context *ssl,
    br_ssl_session_parameters *p)
{
	struct engine *e = cache_engine(ctx);

	(void)ssl;
	e->has_loaded = e->ops->session_load(e->owner, p);
	return e->has_loaded;
}

static const br_ssl_session_cache_class cache_class = {
	.context_size = sizeof(struct engine_cache),
	.save = cache_save,
	.load = cache_load,
};

/* --- start ------------------------------------------------------------- */

static void
set_alpn(struct engine *e, const char *const *names)
{
	size_t n = 0;

	for (; names != NULL && names[n] != NULL; n++) {
		check(n < ENGINE_ALPN_MAX);
		e->alpn[n] = names[n];
	}
	if (n > 0)
		br_ssl_engine_set_protocol_names(&e->ssl.any, e->alpn, n);
}

/*
 * 48 bytes from the kernel for each connection.  BearSSL's own seeding, from
 * RDRAND, is marked as done.
 */
static void
seed(br_ssl_engine_context *eng)
{
	unsigned char bytes[48];

	random_bytes(bytes, sizeof(bytes));
	eng->rng_os_rand_done = 1;
	br_ssl_engine_inject_entropy(eng, bytes, sizeof(bytes));
	mem_wipe(bytes, sizeof(bytes));
}

/* What BearSSL hands over as curves are those of the key exchange. */
static uint32_t
verify_any_curve(const br_ec_impl *exchange, const void *hash, size_t hash_len,
    const br_ec_public_key *key, const void *sig, size_t sig_len)
{
	(void)exchange;
	if (key->curve == BR_EC_secp256r1)
		return p256_verify(&p256_ec, hash, hash_len, key, sig, sig_len);
	return br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), hash,
	    hash_len, key, sig, sig_len);
}

/* Who is not of our domain has keys of other kinds, and signs otherwise. */
static void
take_all_keys(br_ssl_engine_context *eng)
{
	br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_ecdsa(eng, verify_any_curve);
	br_ssl_engine_set_rsavrfy(eng, br_rsa_pkcs1_vrfy_get_default());
}

static void
show_to_server(br_ssl_client_context *cc, const struct engine_options *o)
{
	if (o->rsa_key != NULL)
		br_ssl_client_set_single_rsa(cc, o->chain, o->chain_len,
		    o->rsa_key, br_rsa_pkcs1_sign_get_default());
	else
		br_ssl_client_set_single_ec(cc, o->chain, o->chain_len, o->key,
		    BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, &p256_ec, &p256_sign);
}

static void
start_client(struct engine *e, const struct engine_options *o)
{
	br_ssl_client_context *cc = &e->ssl.client;

	if (o->takes_all_keys) {
		take_all_keys(&cc->eng);
		br_ssl_engine_set_suites(&cc->eng, outside_suites,
		    sizeof(outside_suites) / sizeof(outside_suites[0]));
		/* A server's curve must be among those that we exchange on. */
		br_ssl_engine_set_ec(&cc->eng, br_ec_get_default());
	}
	if (o->chain_len > 0)
		show_to_server(cc, o);
	if (o->resume != NULL)
		br_ssl_engine_set_session_parameters(&cc->eng, o->resume);
	br_ssl_client_reset(cc, o->sni, o->resume != NULL);
}

static void
start_server(struct engine *e, const struct engine_options *o)
{
	br_ssl_server_context *sc = &e->ssl.server;

	if (o->takes_all_keys)
		take_all_keys(&sc->eng);
	if (o->rsa_key != NULL) {
		br_ssl_engine_set_suites(&sc->eng, rsa_suites,
		    sizeof(rsa_suites) / sizeof(rsa_suites[0]));
		br_ssl_server_set_single_rsa(sc, o->chain, o->chain_len,
		    o->rsa_key, BR_KEYTYPE_SIGN, 0,
		    br_rsa_pkcs1_sign_get_default());
	} else {
		br_ssl_server_set_single_ec(sc, o->chain, o->chain_len, o->key,
		    BR_KEYTYPE_SIGN, BR_KEYTYPE_EC, &p256_ec, &p256_sign);
	}
	if (o->n_ca_names > 0)
		br_ssl_server_set_trust_anchor_names(sc, o->ca_names,
		    o->n_ca_names);
	if (o->peer_cert_optional)
		br_ssl_engine_add_flags(&sc->eng,
		    BR_OPT_TOLERATE_NO_CLIENT_AUTH);
	br_ssl_server_set_cache(sc, &e->cache.vtable);
	br_ssl_server_reset(sc);
}

void
engine_start(struct engine *e, const struct engine_template *t,
    const struct engine_options *o)
{
	memset(e, 0, offsetof(struct engine, in));
	if (o->is_server)
		e->ssl.server = t->server;
	else
		e->ssl.client = t->client;
	e->is_server = o->is_server;
	e->bad_cert_ends = o->bad_cert_ends;
	e->ops = o->ops;
	e->owner = o->owner;
	e->cache.vtable = &cache_class;
	e->cache.engine = e;
	e->verifier.vtable = &engine_verifier_class;
	e->verifier.engine = e;
	br_ssl_engine_set_x509(&e->ssl.any, &e->verifier.vtable);
	set_alpn(e, o->alpn);
	br_ssl_engine_set_buffers_bidi(&e->ssl.any, e->in, sizeof(e->in),
	    e->out, sizeof(e->out));
	seed(&e->ssl.any);
	if (o->is_server)
		start_server(e, o);
	else
		start_client(e, o);
}

/* --- run --------------------------------------------------------------- */

/* Returns false when no whole record is there. */
static bool
feed_record(struct engine *e, struct buf *raw)
{
	unsigned char head[RECORD_HEAD];
	size_t left;

	if (buf_len(raw) < RECORD_HEAD)
		return false;
	buf_copy_out(raw, head, sizeof(head));
	left = RECORD_HEAD + ((size_t)head[3] << 8 | head[4]);
	if (left > RECORD_HEAD + RECORD_MAX) {
		e->error = BR_ERR_TOO_LARGE;
		return true;
	}
	if (buf_len(raw) < left)
		return false;
	while (left > 0) {
		size_t room;
		unsigned char *p = br_ssl_engine_recvrec_buf(&e->ssl.any,
		    &room);

		if (p == NULL)
			break;	/* it failed inside the record */
		room = room < left ? room : left;
		buf_copy_out(raw, p, room);
		buf_drain(raw, room);
		br_ssl_engine_recvrec_ack(&e->ssl.any, room);
		left -= room;
	}
	return true;
}

static void
take_output(struct engine *e, struct buf *out)
{
	size_t len;
	unsigned char *p = br_ssl_engine_sendrec_buf(&e->ssl.any, &len);

	if (p[0] == RECORD_CCS)
		e->has_encrypted = true;
	buf_add(out, p, len);
	br_ssl_engine_sendrec_ack(&e->ssl.any, len);
}

/*
 * As a server BearSSL agrees to shorter records when a client asks for them
 * (RFC 6066, section 4); our record layer sends full ones.
 */
static enum engine_state
finish(struct engine *e)
{
	if (e->ssl.any.peer_log_max_frag_len != 0) {
		e->error = BR_ERR_BAD_FRAGLEN;
		return ENGINE_FAILED;
	}
	return ENGINE_DONE;
}

enum engine_state
engine_run(struct engine *e, struct buf *raw, struct buf *out)
{
	while (e->error == 0) {
		unsigned state = br_ssl_engine_current_state(&e->ssl.any);

		if (state & BR_SSL_CLOSED)
			return ENGINE_FAILED;
		if (state & BR_SSL_SENDREC)
			take_output(e, out);
		else if (state & BR_SSL_SENDAPP)
			return finish(e);
		else if (!(state & BR_SSL_RECVREC))
			e->error = BR_ERR_UNEXPECTED;
		else if (!feed_record(e, raw))
			return ENGINE_WAITS;
	}
	return ENGINE_FAILED;
}

int
engine_error(const struct engine *e)
{
	return e->error != 0 ? e->error :
	    br_ssl_engine_last_error(&e->ssl.any);
}

/* --- results ----------------------------------------------------------- */

bool
engine_is_resumed(const struct engine *e)
{
	return e->is_server ? e->has_loaded && !e->has_saved : !e->has_chain;
}

const char *
engine_sni(const struct engine *e)
{
	return br_ssl_engine_get_server_name(&e->ssl.any);
}

const char *
engine_alpn(const struct engine *e)
{
	unsigned k = e->ssl.any.selected_protocol;

	return k == 0 || k > e->ssl.any.protocol_names_num ? "" :
	    e->alpn[k - 1];
}

void
engine_session(const struct engine *e, br_ssl_session_parameters *p)
{
	br_ssl_engine_get_session_parameters(&e->ssl.any, p);
}

/*
 * RFC 5246, section 6.3: client key, server key, client IV, server IV.
 * Each side's Finished was record 0 under the new keys.
 */
void
engine_export(const struct engine *e, struct conn_image *image)
{
	const br_ssl_engine_context *eng = &e->ssl.any;
	uint16_t agreed = eng->session.cipher_suite, twin = aead_of_rsa(agreed);
	uint16_t suite = twin != 0 ? twin : agreed;
	size_t key = aead_key_len(suite), iv = aead_iv_len(suite);
	struct conn_key *client = e->is_server ? &image->rx : &image->tx;
	struct conn_key *server = e->is_server ? &image->tx : &image->rx;
	br_tls_prf_seed_chunk chunks[] = {
		{ eng->server_random, sizeof(eng->server_random) },
		{ eng->client_random, sizeof(eng->client_random) },
	};
	unsigned char block[2 * (32 + 12)];

	check(aead_is_known(suite));
	br_tls12_sha256_prf(block, 2 * (key + iv), eng->session.master_secret,
	    sizeof(eng->session.master_secret), "key expansion", 2, chunks);
	memset(client, 0, sizeof(*client));
	memset(server, 0, sizeof(*server));
	memcpy(client->key, block, key);
	memcpy(server->key, block + key, key);
	memcpy(client->iv, block + 2 * key, iv);
	memcpy(server->iv, block + 2 * key + iv, iv);
	client->seq = server->seq = 1;
	image->suite = suite;
	mem_wipe(block, sizeof(block));
}

void
engine_wipe(struct engine *e)
{
	mem_free(e->verifier.der);
	mem_wipe(e, sizeof(*e));
}
