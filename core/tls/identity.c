#include "tls/identity.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "tls/clients.h"
#include "tls/federation.h"
#include "tls/trust.h"

static void
name_roots(struct tls_identity *id, const struct bundle *b, size_t *room)
{
	id->ca_names = mem_realloc(id->ca_names, (id->n_ca_names + b->len) *
	    sizeof(*id->ca_names));
	for (size_t i = 0; i < b->len; i++) {
		struct slice name = b->roots[i].subject;

		if (name.len + 2 > *room)
			continue;
		*room -= name.len + 2;
		id->ca_names[id->n_ca_names++] = (br_x500_name){
			slice_writable(name), name.len
		};
	}
}

/* RFC 5246, section 7.4.4: two bytes of length stand before each. */
static void
name_all(struct tls_identity *id)
{
	size_t room = TLS_CLIENTS_NAMES_MAX;

	id->n_ca_names = 0;
	name_roots(id, id->bundle, &room);
	for (size_t i = 0; id->federated != NULL && i < id->federated->len; i++)
		name_roots(id, id->federated->v[i], &room);
}

static int
bundle_take(struct tls_identity *id, struct slice pem, const char *domain,
    struct err *err)
{
	id->bundle = bundle_new(slice_str(domain));
	if (bundle_add_pem(id->bundle, pem, err) < 0)
		return err_wrap(err, "trust bundle");
	name_all(id);
	return 0;
}

/*
 * The chain must be good at a time within the leaf's life.  Whether it is
 * valid now is for peers to judge: our clock may be wrong, or the
 * certificate about to be renewed.
 */
static int
chain_judge(struct tls_identity *id, struct err *err)
{
	struct leaf_policy policy = { .now = clock_wall_s() };
	struct cert leaf;

	if (cert_parse(&leaf, chain_cert(&id->chain, 0), err) < 0)
		return err_wrap(err, "certificate");
	if (policy.now < leaf.not_before)
		policy.now = leaf.not_before;
	if (policy.now > leaf.not_after)
		policy.now = leaf.not_after;
	enum distrust why = chain_check(&id->chain, id->bundle, &policy);

	if (why != DISTRUST_NONE)
		return err_set(err, ERR_DATA, "certificate: %s",
		    distrust_sentence(why));
	if (id->chain.id.text.len >= sizeof(id->id))
		return err_set(err, ERR_DATA, "certificate: the SPIFFE ID has "
		    "more than %zu bytes", sizeof(id->id) - 1);
	return 0;
}

static int
chain_take(struct tls_identity *id, struct slice chain_pem,
    struct slice key_pem, struct err *err)
{
	if (chain_add_pem(&id->chain, chain_pem, err) < 0)
		return err_wrap(err, "certificate chain");
	if (key_parse(&id->key, key_pem, err) < 0)
		return err_wrap(err, "key");
	if (chain_judge(id, err) < 0)
		return -1;
	if (memcmp(id->chain.leaf.point, id->key.point, KEY_POINT_LEN) != 0)
		return err_set(err, ERR_DATA,
		    "key: not the one of the certificate");
	memcpy(id->id, id->chain.id.text.ptr, id->chain.id.text.len);
	id->not_before = id->chain.leaf.not_before;
	id->not_after = id->chain.leaf.not_after;
	hash_sha256(id->hash, id->chain.leaf.der);
	for (size_t i = 0; i < id->chain.len; i++) {
		struct slice der = chain_cert(&id->chain, i);

		id->certs[id->n_certs++] = (br_x509_certificate){
			slice_writable(der), der.len
		};
	}
	id->ec_key = (br_ec_private_key){
		BR_EC_secp256r1, id->key.secret, KEY_SECRET_LEN
	};
	return 0;
}

struct tls_identity *
tls_identity_new(struct slice chain_pem, struct slice key_pem,
    struct slice bundle_pem, const char *trust_domain,
    uint64_t bundle_generation, struct err *err)
{
	struct tls_identity *id = secret_alloc(sizeof(*id));
	bool has_cert = chain_pem.ptr != NULL || key_pem.ptr != NULL;

	refs_init(&id->refs);
	id->generation = bundle_generation;
	chain_init(&id->chain);
	if (bundle_take(id, bundle_pem, trust_domain, err) < 0 ||
	    (has_cert && chain_take(id, chain_pem, key_pem, err) < 0)) {
		tls_identity_unref(id);
		return NULL;
	}
	return id;
}

int
tls_identity_trust(struct tls_identity *id, struct slice bundle_pem,
    struct err *err)
{
	struct bundle *b = bundle_new(id->bundle->domain);

	if (bundle_add_pem(b, bundle_pem, err) < 0) {
		bundle_unref(b);
		return err_wrap(err, "trust bundle");
	}
	bundle_unref(id->bundle);
	id->bundle = b;
	name_all(id);
	return 0;
}

struct bundle *
tls_identity_bundle(const struct tls_identity *id)
{
	return bundle_ref(id->bundle);
}

void
tls_identity_refuse(struct tls_identity *id, struct revoked *who)
{
	revoked_unref(id->revoked);
	id->revoked = who == NULL ? NULL : revoked_ref(who);
}

void
tls_identity_federate(struct tls_identity *id, struct bundle_set *domains)
{
	bundle_set_unref(id->federated);
	id->federated = domains == NULL ? NULL : bundle_set_ref(domains);
	name_all(id);
}

struct bundle_set *
tls_identity_federated(const struct tls_identity *id)
{
	return id->federated == NULL ? NULL : bundle_set_ref(id->federated);
}

struct tls_identity *
tls_identity_ref(struct tls_identity *id)
{
	refs_take(&id->refs);
	return id;
}

void
tls_identity_unref(struct tls_identity *id)
{
	if (id == NULL || !refs_drop(&id->refs))
		return;
	chain_fini(&id->chain);
	bundle_unref(id->bundle);
	bundle_set_unref(id->federated);
	mem_free(id->ca_names);
	revoked_unref(id->revoked);
	secret_free(id, sizeof(*id));
}

int64_t
tls_identity_not_after(const struct tls_identity *id)
{
	return id->not_after;
}

int64_t
tls_identity_not_before(const struct tls_identity *id)
{
	return id->not_before;
}

uint64_t
tls_identity_generation(const struct tls_identity *id)
{
	return id->generation;
}

const char *
tls_identity_id(const struct tls_identity *id)
{
	return id->id;
}
