#ifndef TLS_EDGE_H
#define TLS_EDGE_H

#include <bearssl.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "pki/chain.h"
#include "pki/hash.h"
#include "pki/key.h"
#include "tls/hello.h"
#include "tls/tls.h"

/* What stands behind a tls_edge, for the files of this folder. */
struct edge_cert {
	struct slice         hostname;	/* of the listener; empty: any */
	struct chain         chain;
	struct cert          leaf;
	br_x509_certificate  certs[CHAIN_CERTS_MAX];
	size_t               n_certs;
	bool                 is_rsa;
	struct key           key;	/* else */
	br_ec_private_key    ec_key;
	br_skey_decoder_context rsa;	/* holds the numbers of rsa_key */
	const br_rsa_private_key *rsa_key;
	unsigned char        hash[HASH_LEN];	/* SHA-256 of the leaf */
};

struct tls_edge {
	atomic_uint        refs;
	struct arena       names;
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

#endif
