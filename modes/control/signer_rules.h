#ifndef CONTROL_SIGNER_RULES_H
#define CONTROL_SIGNER_RULES_H

#include "modes/control/signer_wire.h"
#include "pki/cert.h"

/*
 * signer_rules: what the signer signs and what it refuses, whatever control
 * asks for.  If control were taken over, this is what would still hold:
 * identities of this trust domain and of the three kinds that exist, DNS
 * names of the identity's own namespace, P-256 points, lives up to a
 * maximum, so many in a second; and tokens of workloads that live for minutes.
 * Pure; time is passed in.
 */
#define SIGNER_LIFE_MIN_S	10
#define SIGNER_LIFE_MAX_S	(30 * 86400)
#define SIGNER_RATE_MAX		500	/* certificates in a second; tokens too */
#define SIGNER_TOKEN_LIFE_MAX_S	3600

struct signer_credit {
	double   left;		/* that may be signed now */
	uint64_t at_ms;
};

struct signer_rules {
	struct slice       domain;
	const struct cert *issuer;	/* the intermediate */
	uint32_t           life_max_s;
	uint32_t           rate;	/* in a second, and at once */
	struct signer_credit certs, tokens;
};

/* Keeps the domain's bytes and the issuer. */
void signer_rules_init(struct signer_rules *, struct slice domain,
    const struct cert *issuer, uint32_t life_max_s, uint32_t rate);
/* SIGNER_SIGNED: it may be signed, and the rate has been charged. */
enum signer_status signer_judge(struct signer_rules *,
    const struct signer_request *, int64_t wall_s, uint64_t mono_ms);
enum signer_status signer_judge_token(struct signer_rules *,
    const struct signer_token *, uint64_t mono_ms);
/* Adds the leaf.  The request was judged with the same wall_s. */
void signer_mint(struct str *der, const struct signer_rules *,
    const struct signer_request *, int64_t wall_s, const struct key *);
/* Adds the token, signed by its own key. */
void signer_mint_token(struct str *, const struct signer_rules *,
    const struct signer_token *, int64_t wall_s, const struct key *);

#endif
