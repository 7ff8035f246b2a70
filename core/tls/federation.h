#ifndef TLS_FEDERATION_H
#define TLS_FEDERATION_H

#include "pki/bundle_set.h"
#include "tls/tls.h"

/*
 * federation: whom of other trust domains an identity believes, each by the
 * bundle of his own (pki/bundle_set.h).  Without, it believes members of its
 * own domain alone.
 */

/*
 * Before anybody else has the identity; a reference is taken, NULL: nobody.
 * Another set asks for another generation, as tls_identity_refuse does.
 */
void tls_identity_federate(struct tls_identity *, struct bundle_set *);
/* Gives a reference, or NULL. */
struct bundle_set *tls_identity_federated(const struct tls_identity *);

#endif
