#include <string.h>

#include "modes/control/signer_rules.h"
#include "pki/jwt_svid.h"
#include "pki/spiffe.h"

void
signer_rules_init(struct signer_rules *r, struct slice domain,
    const struct cert *issuer, uint32_t life_max_s, uint32_t rate)
{
	*r = (struct signer_rules){
		.domain = domain, .issuer = issuer, .life_max_s = life_max_s,
		.rate = rate, .certs = { .left = rate },
		.tokens = { .left = rate },
	};
}

static enum signer_status
judge_identity(const struct signer_rules *r, const struct signer_request *q)
{
	struct spiffe id;

	if (!spiffe_parse(&id, q->id))
		return SIGNER_IDENTITY;
	if (!slice_eq(id.domain, r->domain))
		return SIGNER_FOREIGN;
	if (id.kind != SPIFFE_WORKLOAD && id.kind != SPIFFE_OPERATOR &&
	    id.kind != SPIFFE_CONTROL)
		return SIGNER_IDENTITY;
	for (size_t i = 0; i < q->dns_len; i++)
		if (!spiffe_dns_allowed(&id, q->dns[i]))
			return SIGNER_DNS;
	return SIGNER_SIGNED;
}

/* A bucket that fills with time; one signature takes one. */
static bool
take_credit(struct signer_credit *c, uint32_t rate, uint64_t mono_ms)
{
	if (c->at_ms != 0 && mono_ms > c->at_ms)
		c->left += (double)(mono_ms - c->at_ms) * rate / 1000;
	if (c->left > rate)
		c->left = rate;
	c->at_ms = mono_ms;
	if (c->left < 1)
		return false;
	c->left -= 1;
	return true;
}

enum signer_status
signer_judge(struct signer_rules *r, const struct signer_request *q,
    int64_t wall_s, uint64_t mono_ms)
{
	enum signer_status s = judge_identity(r, q);

	if (s != SIGNER_SIGNED)
		return s;
	if (q->life_s < SIGNER_LIFE_MIN_S || q->life_s > r->life_max_s)
		return SIGNER_LIFE;
	if (q->serial[0] < 0x40 || q->serial[0] > 0x7f)
		return SIGNER_SERIAL;
	if (wall_s < r->issuer->not_before || wall_s >= r->issuer->not_after)
		return SIGNER_EXPIRED;
	if (!take_credit(&r->certs, r->rate, mono_ms))
		return SIGNER_RATE;
	return key_point_ok(slice_of(q->point, KEY_POINT_LEN)) ?
	    SIGNER_SIGNED : SIGNER_POINT;
}

enum signer_status
signer_judge_token(struct signer_rules *r, const struct signer_token *t,
    uint64_t mono_ms)
{
	struct spiffe id;

	if (!spiffe_parse(&id, t->id) || id.kind != SPIFFE_WORKLOAD)
		return SIGNER_IDENTITY;
	if (!slice_eq(id.domain, r->domain))
		return SIGNER_FOREIGN;
	if (t->life_s < 1 || t->life_s > SIGNER_TOKEN_LIFE_MAX_S)
		return SIGNER_LIFE;
	if (t->audiences_len == 0)
		return SIGNER_AUDIENCE;
	for (size_t i = 0; i < t->audiences_len; i++)
		if (t->audiences[i].len == 0 ||
		    t->audiences[i].len > SIGNER_AUDIENCE_MAX)
			return SIGNER_AUDIENCE;
	return take_credit(&r->tokens, r->rate, mono_ms) ? SIGNER_SIGNED :
	    SIGNER_RATE;
}

void
signer_mint_token(struct str *out, const struct signer_rules *r,
    const struct signer_token *t, int64_t wall_s, const struct key *key)
{
	struct str issuer = { 0 };
	struct jwt_svid svid = {
		.id = t->id, .audiences = t->audiences,
		.audiences_len = t->audiences_len,
		.issued = wall_s, .expires = wall_s + t->life_s,
	};

	str_addf(&issuer, "spiffe://%.*s", SLICE_ARG(r->domain));
	svid.issuer = str_slice(&issuer);
	jwt_svid_add(out, &svid, key);
	str_fini(&issuer);
}

void
signer_mint(struct str *der, const struct signer_rules *r,
    const struct signer_request *q, int64_t wall_s, const struct key *key)
{
	struct mint_leaf leaf = {
		.id = q->id, .dns = q->dns, .dns_len = q->dns_len,
		.not_before = wall_s - MINT_SKEW_S,
		.not_after = wall_s + q->life_s,
	};

	if (leaf.not_after > r->issuer->not_after)
		leaf.not_after = r->issuer->not_after;
	memcpy(leaf.serial, q->serial, MINT_SERIAL_LEN);
	memcpy(leaf.point, q->point, KEY_POINT_LEN);
	mint_leaf(der, &leaf, r->issuer, key);
}
