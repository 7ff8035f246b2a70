#ifndef PKI_LEAF_H
#define PKI_LEAF_H

#include "pki/cert.h"
#include "pki/distrust.h"
#include "pki/spiffe.h"

/*
 * leaf: what a peer's own certificate must be, whoever signed it
 * (SPIFFE X509-SVID, section 5.2, and stricter where only our CA signs):
 * version 3, no extension twice or critical and unknown, a positive serial,
 * a P-256 key (of another domain any of cert_key.h), valid now and not for too
 * long, not a CA, key usage critical and without the signing of certificates,
 * for server and client, names of printable ASCII, exactly one URI, and that a
 * SPIFFE ID with a path in the trust domain.
 */
#define LEAF_LIFE_MAX_S	(31 * 86400)
#define LEAF_SKEW_S	60	/* a clock may be so far behind its CA's */

struct chain_memo;
struct leaf_policy {
	struct slice domain;		/* the trust domain */
	bool         is_foreign;	/* that is not ours */
	struct slice expected;		/* the SPIFFE ID, or absent: anyone */
	int64_t      now;		/* seconds since 1970 */
	int64_t      life_max_s;	/* 0: LEAF_LIFE_MAX_S */
	struct chain_memo *memo;	/* for chain.h; may be NULL */
	const struct cert **root;	/* for chain.h: gets the one that vouches */
};

/* *id is set when trusted; it borrows from the certificate. */
enum distrust leaf_check(const struct cert *, const struct leaf_policy *,
    struct spiffe *id);

#endif
