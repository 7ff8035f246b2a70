#ifndef CONTROL_KDF_H
#define CONTROL_KDF_H

#include "base/slice.h"
#include "loop/loop.h"
#include "pki/hash.h"

/*
 * kdf: the slow hash of a password, PBKDF2-HMAC-SHA-256 (RFC 8018, 5.2), on a
 * thread of its own: the loop goes on meanwhile.
 * Life: kdf_new -> kdf_start ... -> done of each -> kdf_stop, and the answers
 *     are taken -> kdf_free.
 *
 * One at a time, in order; KDF_QUEUE_MAX wait at most.
 */
#define KDF_ITERATIONS	600000u
#define KDF_SALT_LEN	16
#define KDF_QUEUE_MAX	32

struct kdf;
/* On the loop; hash NULL: control is ending. */
typedef void kdf_done(void *ctx, const uint8_t hash[HASH_LEN]);

struct kdf *kdf_new(struct loop *);	/* keeps the loop */
/* Blocks until the one under way is done; those that wait get no hash. */
void kdf_stop(struct kdf *);		/* NULL is allowed */
void kdf_free(struct kdf *);		/* after kdf_stop; likewise */

/* Copies password and salt.  -1: too many wait. */
int kdf_start(struct kdf *, struct slice password,
    const uint8_t salt[KDF_SALT_LEN], uint32_t iterations, kdf_done *,
    void *ctx);

#endif
