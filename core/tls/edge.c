#include <string.h>

#include "base/mem.h"
#include "pki/pem.h"
#include "route/gateway.h"
#include "tls/edge.h"

#define RSA_KEY_MAX	4096	/* bytes of DER; a key of 4096 bits has 2,400 */
#define RSA_BITS_MIN	2048	/* RFC 9325, section 4.5 */
#define RSA_BITS_MAX	4096
#define RSA_LABEL	"RSA PRIVATE KEY"	/* PKCS #1, RFC 8017 */

/* --- keys ----------------------------------------------------------------- */

static int
decode_rsa(struct edge_cert *c, struct slice text, struct err *err)
{
	unsigned char der[RSA_KEY_MAX];
	struct pem pem;
	int r;

	do {
		r = pem_next(&text, &pem, err);
		if (r < 0)
			return -1;
	} while (r > 0 && !slice_is(pem.label, RSA_LABEL) &&
	    !slice_is(pem.label, PEM_LABEL_KEY));

	ptrdiff_t n = r > 0 ? pem_decode(&pem, der, sizeof(der)) : -1;

	br_skey_decoder_init(&c->rsa);
	if (n > 0)
		br_skey_decoder_push(&c->rsa, der, (size_t)n);
	mem_wipe(der, sizeof(der));
	if (n <= 0 || br_skey_decoder_last_error(&c->rsa) != 0 ||
	    br_skey_decoder_key_type(&c->rsa) != BR_KEYTYPE_RSA)
		return err_set(err, ERR_DATA, "the key is no intact, "
		    "unencrypted RSA key and none on P-256");
	c->rsa_key = br_skey_decoder_get_rsa(&c->rsa);
	if (c->rsa_key->n_bitlen < RSA_BITS_MIN ||
	    c->rsa_key->n_bitlen > RSA_BITS_MAX)
		return err_set(err, ERR_DATA, "the key is RSA of %u bits, "
		    "expected %d to %d", c->rsa_key->n_bitlen, RSA_BITS_MIN,
		    RSA_BITS_MAX);
	return 0;
}

/* Whether the RSA key is the leaf's: they have the same modulus. */
static bool
is_key_of_leaf(const struct edge_cert *c)
{
	unsigned char n[RSA_BITS_MAX / 8];
	size_t len = br_rsa_compute_modulus_get_default()(n, c->rsa_key);
	br_x509_decoder_context *d = mem_alloc(sizeof(*d));
	br_x509_pkey *pkey;
	bool same;

	br_x509_decoder_init(d, NULL, NULL);
	br_x509_decoder_push(d, c->leaf.der.ptr, c->leaf.der.len);
	pkey = br_x509_decoder_get_pkey(d);
	same = pkey != NULL && pkey->key_type == BR_KEYTYPE_RSA &&
	    slice_eq(slice_of(pkey->key.rsa.n, pkey->key.rsa.nlen),
	    slice_of(n, len));
	mem_free(d);
	return same;
}

static int
take_key(struct edge_cert *c, struct slice pem, struct err *err)
{
	c->is_rsa = !c->leaf.key_is_p256;
	if (c->is_rsa) {
		if (decode_rsa(c, pem, err) < 0)
			return -1;
		return is_key_of_leaf(c) ? 0 : err_set(err, ERR_DATA,
		    "the key is not the one of the certificate");
	}
	if (key_parse(&c->key, pem, err) < 0)
		return -1;
	if (memcmp(c->key.point, c->leaf.point, KEY_POINT_LEN) != 0)
		return err_set(err, ERR_DATA,
		    "the key is not the one of the certificate");
	c->ec_key = (br_ec_private_key){
		BR_EC_secp256r1, c->key.secret, KEY_SECRET_LEN
	};
	return 0;
}

/* --- life ------------------------------------------------------------------- */

static void
cert_free(struct edge_cert *c)
{
	chain_fini(&c->chain);
	mem_wipe(c, sizeof(*c));
	mem_free(c);
}

