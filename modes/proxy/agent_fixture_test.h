#ifndef PROXY_AGENT_FIXTURE_TEST_H
#define PROXY_AGENT_FIXTURE_TEST_H

#include "base/str.h"
#include "pki/key.h"

/*
 * agent_fixture: a certificate authority of the trust domain "td" for tests:
 * a root, an intermediate, and leaves for whatever is asked.  Life: made by the
 * first call of authority_make, kept until the program ends.
 */
struct authority {
	struct key root, inter;
	struct str root_der, inter_der;
	struct str bundle_pem;
};

struct authority *authority_make(void);
/*
 * Gives a chain in PEM (leaf, intermediate) for the key.  dns: NULL ends.
 */
struct str authority_chain(const struct key *, const char *id,
    const char *const *dns, int64_t not_before, int64_t not_after);
/* The same leaf as a handshake hands it over: DER after 4 bytes of length. */
struct str authority_shown(const char *id);
/* Key and chain of ns "shop", account "web", workload "web-1", services web, api. */
struct str authority_identity_pem(int64_t not_before, int64_t not_after);

#endif
