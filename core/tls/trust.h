#ifndef TLS_TRUST_H
#define TLS_TRUST_H

#include "pki/bundle.h"
#include "tls/tls.h"

/*
 * trust: whom of its own trust domain an identity believes.  These are the roots
 * that it was made with, which vouch for its own certificate, too, unless others
 * have taken their place.
 */

/*
 * Before anybody else has it: other roots, which need not vouch for its own
 * certificate: whoever trusts none but them refuses that.  ERR_DATA leaves it as
 * it is.
 */
int tls_identity_trust(struct tls_identity *, struct slice bundle_pem,
    struct err *);
/* Gives a reference. */
struct bundle *tls_identity_bundle(const struct tls_identity *);

#endif
