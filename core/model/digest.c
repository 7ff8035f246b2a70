#include <stdio.h>
#include <string.h>

#include "model/digest.h"

/* The lengths stand before key and bytes, so that no two triples run alike. */
static void
hash_triple(uint8_t out[HASH_LEN], struct slice key, uint64_t revision,
    struct slice bytes)
{
	const uint64_t numbers[] = { key.len, bytes.len, revision };
	uint8_t head[sizeof(numbers)];
	struct hash h;

	for (size_t i = 0; i < sizeof(head); i++)
		head[i] = (uint8_t)(numbers[i / 8] >> (56 - 8 * (i % 8)));
	hash_init(&h);
	hash_add(&h, slice_of(head, sizeof(head)));
	hash_add(&h, key);
	hash_add(&h, bytes);
	hash_out(&h, out);
}

void
model_digest_add(struct model_digest *d, struct slice key, uint64_t revision,
    struct slice bytes)
{
	uint8_t one[HASH_LEN];
	unsigned carry = 0;

	hash_triple(one, key, revision, bytes);
	for (size_t i = HASH_LEN; i-- > 0;) {
		carry += (unsigned)d->sum[i] + one[i];
		d->sum[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

void
model_digest_sub(struct model_digest *d, struct slice key, uint64_t revision,
    struct slice bytes)
{
	uint8_t one[HASH_LEN];
	unsigned borrow = 0;

	hash_triple(one, key, revision, bytes);
	for (size_t i = HASH_LEN; i-- > 0;) {
		unsigned v = 0x100u + d->sum[i] - one[i] - borrow;

		d->sum[i] = (uint8_t)v;
		borrow = v < 0x100;
	}
}

bool
model_digest_equal(const struct model_digest *a, const struct model_digest *b)
{
	return memcmp(a->sum, b->sum, sizeof(a->sum)) == 0;
}

void
model_digest_text(const struct model_digest *d, char out[MODEL_DIGEST_TEXT])
{
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", d->sum[i]);
}