struct tls_edge *
tls_edge_new(void)
{
	struct tls_edge *e = mem_zalloc(sizeof(*e));

	atomic_init(&e->refs, 1);
	arena_init(&e->names);
	return e;
}

struct tls_edge *
tls_edge_ref(struct tls_edge *e)
{
	atomic_fetch_add(&e->refs, 1);
	return e;
}

void
tls_edge_unref(struct tls_edge *e)
{
	if (e == NULL || atomic_fetch_sub(&e->refs, 1) > 1)
		return;
	for (size_t i = 0; i < e->len; i++)
		cert_free(e->certs[i]);
	mem_free(e->certs);
	arena_fini(&e->names);
	mem_free(e);
}

/* BearSSL wants its inputs writable and writes to none of them. */
static unsigned char *
writable(struct slice s)
{
	union {
		const char    *in;
		unsigned char *out;
	} u = { .in = s.ptr };

	return u.out;
}

static int
take_chain(struct edge_cert *c, struct slice pem, struct err *err)
{
	if (chain_add_pem(&c->chain, pem, err) < 0 ||
	    cert_parse(&c->leaf, chain_cert(&c->chain, 0), err) < 0)
		return err_wrap(err, "certificate");
	hash_sha256(c->hash, c->leaf.der);
	for (size_t i = 0; i < c->chain.len; i++) {
		struct slice der = chain_cert(&c->chain, i);

		c->certs[c->n_certs++] = (br_x509_certificate){
			writable(der), der.len
		};
	}
	return 0;
}

int
tls_edge_add(struct tls_edge *e, struct slice hostname, struct slice chain_pem,
    struct slice key_pem, struct err *err)
{
	struct edge_cert *c = mem_zalloc(sizeof(*c));

	chain_init(&c->chain);
	if (take_chain(c, chain_pem, err) < 0 ||
	    take_key(c, key_pem, err) < 0) {
		cert_free(c);
		return -1;
	}
	c->hostname = arena_dup(&e->names, hostname);
	e->certs = mem_realloc(e->certs, (e->len + 1) * sizeof(struct edge_cert *));
	e->certs[e->len++] = c;
	return 0;
}

/* --- choosing ----------------------------------------------------------------- */

/* RFC 9525, section 6.3: a wildcard is one whole label. */
static bool
names(const struct edge_cert *c, struct slice host)
{
	struct slice at = c->leaf.san, name;
	ptrdiff_t dot = slice_find(host, '.');
	enum cert_san kind;

	while ((kind = cert_san_next(&at, &name)) != CERT_SAN_END) {
		if (kind != CERT_SAN_DNS)
			continue;
		if (slice_ieq(name, host))
			return true;
		if (dot > 0 && slice_has_prefix(name, SLICE("*.")) &&
		    slice_ieq(slice_from(name, 1),
		    slice_from(host, (size_t)dot)))
			return true;
	}
	return false;
}

static struct slice
lower(struct slice s, char out[CONN_SNI_MAX])
{
	size_t len = s.len < CONN_SNI_MAX ? s.len : 0;

	for (size_t i = 0; i < len; i++)
		out[i] = (char)(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ?
		    s.ptr[i] - 'A' + 'a' : s.ptr[i]);
	return slice_of(out, len);
}

const struct edge_cert *
edge_choose(const struct tls_edge *e, const struct hello *hello)
{
	char text[CONN_SNI_MAX];
	struct slice host = hello == NULL ? SLICE_NONE :
	    lower(hello->sni, text);
	const struct edge_cert *best = NULL;
	int best_score = -1;

	for (size_t i = 0; i < e->len; i++) {
		const struct edge_cert *c = e->certs[i];
		int score;

		if (best == NULL ? !gateway_holds(c->hostname, host) :
		    !slice_eq(c->hostname, best->hostname))
			continue;
		score = 2 * (hello == NULL || hello_takes(hello, c->is_rsa)) +
		    names(c, host);
		if (score > best_score) {
			best = c;
			best_score = score;
		}
	}
	return best;
}
