#ifndef TLS_MEMBER_H
#define TLS_MEMBER_H

#include "pki/chain.h"
#include "tls/tls.h"

/*
 * member: is this peer one of our trust domain, or of one that we federate
 * with (pki/bundle_set.h)?
 *
 * Whose roots count is settled before a signature is looked at, and by one
 * domain alone: of a server that is asked for, the domain of whom we expect
 * (nobody in particular: ours); of a client the one that its certificate
 * names.  So no root of one domain ever vouches for a name of another.
 */
struct member_judgement {
	struct cert   leaf;
	struct spiffe id;	/* borrows from the certificates; if trusted */
	const struct cert *root;	/* likewise: of the identity's bundle */
};
/* Of the request its identity, what it expects and its outside count. */
enum distrust member_judge(const struct tls_request *, struct chain_memo *,
    const struct slice *certs, size_t n, struct member_judgement *out);

/* The domain that a leaf says to be of; borrows; absent: it names none. */
struct slice member_claims(struct slice der);
/* Whether an ID that the identity believed is of another trust domain. */
bool member_is_foreign(const struct tls_identity *, const char *id);

#endif
