#ifndef PKI_SEAL_H
#define PKI_SEAL_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"

/*
 * seal: bytes locked with a passphrase, for backups.
 *
 *   "mesh-seal\n" | version 1 | iterations (4, big-endian) | salt (16) |
 *   nonce (12) | ciphertext | tag (16)
 *
 * The key is PBKDF2-HMAC-SHA-256 of the passphrase (RFC 8018, 5.2), the
 * cipher ChaCha20-Poly1305 (RFC 8439); the header is authenticated as well.
 * A wrong passphrase and a changed byte look the same.  Opening takes the
 * iterations from the header, within limits, so that they may grow later.
 */
#define SEAL_ITERATIONS		600000u
#define SEAL_ITERATIONS_MAX	10000000u
#define SEAL_OVERHEAD		(10 + 1 + 4 + 16 + 12 + 16)

/* Adds the sealed form.  iterations: SEAL_ITERATIONS, fewer only in tests. */
void seal_close(struct str *out, struct slice plain, struct slice passphrase,
    uint32_t iterations);
/*
 * Adds the plain bytes.  Nothing is added when it fails: ERR_DATA for what
 * is no sealed form, ERR_DENIED for a wrong passphrase or tampering.
 */
int seal_open(struct str *out, struct slice sealed, struct slice passphrase,
    struct err *);

/* Writes len bytes. */
void seal_pbkdf2(uint8_t *out, size_t len, struct slice passphrase,
    struct slice salt, uint32_t iterations);

#endif
