#include <bearssl.h>

#include "base/mem.h"
#include "pki/hash.h"

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct hash),
    "struct hash holds the library's context");
_Static_assert(br_sha256_SIZE == HASH_LEN, "SHA-256 is 32 bytes");

static br_sha256_context *
context(struct hash *h)
{
	return (br_sha256_context *)(void *)h->state;
}

void
hash_init(struct hash *h)
{
	br_sha256_init(context(h));
}

void
hash_add(struct hash *h, struct slice s)
{
	br_sha256_update(context(h), s.ptr, s.len);
}

void
hash_out(const struct hash *h, uint8_t out[HASH_LEN])
{
	br_sha256_out((const br_sha256_context *)(const void *)h->state, out);
}

void
hash_sha256(uint8_t out[HASH_LEN], struct slice s)
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, s);
	hash_out(&h, out);
	mem_wipe(&h, sizeof(h));
}

void
hash_sha1(uint8_t out[HASH_SHA1_LEN], struct slice a, struct slice b)
{
	br_sha1_context ctx;

	br_sha1_init(&ctx);
	br_sha1_update(&ctx, a.ptr, a.len);
	br_sha1_update(&ctx, b.ptr, b.len);
	br_sha1_out(&ctx, out);
}

void
hash_hmac(uint8_t out[HASH_LEN], struct slice key, struct slice message)
{
	br_hmac_key_context kc;
	br_hmac_context ctx;

	br_hmac_key_init(&kc, &br_sha256_vtable, key.ptr, key.len);
	br_hmac_init(&ctx, &kc, 0);
	br_hmac_update(&ctx, message.ptr, message.len);
	br_hmac_out(&ctx, out);
	mem_wipe(&ctx, sizeof(ctx));
	mem_wipe(&kc, sizeof(kc));
}

bool
hash_equal(struct slice a, struct slice b)
{
	volatile unsigned char diff = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		diff = (unsigned char)(diff | (a.ptr[i] ^ b.ptr[i]));
	return diff == 0;
}
