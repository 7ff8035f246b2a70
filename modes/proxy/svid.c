#include <string.h>

#include "base/mem.h"
#include "modes/proxy/svid.h"
#include "pki/bundle.h"
#include "pki/chain.h"
#include "pki/spiffe.h"

static int
take_chain(struct svids *s, const struct key *key, struct slice pem,
    struct err *err)
{
	struct spiffe id;
	struct chain chain;
	struct cert leaf;
	int r;

	chain_init(&chain);
	r = chain_add_pem(&chain, pem, err);
	if (r == 0)
		r = cert_parse(&leaf, chain_cert(&chain, 0), err);
	if (r == 0 && (leaf.key_kind != CERT_KEY_P256 ||
	    memcmp(leaf.point, key->point, KEY_POINT_LEN) != 0))
		r = err_set(err, ERR_DATA, "the certificate is not for the "
		    "application's key");
	if (r == 0 && (leaf.uris != 1 || !spiffe_parse(&id, leaf.uri) ||
	    id.kind != SPIFFE_WORKLOAD))
		r = err_set(err, ERR_DATA, "the certificate is no workload's");
	if (r == 0) {
		s->id = arena_dup(&s->memory, leaf.uri);
		s->chain = arena_dup(&s->memory, str_slice(&chain.bytes));
		s->not_before = leaf.not_before;
		s->not_after = leaf.not_after;
	}
	chain_fini(&chain);
	return r;
}

struct svids *
svids_new(const struct key *key, struct slice chain_pem, struct err *err)
{
	struct svids *s = mem_zalloc(sizeof(*s));

	refs_init(&s->refs);
	arena_init(&s->memory);
	key_pkcs8(&s->key, key);
	if (take_chain(s, key, chain_pem, err) == 0)
		return s;
	svids_unref(s);
	return NULL;
}

int
svids_add_bundle(struct svids *s, struct slice domain, struct slice roots_pem,
    struct slice jwks, struct err *err)
{
	struct bundle *b = bundle_new(domain);
	struct str der = { 0 };
	int r = s->bundles_len < SVID_BUNDLES_MAX ? 0 : err_set(err, ERR_DATA,
	    "more than %d trust bundles", SVID_BUNDLES_MAX);

	if (r == 0)
		r = bundle_add_pem(b, roots_pem, err);
	if (r == 0) {
		for (size_t i = 0; i < b->len; i++)
			str_add_slice(&der, b->roots[i].der);
		s->bundles[s->bundles_len++] = (struct svid_bundle){
			.domain = arena_dup(&s->memory, domain),
			.roots = arena_dup(&s->memory, str_slice(&der)),
			.jwks = jwks.len == 0 ? SLICE_NONE :
			    arena_dup(&s->memory, jwks),
		};
	}
	str_fini(&der);
	bundle_unref(b);
	return r;
}

struct svids *
svids_ref(struct svids *s)
{
	refs_take(&s->refs);
	return s;
}

void
svids_unref(struct svids *s)
{
	if (s == NULL || !refs_drop(&s->refs))
		return;
	key_wipe_str(&s->key);
	arena_fini(&s->memory);
	mem_free(s);
}

const struct svid_bundle *
svids_bundle(const struct svids *s, struct slice domain)
{
	for (size_t i = 0; i < s->bundles_len; i++)
		if (slice_eq(s->bundles[i].domain, domain))
			return &s->bundles[i];
	return NULL;
}
