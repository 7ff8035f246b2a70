#include <string.h>

#include "model/digest.h"

/* The lengths stand before key and bytes, so that no two triples run alike. */
struct model_digest
model_digest_of(struct slice key, uint64_t revision, struct slice bytes)
{
	const uint64_t numbers[] = { key.len, bytes.len, revision };
	uint8_t head[sizeof(numbers)];
	struct model_digest one;
	struct hash h;

	for (size_t i = 0; i < sizeof(head); i++)
		head[i] = (uint8_t)(numbers[i / 8] >> (56 - 8 * (i % 8)));
	hash_init(&h);
	hash_add(&h, slice_of(head, sizeof(head)));
	hash_add(&h, key);
	hash_add(&h, bytes);
	hash_out(&h, one.sum);
	return one;
}

void
model_digest_join(struct model_digest *d, const struct model_digest *one)
{
	unsigned carry = 0;

	for (size_t i = HASH_LEN; i-- > 0;) {
		carry += (unsigned)d->sum[i] + one->sum[i];
		d->sum[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

void
model_digest_part(struct model_digest *d, const struct model_digest *one)
{
	unsigned borrow = 0;

	for (size_t i = HASH_LEN; i-- > 0;) {
		unsigned v = 0x100u + d->sum[i] - one->sum[i] - borrow;

		d->sum[i] = (uint8_t)v;
		borrow = v < 0x100;
	}
}

void
model_digest_add(struct model_digest *d, struct slice key, uint64_t revision,
    struct slice bytes)
{
	struct model_digest one = model_digest_of(key, revision, bytes);

	model_digest_join(d, &one);
}

void
model_digest_sub(struct model_digest *d, struct slice key, uint64_t revision,
    struct slice bytes)
{
	struct model_digest one = model_digest_of(key, revision, bytes);

	model_digest_part(d, &one);
}

bool
model_digest_equal(const struct model_digest *a, const struct model_digest *b)
{
	return memcmp(a->sum, b->sum, sizeof(a->sum)) == 0;
}

void
model_digest_text(const struct model_digest *d, char out[MODEL_DIGEST_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < HASH_LEN; i++) {
		*out++ = digits[d->sum[i] >> 4];
		*out++ = digits[d->sum[i] & 15];
	}
	*out = '\0';
}
