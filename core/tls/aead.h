#ifndef TLS_AEAD_H
#define TLS_AEAD_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/buf.h"
#include "net/conn_image.h"

/*
 * aead: one direction of a TLS 1.2 connection: its key, its IV and its
 * sequence number, which grows by one with each record (RFC 5246, section
 * 6.2.3.3).  Two suites: AES-128-GCM (RFC 5288) and ChaCha20-Poly1305
 * (RFC 7905).  The explicit nonce of GCM is the sequence number, so that no
 * nonce comes twice as long as a key has one user.
 *
 * Life: aead_init -> aead_seal or aead_open ... -> aead_wipe.
 *
 * AES and GHASH run on the processor's instructions where it has them, which
 * costs no CPUID per connection; large records of AES-128-GCM by tls/gcm.h.
 */
#define AEAD_AES_128_GCM	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
#define AEAD_CHACHA20_POLY1305	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256

/* Their twins with an RSA key, at edges; the records are the same. */
#define AEAD_RSA_AES_128_GCM	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
#define AEAD_RSA_CHACHA20_POLY1305	\
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256

#define AEAD_TAG_LEN	16
#define AEAD_NONCE_MAX	8
/* Far below where either cipher weakens; ends the connection. */
#define AEAD_SEQ_MAX	((uint64_t)1 << 40)

struct aead {
	uint16_t        suite;
	struct conn_key key;
	unsigned char   h[16];		/* GHASH key */
	union {
		const br_block_ctr_class *vtable;
		br_aes_x86ni_ctr_keys     x86ni;
		br_aes_ct64_ctr_keys      ct64;
	} aes;
};

bool aead_is_known(uint16_t suite);
/* Which of the two suites the twin with RSA is, or 0. */
uint16_t aead_of_rsa(uint16_t suite);
/* Bytes of key, of implicit IV, and of the nonce sent with each record. */
size_t aead_key_len(uint16_t suite);
size_t aead_iv_len(uint16_t suite);
size_t aead_nonce_len(uint16_t suite);

void aead_init(struct aead *, uint16_t suite, const struct conn_key *);
void aead_wipe(struct aead *);

/* Where a record's parts lie; data has room for as much as is sealed in it. */
struct aead_record {
	unsigned char *nonce;	/* aead_nonce_len bytes */
	unsigned char *data;
	unsigned char *tag;	/* AEAD_TAG_LEN */
};
/* The first len bytes of from, which stay there, become the record `to`. */
void aead_seal(struct aead *, uint8_t type, const struct buf *from,
    size_t len, const struct aead_record *to);
/*
 * The first len bytes of from become the plaintext to->data; nonce and tag are
 * the record's.  False when it was not sealed by the peer as this type, at
 * this place in the order; data is then without meaning.
 */
bool aead_open(struct aead *, uint8_t type, const struct buf *from,
    size_t len, const struct aead_record *to);

#endif
