#ifndef CONTROL_ISSUER_H
#define CONTROL_ISSUER_H

#include "modes/control/audit.h"
#include "modes/control/ca.h"
#include "modes/control/records.h"
#include "modes/control/server.h"

/*
 * issuer: certificates, each recorded before anybody gets it.
 * Life: issuer_new -> issuer_issue ... -> issuer_free.
 *
 *   the signer signs -> one transaction: what the caller adds, the record of
 *   the certificate, the entry in the audit log -> done
 *
 * A certificate that could not be recorded is dropped (it names nobody who
 * has it) and done gets the error.  Error kinds: ERR_UNAVAILABLE (over the
 * rate of signing, disk full, the CA has ended; a later try may succeed), ERR_CONFLICT (the
 * caller's compare failed; nothing was written), ERR_DENIED (the identity was
 * revoked since issuer_issue), those of signer_status_err.
 */
struct issuer;
/* Keeps the server, whose loop then watches the signer. */
struct issuer *issuer_new(struct server *);
void issuer_free(struct issuer *);

/* der: absent with an error.  Both are borrowed. */
typedef void issuer_done(void *ctx, const struct err *, struct slice der,
    int64_t not_after);

struct issuer_job {
	const struct ca_request *request;	/* borrowed, may go at once */
	struct grant       grant;	/* of a workload; copied */
	struct slice       token;	/* it comes from, or absent */
	/* As in its record. */
	struct slice       attestor, host, credential;
	bool               is_of_app;
	struct audit_entry audit;	/* copied */
	/* More for the transaction; may be NULL.  -1 with err: give up. */
	int              (*add)(void *ctx, struct store_txn *, struct slice der,
			int64_t not_after, struct err *);
	issuer_done       *done;	/* may be called before issuer_issue
					   returns */
	void              *ctx;
};
void issuer_issue(struct issuer *, const struct issuer_job *);

#endif
