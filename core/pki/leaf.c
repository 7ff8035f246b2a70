#include "pki/cert_key.h"
#include "pki/leaf.h"

static bool
has_key(const struct cert *c, const struct leaf_policy *p)
{
	struct pubkey key;

	return p->is_foreign ? cert_key_get(&key, c) :
	    c->key_kind == CERT_KEY_P256 &&
	    key_point_ok(slice_of(c->point, KEY_POINT_LEN));
}

static enum distrust
form_check(const struct cert *c, const struct leaf_policy *p)
{
	bool zero = true;

	for (size_t i = 0; i < c->serial.len; i++)
		zero = zero && c->serial.ptr[i] == 0;
	return c->version != 3 ? DISTRUST_VERSION :
	    c->has_repeated ? DISTRUST_REPEATED :
	    c->has_unknown_critical ? DISTRUST_CRITICAL :
	    c->has_name_constraints ? DISTRUST_CONSTRAINTS :
	    zero ? DISTRUST_SERIAL :
	    !has_key(c, p) ? DISTRUST_KEY : DISTRUST_NONE;
}

static enum distrust
time_check(const struct cert *c, const struct leaf_policy *p)
{
	int64_t life_max = p->life_max_s > 0 ? p->life_max_s : LEAF_LIFE_MAX_S;

	return c->not_before > p->now + LEAF_SKEW_S ? DISTRUST_NOT_YET :
	    c->not_after < p->now ? DISTRUST_EXPIRED :
	    c->not_after - c->not_before > life_max ? DISTRUST_LIFETIME :
	    DISTRUST_NONE;
}

static enum distrust
purpose_check(const struct cert *c)
{
	if (c->is_ca)
		return DISTRUST_LEAF_IS_CA;
	if (!c->has_usage || !c->usage_critical ||
	    (c->usage & CERT_USE_SIGN) == 0 ||
	    (c->usage & (CERT_USE_CERT_SIGN | CERT_USE_CRL_SIGN)) != 0)
		return DISTRUST_USAGE;
	return c->for_server && c->for_client ? DISTRUST_NONE :
	    DISTRUST_EXT_USAGE;
}

static enum distrust
names_check(const struct cert *c)
{
	struct slice at = c->san, name;
	enum cert_san kind;

	while ((kind = cert_san_next(&at, &name)) != CERT_SAN_END)
		for (size_t i = 0; (kind == CERT_SAN_DNS ||
		    kind == CERT_SAN_URI) && i < name.len; i++)
			if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f)
				return DISTRUST_NAME_BYTES;
	/* An empty Name is a SEQUENCE with nothing in it: two bytes. */
	if (c->san.ptr != NULL && !c->san_critical && c->subject.len == 2)
		return DISTRUST_SAN_NOT_CRITICAL;
	return c->uris == 0 ? DISTRUST_NO_ID :
	    c->uris > 1 ? DISTRUST_MANY_IDS : DISTRUST_NONE;
}

static enum distrust
identity_check(const struct cert *c, const struct leaf_policy *p,
    struct spiffe *id)
{
	struct spiffe got;

	if (!spiffe_parse(&got, c->uri) || got.kind == SPIFFE_DOMAIN)
		return DISTRUST_BAD_ID;
	if (!slice_eq(got.domain, p->domain))
		return DISTRUST_FOREIGN;
	if (p->expected.ptr != NULL && !slice_eq(got.text, p->expected))
		return DISTRUST_OTHER_PEER;
	*id = got;
	return DISTRUST_NONE;
}

enum distrust
leaf_check(const struct cert *c, const struct leaf_policy *p, struct spiffe *id)
{
	enum distrust d;

	*id = (struct spiffe){ .kind = SPIFFE_OTHER };
	if ((d = form_check(c, p)) != DISTRUST_NONE ||
	    (d = time_check(c, p)) != DISTRUST_NONE ||
	    (d = purpose_check(c)) != DISTRUST_NONE ||
	    (d = names_check(c)) != DISTRUST_NONE)
		return d;
	return identity_check(c, p, id);
}
