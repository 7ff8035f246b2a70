#ifndef PROXY_AGENT_HOST_H
#define PROXY_AGENT_HOST_H

#include "model/proxy.h"
#include "pki/bundle.h"
#include "pki/hash.h"
#include "pki/host_proof.h"

/*
 * agent_host: by what this machine proves to control who it is, when it joins
 * without a token: a certificate of its own and the key of that, or a key that
 * was registered, and how control is known: nothing else names its roots.
 *
 * Life: agent_host_read -> agent_host_add_body -> agent_host_free, which wipes.
 */
struct agent_host {
	bool           has_certificate;
	struct keypair pair;	/* if so */
	struct key     key;	/* else */
	struct str     certificates;	/* PEM */
	struct str     roots;	/* of control, PEM; empty: pinned by hash */
	uint8_t        hash[HASH_LEN];
};

/* Whether the settings say so. */
bool agent_host_is_meant(const struct model_proxy_spec *);
/* ERR_CONFIG: a file is missing or wrong, or nothing says who control is. */
struct agent_host *agent_host_read(const struct model_proxy_spec *, struct err *);
/* Copies: who joined before knows more of control's roots than the file. */
void agent_host_trust(struct agent_host *, struct slice roots_pem);
/* By what a proxy that is refused comes back, in words for the log. */
const char *agent_host_way_back(const struct model_proxy_spec *);
void agent_host_free(struct agent_host *);	/* NULL allowed */
/*
 * Adds the body of POST /v1/attest.  challenge: the answer of /v1/attest/challenge;
 * control: its SPIFFE ID.  ERR_DATA: the challenge does not read.
 */
int agent_host_add_body(struct str *, const struct agent_host *,
    struct slice challenge, const char *control, const char *service,
    const struct key *, struct err *);

#endif
