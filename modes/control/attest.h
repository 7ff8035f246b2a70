#ifndef CONTROL_ATTEST_H
#define CONTROL_ATTEST_H

#include "base/map.h"
#include "model/host_attestor.h"
#include "net/addr.h"
#include "modes/control/records.h"
#include "modes/control/registry.h"
#include "pki/host_proof.h"

/*
 * attest: a machine joins by what it is, not by a token: which of the
 * HostAttestors of a namespace takes it, and as what.
 *
 *   a nonce -> the host signs it and its request -> a verifier of the document's
 *   type says who the host is -> its key is found behind the proof -> the
 *   document says what that host may be
 *
 * Nothing of the identity comes from the request but which of the allowed services
 * is wanted.  A nonce lives for ATTEST_NONCE_S, is good for one certificate, and
 * for nothing once control has started again; giving one out costs no memory, so
 * that nobody can use up what others need.
 *
 * Life: attest_new -> attest_nonce, attest_judge ... -> attest_free.
 */
#define ATTEST_NONCE_S		60
#define ATTEST_EVIDENCE_MAX	32768	/* bytes of DER */

struct attest;
struct attest *attest_new(void);
void attest_free(struct attest *);

void attest_nonce(const struct attest *, int64_t now,
    uint8_t nonce[HOST_NONCE_LEN]);

/* Before anything is looked into; false: it asks too often, or all do. */
bool attest_may_ask(struct attest *, const struct addr *from, uint64_t now_ms);

/* What a host shows. */
struct attest_evidence {
	struct slice type;		/* as in the document */
	struct slice certificates;	/* X509: PEM, the host's own first */
	struct slice key;		/* HostKey: PEM */
};

/* Who it is, by a verifier. */
struct attest_host {
	struct slice  name;	/* in the arena */
	struct slice  credential;	/* likewise: which of its proofs this is */
	struct pubkey key;	/* by which it has to sign */
};

/*
 * One kind of evidence.  A verifier says whether a document takes it and who the
 * host is, and no more: proof and claims are judged for all alike.  Another
 * kind, such as a cloud's document, is a row here and a type in the model.
 */
struct attest_verifier {
	const char *type;
	/*
	 * The key that the evidence shows, whoever vouches for it: without a proof
	 * by that nothing else is looked into.  ERR_DENIED: it shows none.
	 */
	int       (*shown)(const struct attest_evidence *, struct arena *,
			struct pubkey *, struct err *);
	/* ERR_DENIED: why the document does not take it. */
	int       (*verify)(const struct model_object *,
			const struct attest_evidence *, int64_t now,
			struct arena *, struct attest_host *, struct err *);
	/*
	 * Whether the document, as it is now, would take that host, who came by
	 * that credential; absent: by one that was not recorded.
	 */
	bool      (*stands)(const struct model_object *, struct slice host,
			struct slice credential);
};
extern const struct attest_verifier attest_x509, attest_key;

struct attest_question {
	struct attest_evidence evidence;
	struct slice service;	/* "ns/name" */
	struct slice csr;	/* DER */
	struct slice nonce;	/* HOST_NONCE_LEN bytes, or anything else */
	struct slice proof;
	struct slice control;	/* SPIFFE ID of who is asked */
};

struct attested {
	struct grant grant;	/* with a name */
	struct slice attestor;	/* "ns/name" of the document */
	struct slice host, credential;
	int64_t      since;	/* the document was made; wall seconds */
};

/*
 * All of it lies in the arena.  ERR_DENIED: of the result at most host is set, where a
 * verifier named one; the nonce is used up if it was found good.
 */
int attest_judge(struct attest *, const struct registry *, struct arena *,
    const struct attest_question *, int64_t now, struct attested *,
    struct err *);
/* Whether a host that joined by it may go on; text says why not. */
const char *attest_ended(const struct registry *, struct arena *,
    const struct cert_record *, int64_t now);

#endif
