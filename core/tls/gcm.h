#ifndef TLS_GCM_H
#define TLS_GCM_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/buf.h"

/*
 * gcm: AES-128-GCM of large records, by libcrypto, which encrypts and hashes
 * in one pass and from any number of pieces straight to where the result is
 * to be.  One context for each thread is given the key with each record, so a
 * connection keeps nothing for it; that costs about 130 ns, which smaller
 * records do not earn back.
 *
 * Life: the first call of a thread makes its context (the first of the
 * process takes 0.7 ms) -> gcm_forget when a key retires -> the thread's end.
 */
#define GCM_WORTH_LEN	3072	/* from here on it is the faster one */

/* What a record is sealed under; borrows all of it. */
struct gcm_seed {
	const unsigned char *key;	/* 16 bytes */
	const unsigned char *iv;	/* 12 bytes */
	const unsigned char *aad;
	size_t               aad_len;
};

/* The first len bytes of from, which stay there, become `to` and 16 of tag. */
void gcm_seal(const struct gcm_seed *, const struct buf *from, size_t len,
    unsigned char *to, unsigned char *tag);
/* The other way; false when the tag is another: `to` is without meaning. */
bool gcm_open(const struct gcm_seed *, const struct buf *from, size_t len,
    unsigned char *to, const unsigned char *tag);
/* Wipes the key that this thread used last. */
void gcm_forget(void);

#endif
