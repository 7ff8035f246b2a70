#ifndef MODEL_DIGEST_H
#define MODEL_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "pki/hash.h"

/*
 * digest: one number for a whole set of documents.
 * The sum modulo 2^256 of the SHA-256 over each document's key, revision and
 * bytes.  It does not depend on the order, and one change costs one step on
 * each end.  All zeros is the empty set.
 */
struct model_digest {
	uint8_t sum[HASH_LEN];	/* big-endian */
};

/* Of the set of this one document. */
struct model_digest model_digest_of(struct slice key, uint64_t revision,
    struct slice bytes);
/* Of both sets together, and of the set without those of the other. */
void model_digest_join(struct model_digest *, const struct model_digest *);
void model_digest_part(struct model_digest *, const struct model_digest *);
void model_digest_add(struct model_digest *, struct slice key, uint64_t revision,
    struct slice bytes);
/* Takes out what was added with the same three. */
void model_digest_sub(struct model_digest *, struct slice key, uint64_t revision,
    struct slice bytes);
bool model_digest_equal(const struct model_digest *, const struct model_digest *);
/* Lower-case hex. */
#define MODEL_DIGEST_TEXT	(2 * HASH_LEN + 1)
void model_digest_text(const struct model_digest *, char out[MODEL_DIGEST_TEXT]);

#endif
