#ifndef PKI_CHAIN_FIXTURE_TEST_H
#define PKI_CHAIN_FIXTURE_TEST_H

#include "pki/chain.h"
#include "pki/forge_test.h"

/*
 * chain_fixture: a trust domain "td" for tests: a root, an intermediate under
 * it, and a leaf's key.  Made once by pki_make and kept till the program ends.
 */
struct pki {
	struct key     root, inter, leaf;
	struct bundle *bundle;
	struct str     root_der, inter_der;
};

extern struct pki pki;
extern const struct leaf_policy pki_now;	/* FORGE_NOW, anyone */

void pki_make(void);
/*
 * What chain_check says when the bytes come through the doors of the
 * handshake, in pieces of several sizes.
 */
enum distrust pki_verdict(const struct slice *certs, size_t len,
    const struct leaf_policy *);
/* Of a leaf under the intermediate, which is freed. */
enum distrust pki_leaf_verdict(struct str *leaf);
void assert_distrust(enum distrust got, enum distrust want, const char *what);

#endif
