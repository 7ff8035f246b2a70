#ifndef TLS_EDGE_H
#define TLS_EDGE_H

#include <bearssl.h>

#include "base/refs.h"
#include "pki/hash.h"
#include "pki/keypair.h"
#include "tls/hello.h"
#include "tls/tls.h"

/* What stands behind a tls_edge, for the files of this folder. */
struct edge_cert {
	struct refs          refs;	/* edges that show it */
	char                *hostname;	/* of the listener; empty: any */
	struct keypair       pair;
	br_x509_certificate  certs[CHAIN_CERTS_MAX];
	size_t               n_certs;
	br_ec_private_key    ec_key;
	const br_rsa_private_key *rsa_key;	/* NULL: ec_key it is */
	unsigned char        hash[HASH_LEN];	/* SHA-256 of the leaf */
};

struct tls_edge {
	struct refs        refs;
	struct edge_cert **certs;
	size_t             len;
};

/*
 * The certificate for a client, or NULL: there is none for the name.  Of those
 * of the first hostname that holds it: one that names it, and one of a kind
 * that the client takes.  hello may be NULL.
 */
const struct edge_cert *edge_choose(const struct tls_edge *,
    const struct hello *);
/* The only one of who is a client. */
const struct edge_cert *edge_first(const struct tls_edge *);

#endif
