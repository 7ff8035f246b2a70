#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "pki/cert_key.h"
#include "pki/chain.h"
#include "pki/pem.h"

void
chain_init(struct chain *c)
{
	*c = (struct chain){ .distrust = DISTRUST_NONE };
}

void
chain_fini(struct chain *c)
{
	str_fini(&c->bytes);
	chain_init(c);
}

void
chain_start(struct chain *c)
{
	if (c->len == CHAIN_CERTS_MAX && c->distrust == DISTRUST_NONE)
		c->distrust = DISTRUST_TOO_LONG;
}

void
chain_add(struct chain *c, struct slice s)
{
	if (c->distrust != DISTRUST_NONE)
		return;
	if (s.len > CHAIN_BYTES_MAX - c->bytes.len) {
		c->distrust = DISTRUST_TOO_LONG;
		return;
	}
	str_add_slice(&c->bytes, s);
}

void
chain_end(struct chain *c)
{
	if (c->distrust == DISTRUST_NONE)
		c->start[++c->len] = c->bytes.len;
}

struct slice
chain_cert(const struct chain *c, size_t i)
{
	check(i < c->len);
	return slice_of(c->bytes.ptr + c->start[i],
	    c->start[i + 1] - c->start[i]);
}

int
chain_add_pem(struct chain *c, struct slice text, struct err *err)
{
	uint8_t *der = mem_alloc(CERT_MAX);
	size_t found = 0;
	struct pem pem;
	int r;

	while ((r = pem_next(&text, &pem, err)) > 0) {
		ptrdiff_t n;

		if (!slice_is(pem.label, PEM_LABEL_CERT))
			continue;
		n = pem_decode(&pem, der, CERT_MAX);
		chain_start(c);
		if (n >= 0)
			chain_add(c, slice_of(der, (size_t)n));
		chain_end(c);
		found++;
		if (n < 0 || c->distrust != DISTRUST_NONE) {
			r = err_set(err, ERR_DATA, "certificate %zu: %s", found,
			    n < 0 ? "not base64 or too large" :
			    distrust_sentence(c->distrust));
			break;
		}
	}
	mem_free(der);
	if (r == 0 && found == 0)
		return err_set(err, ERR_DATA, "no \"%s\" block in the PEM "
		    "text", PEM_LABEL_CERT);
	return r;
}

enum distrust
chain_check(struct chain *c, const struct bundle *b,
    const struct leaf_policy *p)
{
	struct slice certs[CHAIN_CERTS_MAX];

	if (c->distrust != DISTRUST_NONE)
		return c->distrust;
	for (size_t i = 0; i < c->len; i++)
		certs[i] = chain_cert(c, i);
	c->distrust = chain_verify(certs, c->len, b, p, &c->leaf, &c->id);
	return c->distrust;
}

/* --- rights, which cost nothing ---------------------------------------------- */

/*
 * Leaf, its issuer and so on; then the roots whose name the last one's issuer
 * has and of which one may have signed it.
 */
struct path {
	const struct bundle *bundle;
	int64_t              now;
	struct chain_memo   *memo;
	struct cert          certs[CHAIN_CERTS_MAX];
	size_t               len;
	const struct cert   *roots[CHAIN_NAMESAKES_MAX];
	size_t               roots_len;
};

/* Does the issuer's key identifier agree, as far as both sides name one? */
static bool
key_ids_agree(const struct cert *c, const struct cert *issuer)
{
	return c->akid.ptr == NULL || issuer->skid.ptr == NULL ||
	    slice_eq(c->akid, issuer->skid);
}

/* A certificate that signs; below counts the CAs between it and the leaf. */
static enum distrust
issuer_check(const struct path *p, const struct cert *c, size_t below)
{
	if (c->version != 3)
		return DISTRUST_VERSION;
	if (c->has_repeated)
		return DISTRUST_REPEATED;
	if (c->has_unknown_critical)
		return DISTRUST_CRITICAL;
	if (c->has_name_constraints)
		return DISTRUST_CONSTRAINTS;
	if (!c->is_ca || !c->basic_critical || !c->has_usage ||
	    (c->usage & CERT_USE_CERT_SIGN) == 0)
		return DISTRUST_ISSUER_NOT_CA;
	if (c->path_len >= 0 && (uint64_t)c->path_len < below)
		return DISTRUST_ISSUER_PATH_LEN;
	if (p->bundle->is_foreign ? !cert_key_fits(c) :
	    c->key_kind != CERT_KEY_P256)
		return DISTRUST_KEY;
	return c->not_before > p->now + LEAF_SKEW_S ? DISTRUST_ISSUER_NOT_YET :
	    c->not_after < p->now ? DISTRUST_ISSUER_EXPIRED : DISTRUST_NONE;
}

/* May the issuer have signed the last one? */
static enum distrust
link_check(const struct path *p, const struct cert *issuer)
{
	const struct cert *c = &p->certs[p->len - 1];

	if (p->bundle->is_foreign ? c->sig_kind == CERT_SIG_OTHER :
	    c->sig_kind != CERT_SIG_ECDSA_SHA256)
		return DISTRUST_ALGORITHM;
	if (!key_ids_agree(c, issuer))
		return DISTRUST_KEY_ID;
	return issuer_check(p, issuer, p->len - 1);
}

