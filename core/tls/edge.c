#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/secret.h"
#include "route/gateway.h"
#include "tls/edge.h"

/* --- life ------------------------------------------------------------------- */

static void
cert_unref(struct edge_cert *c)
{
	if (!refs_drop(&c->refs))
		return;
	keypair_fini(&c->pair);
	mem_wipe(&c->ec_key, sizeof(c->ec_key));
	mem_free(c->hostname);
	secret_free(c, sizeof(*c));
}

struct tls_edge *
tls_edge_new(void)
{
	struct tls_edge *e = mem_zalloc(sizeof(*e));

	refs_init(&e->refs);
	return e;
}

struct tls_edge *
tls_edge_ref(struct tls_edge *e)
{
	refs_take(&e->refs);
	return e;
}

void
tls_edge_unref(struct tls_edge *e)
{
	if (e == NULL || !refs_drop(&e->refs))
		return;
	for (size_t i = 0; i < e->len; i++)
		cert_unref(e->certs[i]);
	mem_free(e->certs);
	mem_free(e);
}

static void
take_pair(struct edge_cert *c)
{
	const struct keypair *k = &c->pair;

	hash_sha256(c->hash, k->leaf.der);
	for (size_t i = 0; i < k->chain.len; i++) {
		struct slice der = chain_cert(&k->chain, i);

		c->certs[c->n_certs++] = (br_x509_certificate){
			slice_writable(der), der.len
		};
	}
	c->rsa_key = k->rsa_key;
	if (!k->is_rsa)
		c->ec_key = (br_ec_private_key){
			BR_EC_secp256r1, c->pair.key.secret, KEY_SECRET_LEN
		};
}

/* Takes the reference. */
static void
put(struct tls_edge *e, struct edge_cert *c)
{
	e->certs = mem_realloc(e->certs, (e->len + 1) * sizeof(struct edge_cert *));
	e->certs[e->len++] = c;
}

int
tls_edge_add(struct tls_edge *e, struct slice hostname, struct slice chain_pem,
    struct slice key_pem, struct err *err)
{
	struct edge_cert *c = secret_alloc(sizeof(*c));

	refs_init(&c->refs);
	if (keypair_read(&c->pair, chain_pem, key_pem, err) < 0) {
		cert_unref(c);
		return -1;
	}
	take_pair(c);
	c->hostname = mem_dup(hostname.ptr, hostname.len);
	put(e, c);
	return 0;
}

void
tls_edge_keep(struct tls_edge *e, const struct tls_edge *from, size_t i)
{
	check(i < from->len);
	refs_take(&from->certs[i]->refs);
	put(e, from->certs[i]);
}

/* --- choosing ----------------------------------------------------------------- */

/* RFC 9525, section 6.3: a wildcard is one whole label. */
static bool
names(const struct edge_cert *c, struct slice host)
{
	struct slice at = c->pair.leaf.san, name;
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
edge_first(const struct tls_edge *e)
{
	check(e->len > 0);
	return e->certs[0];
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

		if (best == NULL ? !gateway_holds(slice_str(c->hostname), host) :
		    strcmp(c->hostname, best->hostname) != 0)
			continue;
		score = 2 * (hello == NULL || hello_takes(hello, c->pair.is_rsa)) +
		    names(c, host);
		if (score > best_score) {
			best = c;
			best_score = score;
		}
	}
	return best;
}
