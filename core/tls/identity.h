#ifndef TLS_IDENTITY_H
#define TLS_IDENTITY_H

#include <bearssl.h>

#include "base/refs.h"
#include "pki/bundle_set.h"
#include "pki/chain.h"
#include "pki/hash.h"
#include "pki/key.h"
#include "pki/revoked.h"
#include "tls/tls.h"

/* What stands behind a tls_identity, for the files of this folder. */
struct tls_identity {
	struct refs         refs;
	char                id[CONN_ID_MAX];	/* "" without a certificate */
	int64_t             not_before, not_after;
	uint64_t            generation;
	struct bundle      *bundle;
	struct bundle_set  *federated;	/* NULL: no other domain */
	struct revoked     *revoked;	/* NULL: nobody */
	br_x500_name       *ca_names;	/* of all of those, as many as fit */
	size_t              n_ca_names;
	/* Ours; n_certs is 0 for one who only checks others. */
	struct chain        chain;
	br_x509_certificate certs[CHAIN_CERTS_MAX];
	size_t              n_certs;
	struct key          key;
	br_ec_private_key   ec_key;
	unsigned char       hash[HASH_LEN];	/* SHA-256 of our leaf */
};

#endif
