#include <string.h>

#include "base/check.h"
#include "base/mem.h"
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

/* Does the issuer's key identifier agree, as far as both sides name one? */
static bool
key_ids_agree(const struct cert *c, const struct cert *issuer)
{
	return c->akid.ptr == NULL || issuer->skid.ptr == NULL ||
	    slice_eq(c->akid, issuer->skid);
}

/* A certificate that signs; below counts the CAs between it and the leaf. */
static enum distrust
issuer_check(const struct cert *c, int64_t now, size_t below)
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
	if (!c->key_is_p256)
		return DISTRUST_KEY;
	return c->not_before > now + LEAF_SKEW_S ? DISTRUST_ISSUER_NOT_YET :
	    c->not_after < now ? DISTRUST_ISSUER_EXPIRED : DISTRUST_NONE;
}

/* What a walk from the leaf to a root needs at every step. */
struct walk {
	const struct bundle *bundle;
	int64_t              now;
	struct chain_memo   *memo;
	const struct cert   *root;	/* that was found */
	size_t               below;	/* CAs between here and the leaf */
};

static bool
is_known(const struct chain_memo *memo, const uint8_t fact[HASH_LEN])
{
	for (size_t i = 0; i < CHAIN_MEMO_LEN; i++)
		if (memcmp(memo->facts[i], fact, HASH_LEN) == 0)
			return true;
	return false;
}

static bool
signature_check(const struct cert *c, const struct cert *issuer,
    const struct walk *w)
{
	uint8_t fact[HASH_LEN];
	struct hash h;

	if (w->memo == NULL || w->below == 0)
		return cert_signed_by(c, issuer);
	hash_init(&h);
	hash_add(&h, slice_of(issuer->point, KEY_POINT_LEN));
	hash_add(&h, c->der);
	hash_out(&h, fact);
	if (is_known(w->memo, fact))
		return true;
	if (!cert_signed_by(c, issuer))
		return false;
	memcpy(w->memo->facts[w->memo->next], fact, HASH_LEN);
	w->memo->next = (w->memo->next + 1) % CHAIN_MEMO_LEN;
	return true;
}

static enum distrust
signed_by_check(const struct cert *c, const struct cert *issuer,
    const struct walk *w)
{
	enum distrust d;

	if (!c->signed_ecdsa)
		return DISTRUST_ALGORITHM;
	if (!key_ids_agree(c, issuer))
		return DISTRUST_KEY_ID;
	if ((d = issuer_check(issuer, w->now, w->below)) != DISTRUST_NONE)
		return d;
	return signature_check(c, issuer, w) ? DISTRUST_NONE :
	    DISTRUST_SIGNATURE;
}

/*
 * Looks for a root that signed c.  UNKNOWN_ISSUER if none has the name;
 * otherwise what is wrong with the last that has it.
 */
static enum distrust
root_check(const struct cert *c, struct walk *w)
{
	const struct bundle *b = w->bundle;
	enum distrust d = DISTRUST_UNKNOWN_ISSUER;

	for (size_t i = 0; i < b->len && d != DISTRUST_NONE; i++)
		if (slice_eq(b->roots[i].subject, c->issuer)) {
			d = signed_by_check(c, &b->roots[i], w);
			w->root = &b->roots[i];
		}
	return d;
}

static enum distrust
path_check(const struct cert *leaf, const struct slice *certs, size_t len,
    struct walk *w)
{
	struct cert at = *leaf, next;
	struct err err = ERR_INIT;
	enum distrust d;

	for (;; w->below++) {
		d = root_check(&at, w);
		if (d != DISTRUST_UNKNOWN_ISSUER || w->below + 1 == len)
			return d;
		if (cert_parse(&next, certs[w->below + 1], &err) < 0)
			return DISTRUST_MALFORMED;
		if (!slice_eq(at.issuer, next.subject))
			return DISTRUST_UNKNOWN_ISSUER;
		d = signed_by_check(&at, &next, w);
		if (d != DISTRUST_NONE)
			return d;
		at = next;
	}
}

enum distrust
chain_verify(const struct slice *certs, size_t len, const struct bundle *b,
    const struct leaf_policy *p, struct cert *leaf, struct spiffe *id)
{
	struct walk w = { .bundle = b, .now = p->now, .memo = p->memo };
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
	d = path_check(leaf, certs, len, &w);
	policy.domain = b->domain;
	if (p->root != NULL)
		*p->root = w.root;
	return d != DISTRUST_NONE ? d : leaf_check(leaf, &policy, id);
}
