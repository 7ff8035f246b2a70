#ifndef CONTROL_JOIN_H
#define CONTROL_JOIN_H

#include "modes/control/issuer.h"
#include "pki/token.h"

/*
 * join: a token and a key become an identity, once.
 *
 *   the token's record is read -> the secret is compared in constant time
 *   -> the signer signs the names of the record -> one transaction uses the
 *   token up (it requires the record as it was read) and records the
 *   certificate -> the certificate is given out
 *
 * So of any number of parallel uses one writes and the others find the token
 * used; after a crash at any point the token is either unused or its
 * certificate is known.  Whoever repeats the use with the same key gets the
 * same certificate again, for as long as that is valid.
 *
 * A host that was attested needs no token, and may come as often as its
 * HostAttestor takes it; so may it renew.
 *
 * A renewal is the same without a token: the names are those of the record
 * of the certificate that was presented.  So is the certificate that a proxy
 * gets for its application, to be given out by the SPIFFE Workload API: the
 * same identity and services, but not the workload's name; and whoever presents
 * it gets no further one.
 *
 * What nobody's one token bounds is bounded by workload_limit.h.
 *
 * Error kinds: ERR_DENIED (the token is none of ours, for another service than
 * is wanted, used by another key or too old; no record of the certificate),
 * ERR_TOO_MANY (by that limit), ERR_UNAVAILABLE (nothing happened, try again), those of
 * ca_request_workload.
 */
struct join_result {
	struct err   err;
	struct grant grant;		/* with a name */
	struct slice id;		/* SPIFFE ID */
	struct slice leaf;		/* DER */
	int64_t      not_after;
	bool         is_repeated;	/* the same certificate again */
};
/* Borrows the result. */
typedef void join_done(void *ctx, const struct join_result *);

struct join_request {
	struct slice       token;	/* its text */
	const uint8_t     *point;	/* KEY_POINT_LEN bytes, proven to be held */
	struct slice       service;	/* "ns/name" it has to serve; or absent */
	struct audit_entry who;		/* from; actor is the token */
};

struct renew_request {
	const uint8_t     *leaf;	/* SHA-256 of the certificate presented */
	const uint8_t     *point;	/* KEY_POINT_LEN bytes, proven to be held */
	bool               is_for_app;
	bool               is_ours;	/* this authority is known to have issued it */
	struct audit_entry who;
};

/* A host that attest.h has judged. */
struct attested;
struct join_attested_request {
	const struct attested *host;
	const uint8_t         *point;	/* KEY_POINT_LEN bytes, proven to be held */
	struct audit_entry     who;	/* from; actor is the host */
};

/* They copy what they are given; done is never called before they return. */
void join_start(struct server *, const struct join_request *, join_done *,
    void *ctx);
void join_attested(struct server *, const struct join_attested_request *,
    join_done *, void *ctx);
void join_renew(struct server *, const struct renew_request *, join_done *,
    void *ctx);
/*
 * When the identity of a grant was revoked, if what is from `since` is refused
 * for that; or 0.
 */
int64_t join_revoked(const struct server *, const struct grant *,
    int64_t since);

#endif
