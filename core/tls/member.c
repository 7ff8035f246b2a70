#include "tls/member.h"

#include <string.h>

#include "base/clock.h"
#include "tls/identity.h"
#include "tls/outside_run.h"

struct slice
member_claims(struct slice der)
{
	struct err err = ERR_INIT;
	struct spiffe id;
	struct cert leaf;

	if (cert_parse(&leaf, der, &err) < 0 || leaf.uris != 1 ||
	    !spiffe_parse(&id, leaf.uri))
		return SLICE_NONE;
	return id.domain;
}

static struct slice
domain_of(const struct tls_request *q, struct slice claimed)
{
	struct spiffe id;

	if (q->outside != NULL)
		return q->outside->domain;
	if (q->is_server)
		return claimed;
	return spiffe_parse(&id, slice_str(q->expected_id)) ? id.domain :
	    SLICE_NONE;
}

/* One of several is expected; their texts are whole IDs. */
static enum distrust
name_check(const struct tls_outside *o, struct slice id)
{
	for (size_t i = 0; i < o->names_len; i++)
		if (o->names[i].is_uri && slice_eq(o->names[i].text, id))
			return DISTRUST_NONE;
	return DISTRUST_OTHER_PEER;
}

enum distrust
member_judge(const struct tls_request *q, struct chain_memo *memo,
    const struct slice *certs, size_t n, struct member_judgement *out)
{
	const struct tls_identity *self = q->identity;
	struct leaf_policy policy = { .now = clock_wall_s(), .memo = memo,
		.root = &out->root };
	const struct bundle *b = self->bundle, *other;
	struct slice domain, claimed = n == 0 ? SLICE_NONE : member_claims(certs[0]);
	enum distrust why;

	if (q->outside == NULL && q->expected_id[0] != '\0')
		policy.expected = slice_str(q->expected_id);
	domain = domain_of(q, claimed);
	other = bundle_set_find(self->federated, domain);
	/* Of our own domain we alone say whom to trust. */
	if (other != NULL && !slice_eq(domain, b->domain))
		b = other;
	/* These roots are not those of the domain that it names. */
	if (claimed.ptr != NULL && !slice_eq(claimed, b->domain))
		return DISTRUST_FOREIGN;
	why = chain_verify(certs, n, b, &policy, &out->leaf, &out->id);
	if (why == DISTRUST_NONE && q->outside != NULL)
		why = name_check(q->outside, out->id.text);
	if (why == DISTRUST_NONE && revoked_has(self->revoked, out->id.text,
	    out->leaf.not_before))
		why = DISTRUST_REVOKED;
	return why;
}

bool
member_is_foreign(const struct tls_identity *self, const char *id)
{
	struct spiffe peer;

	return spiffe_parse(&peer, slice_str(id)) &&
	    !slice_eq(peer.domain, self->bundle->domain);
}
