#ifndef PROXY_AGENT_IDENTITY_H
#define PROXY_AGENT_IDENTITY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/bundle.h"
#include "pki/key.h"
#include "tls/tls.h"

/*
 * agent_identity: who this workload is: its key and its certificates.  All
 * that is known of it stands in the leaf, so there is nothing beside the
 * certificate that could disagree with it:
 *
 *	spiffe://TD/ns/NS/sa/NAME	identity, trust domain, namespace
 *	WORKLOAD.NS.workload.mesh	the workload
 *	NAME.NS.mesh			each service that it serves
 *
 * Life: agent_identity_make or _read -> (use; it does not change) -> _free.
 */
struct agent_identity {
	struct key    key;
	struct arena  arena;
	struct slice  chain_pem;	/* leaf first */
	const char   *id;		/* SPIFFE ID */
	const char   *domain, *ns, *account, *workload;
	const char  **services;		/* names in ns */
	size_t        services_len;
	int64_t       not_before, not_after;	/* wall seconds */
};

/*
 * Copies the key.  ERR_DATA: the certificates are not those of a workload, or
 * not for this key.
 */
struct agent_identity *agent_identity_make(const struct key *,
    struct slice chain_pem, struct err *);
/* From a key and certificates in one text. */
struct agent_identity *agent_identity_read(struct slice pem, struct err *);
void agent_identity_free(struct agent_identity *);	/* wipes; NULL allowed */
/* Key and certificates in one text; the caller wipes it (key_wipe_str). */
void agent_identity_pem(struct str *, const struct agent_identity *);
/* As others will judge it, at the time `now`.  ERR_DENIED. */
int agent_identity_check(const struct agent_identity *,
    const struct bundle *, int64_t now, struct err *);
/* For handshakes; gives. */
struct tls_identity *agent_identity_tls(const struct agent_identity *,
    struct slice bundle_pem, uint64_t generation, struct err *);

/*
 * When to renew: at a random 50 to 70 % of the certificate's life, which
 * begins when it was given out (not_before lies MINT_SKEW_S earlier).
 * unit: 0 <= unit < 1.
 */
int64_t agent_renew_at(int64_t not_before, int64_t not_after, double unit);
/* From here on it is late, and people should know: 75 %. */
int64_t agent_renew_late_at(int64_t not_before, int64_t not_after);
/* How long to wait after the failed-th failure in a row; 200 ms to 10 s. */
uint64_t agent_backoff_ms(unsigned failed, double unit);
/* The same after another proxy took the session: 1 s to 1 min. */
uint64_t agent_displaced_ms(unsigned times, double unit);

#endif