/*
 * Looks for roots that may have signed the last one.  UNKNOWN_ISSUER if none
 * has the name; otherwise what is wrong with the last that has it.
 */
static enum distrust
roots_find(struct path *p)
{
	const struct bundle *b = p->bundle;
	enum distrust d = DISTRUST_UNKNOWN_ISSUER;

	for (size_t i = 0; i < b->len; i++) {
		if (!slice_eq(b->roots[i].subject, p->certs[p->len - 1].issuer))
			continue;
		d = link_check(p, &b->roots[i]);
		if (d == DISTRUST_NONE && p->roots_len < CHAIN_NAMESAKES_MAX)
			p->roots[p->roots_len++] = &b->roots[i];
	}
	return p->roots_len > 0 ? DISTRUST_NONE : d;
}

static bool
names_another_domain(const struct path *p, const struct cert *issuer)
{
	struct spiffe id;

	return spiffe_parse(&id, issuer->uri) &&
	    !slice_eq(id.domain, p->bundle->domain);
}

/* From the leaf, which is there, up to roots. */
static enum distrust
path_find(struct path *p, const struct slice *certs, size_t len)
{
	struct err err = ERR_INIT;
	enum distrust d;

	for (;; p->len++) {
		struct cert *next = &p->certs[p->len];

		d = roots_find(p);
		if (d != DISTRUST_UNKNOWN_ISSUER || p->len == len)
			return d;
		if (cert_parse(next, certs[p->len], &err) < 0)
			return DISTRUST_MALFORMED;
		if (!slice_eq(next[-1].issuer, next->subject))
			return DISTRUST_UNKNOWN_ISSUER;
		d = link_check(p, next);
		if (d != DISTRUST_NONE)
			return d;
		if (names_another_domain(p, next))
			return DISTRUST_ISSUER_FOREIGN;
	}
}

/* --- signatures -------------------------------------------------------------- */

static bool
is_known(const struct chain_memo *memo, const uint8_t fact[HASH_LEN])
{
	for (size_t i = 0; i < CHAIN_MEMO_LEN; i++)
		if (memcmp(memo->facts[i], fact, HASH_LEN) == 0)
			return true;
	return false;
}

static bool
is_signed(const struct path *p, const struct cert *c, const struct cert *issuer)
{
	return p->bundle->is_foreign ? cert_key_signed(c, issuer) :
	    cert_signed_by(c, issuer);
}

/* Of the i-th certificate of the path. */
static bool
signature_check(const struct path *p, size_t i, const struct cert *issuer)
{
	const struct cert *c = &p->certs[i];
	uint8_t fact[HASH_LEN];
	struct hash h;

	if (p->memo == NULL || i == 0)
		return is_signed(p, c, issuer);
	hash_init(&h);
	hash_add(&h, issuer->spki);
	hash_add(&h, c->der);
	hash_out(&h, fact);
	if (is_known(p->memo, fact))
		return true;
	if (!is_signed(p, c, issuer))
		return false;
	memcpy(p->memo->facts[p->memo->next], fact, HASH_LEN);
	p->memo->next = (p->memo->next + 1) % CHAIN_MEMO_LEN;
	return true;
}

/* From the root down; *root is the one that signed. */
static enum distrust
signatures_check(const struct path *p, const struct cert **root)
{
	size_t i = 0;

	while (i < p->roots_len &&
	    !signature_check(p, p->len - 1, p->roots[i]))
		i++;
	if (i == p->roots_len)
		return DISTRUST_SIGNATURE;
	*root = p->roots[i];
	for (i = p->len - 1; i > 0; i--)
		if (!signature_check(p, i - 1, &p->certs[i]))
			return DISTRUST_SIGNATURE;
	return DISTRUST_NONE;
}

/* --- the whole ---------------------------------------------------------------- */

enum distrust
chain_verify(const struct slice *certs, size_t len, const struct bundle *b,
    const struct leaf_policy *p, struct cert *leaf, struct spiffe *id)
{
	struct path path = { .bundle = b, .now = p->now, .memo = p->memo };
	const struct cert *root = NULL;
	struct leaf_policy policy = *p;
	struct err err = ERR_INIT;
	enum distrust d;

	*leaf = (struct cert){ 0 };
	*id = (struct spiffe){ .kind = SPIFFE_OTHER };
	if (len == 0)
		return DISTRUST_NO_CERTIFICATE;
	if (len > CHAIN_CERTS_MAX)
		return DISTRUST_TOO_LONG;
	if (cert_parse(leaf, certs[0], &err) < 0)
		return DISTRUST_MALFORMED;
	path.certs[path.len++] = *leaf;
	d = path_find(&path, certs, len);
	if (d == DISTRUST_NONE)
		d = signatures_check(&path, &root);
	if (p->root != NULL)
		*p->root = root;
	policy.domain = b->domain;
	policy.is_foreign = b->is_foreign;
	return d != DISTRUST_NONE ? d : leaf_check(leaf, &policy, id);
}
