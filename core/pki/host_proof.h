#ifndef PKI_HOST_PROOF_H
#define PKI_HOST_PROOF_H

#include <stdbool.h>

#include "base/str.h"
#include "pki/keypair.h"
#include "pki/pubkey.h"

/*
 * host_proof: proof that a machine holds the key of its own that it shows, its
 * certificate's or one that somebody registered, and that it asks with it for a
 * certificate of the mesh.
 *
 * The host's key signs a text of our own, so that no other signature of that key
 * can be passed off as this, in four lines: what it is; a nonce that control drew
 * for this one question; the SHA-256 of the request (csr.h), and with it the key
 * that the certificate will be for; who is asked.  So it is of no use to anybody
 * else, at any other control, or a second time.
 *
 * ECDSA on P-256 or RSA with PKCS #1 v1.5, both with SHA-256; in base64.
 */
#define HOST_NONCE_LEN	32

void host_proof_add_text(struct str *, const uint8_t nonce[HOST_NONCE_LEN],
    struct slice csr, struct slice control);

/* By the key of a certificate, or a bare one. */
void host_proof_sign(struct str *, const struct keypair *, struct slice text);
void host_proof_sign_bare(struct str *, const struct key *, struct slice text);
bool host_proof_is_good(const struct pubkey *, struct slice text,
    struct slice proof);

/* A public key on P-256 as openssl writes it (RFC 7468, 13). */
#define PEM_LABEL_PUBLIC	"PUBLIC KEY"
void host_proof_add_public(struct str *, const uint8_t point[KEY_POINT_LEN]);
/* ERR_DATA: the text holds none, or one of another kind. */
int host_proof_read_public(uint8_t point[KEY_POINT_LEN], struct slice pem,
    struct err *);

#endif
