#include <string.h>

#include "modes/control/signer_rules.h"
#include "pki/spiffe.h"

void
signer_rules_init(struct signer_rules *r, struct slice domain,
    const struct cert *issuer, uint32_t life_max_s, uint32_t rate)
{
	*r = (struct signer_rules){
		.domain = domain, .issuer = issuer, .life_max_s = life_max_s,
		.rate = rate, .credit = rate,
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

/* A bucket that fills with time; one certificate takes one. */
static bool
take_credit(struct signer_rules *r, uint64_t mono_ms)
{
	if (r->credit_at_ms != 0 && mono_ms > r->credit_at_ms)
		r->credit += (double)(mono_ms - r->credit_at_ms) * r->rate /
		    1000;
	if (r->credit > r->rate)
		r->credit = r->rate;
	r->credit_at_ms = mono_ms;
	if (r->credit < 1)
		return false;
	r->credit -= 1;
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
	if (!take_credit(r, mono_ms))
		return SIGNER_RATE;
	return key_point_ok(slice_of(q->point, KEY_POINT_LEN)) ?
	    SIGNER_SIGNED : SIGNER_POINT;
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
