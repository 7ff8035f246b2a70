#ifndef PKI_KEYPAIR_H
#define PKI_KEYPAIR_H

#include <bearssl.h>

#include "pki/chain.h"
#include "pki/key.h"

/*
 * keypair: a certificate with those above it, and its private key, as PEM: what
 * a server shows to strangers, and what a Secret of type kubernetes.io/tls has.
 * Life: keypair_read -> ... -> keypair_fini, which wipes; also after a failure.
 *
 * Keys are on P-256, or RSA of 2048 to 4096 bits, and never encrypted.  Whether
 * anybody trusts the certificate, and when it is valid, is for others to judge.
 */
struct keypair {
	struct chain chain;	/* the leaf first */
	struct cert  leaf;	/* borrows from the chain */
	bool         is_rsa;
	struct key   key;	/* else */
	br_skey_decoder_context   rsa;	/* holds the numbers of rsa_key */
	const br_rsa_private_key *rsa_key;
};

/*
 * ERR_DATA: one of them is not what it should be, or the key is not that of the
 * first certificate; the text begins with "tls.crt: " or "tls.key: ".
 */
int keypair_read(struct keypair *, struct slice chain_pem, struct slice key_pem,
    struct err *);
void keypair_fini(struct keypair *);

/* Whether they can be read and belong together; errors as keypair_read's. */
int keypair_check(struct slice chain_pem, struct slice key_pem, struct err *);

#endif
