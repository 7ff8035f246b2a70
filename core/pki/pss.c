#include <string.h>

#include "pki/hash.h"
#include "pki/pss.h"

#define HASH_MAX	64	/* bytes */
#define TRAILER		0xbc

static size_t
hash_len(const br_hash_class *class)
{
	return class->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

/* MGF1 (RFC 8017, appendix B.2.1), onto what is there. */
static void
unmask(const br_hash_class *class, unsigned char *to, size_t len,
    const unsigned char *seed)
{
	size_t step = hash_len(class);
	br_hash_compat_context ctx;
	unsigned char block[HASH_MAX];

	for (uint32_t n = 0; n * step < len; n++) {
		const unsigned char count[4] = { (unsigned char)(n >> 24),
			(unsigned char)(n >> 16), (unsigned char)(n >> 8),
			(unsigned char)n };

		class->init(&ctx.vtable);
		class->update(&ctx.vtable, seed, step);
		class->update(&ctx.vtable, count, sizeof(count));
		class->out(&ctx.vtable, block);
		for (size_t i = 0; i < step && n * step + i < len; i++)
			to[n * step + i] ^= block[i];
	}
}

bool
pss_verify(const br_hash_class *class, struct slice hash, unsigned char *block,
    size_t bits)
{
	static const unsigned char zeros[8];
	size_t h = hash_len(class), len = (bits - 1 + 7) / 8, over, masked;
	unsigned char want[HASH_MAX], *seed, bad = 0, high;
	br_hash_compat_context ctx;

	/* With a bit more than whole bytes its first byte is none of it. */
	if (len < (bits + 7) / 8)
		bad |= *block++;
	if (hash.len != h || len < 2 * h + 2)
		return false;
	masked = len - h - 1;
	seed = block + masked;
	over = 8 * len - (bits - 1);
	high = (unsigned char)(0xff00u >> over);
	bad |= block[0] & high;
	bad |= block[len - 1] ^ TRAILER;
	unmask(class, block, masked, seed);
	block[0] &= (unsigned char)~high;
	for (size_t i = 0; i < masked - h - 1; i++)
		bad |= block[i];
	bad |= block[masked - h - 1] ^ 1;
	class->init(&ctx.vtable);
	class->update(&ctx.vtable, zeros, sizeof(zeros));
	class->update(&ctx.vtable, hash.ptr, hash.len);
	class->update(&ctx.vtable, block + masked - h, h);
	class->out(&ctx.vtable, want);
	return hash_equal(slice_of(want, h), slice_of(seed, h)) && bad == 0;
}
