#ifndef PKI_WRAP_H
#define PKI_WRAP_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/hash.h"

/*
 * wrap: bytes locked with a key, to lie on a disk.
 *
 *   version 1 | salt (32) | ciphertext | tag (16)
 *
 * Each is locked with a key of its own, the HMAC-SHA-256 of its random salt
 * under the wrapping key, by ChaCha20-Poly1305 (RFC 8439) with a nonce of
 * zeros: no pair of key and nonce comes twice, however many are made.  The
 * place where the bytes belong is authenticated with them, so that nobody
 * can put one in the place of another.
 */
#define WRAP_OVERHEAD	(1 + 32 + 16)
#define WRAP_ID_LEN	16	/* characters */

struct wrap_key {
	uint8_t bytes[HASH_LEN];
	char    id[WRAP_ID_LEN + 1];	/* lower-case hex; tells nothing of bytes */
};

void wrap_key_new(struct wrap_key *);
/* Its text: "mesh-wrap-key 1 HEX" and a newline.  ERR_DATA. */
int wrap_key_read(struct wrap_key *, struct slice text, struct err *);
void wrap_key_write(struct str *out, const struct wrap_key *);
void wrap_key_wipe(struct wrap_key *);

/* Adds the locked form. */
void wrap_close(struct str *out, struct slice plain, struct slice place,
    const struct wrap_key *);
/*
 * Adds the plain bytes.  Nothing is added when it fails: ERR_DATA for what
 * is no locked form, ERR_DENIED for another key, another place or tampering.
 */
int wrap_open(struct str *out, struct slice locked, struct slice place,
    const struct wrap_key *, struct err *);

#endif
