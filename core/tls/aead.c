#include "tls/aead.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "pki/hash.h"
#include "tls/gcm.h"

#define AAD_LEN	13

bool
aead_is_known(uint16_t suite)
{
	return suite == AEAD_AES_128_GCM || suite == AEAD_CHACHA20_POLY1305;
}

uint16_t
aead_of_rsa(uint16_t suite)
{
	switch (suite) {
	case AEAD_RSA_AES_128_GCM:
		return AEAD_AES_128_GCM;
	case AEAD_RSA_CHACHA20_POLY1305:
		return AEAD_CHACHA20_POLY1305;
	default:
		return 0;
	}
}

size_t
aead_key_len(uint16_t suite)
{
	return suite == AEAD_AES_128_GCM ? 16 : 32;
}

size_t
aead_iv_len(uint16_t suite)
{
	return suite == AEAD_AES_128_GCM ? 4 : 12;
}

size_t
aead_nonce_len(uint16_t suite)
{
	return suite == AEAD_AES_128_GCM ? 8 : 0;
}

static void
put_be64(unsigned char *p, uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		p[i] = (unsigned char)v;
}

/* libgcc reads CPUID once, before main. */
static bool
has_aes_instructions(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("aes") &&
	    __builtin_cpu_supports("pclmul");
#else
	return false;
#endif
}

static br_ghash
ghash(void)
{
#if defined(__x86_64__)
	if (has_aes_instructions())
		return br_ghash_pclmul;
#endif
	return br_ghash_ctmul64;
}

static br_chacha20_run
chacha20(void)
{
#if defined(__x86_64__)
	return br_chacha20_sse2_run;	/* SSE2 is part of the architecture */
#else
	return br_chacha20_ct_run;
#endif
}

static br_poly1305_run
poly1305(void)
{
#if defined(__SIZEOF_INT128__)
	return br_poly1305_ctmulq_run;
#else
	return br_poly1305_ctmul_run;
#endif
}

static void
aes_ctr(struct aead *a, const unsigned char iv[12], uint32_t counter,
    unsigned char *data, size_t len)
{
	a->aes.vtable->run(&a->aes.vtable, iv, counter, data, len);
}

static void
gcm_init(struct aead *a)
{
	static const unsigned char zero[12];
	const br_block_ctr_class *aes = &br_aes_ct64_ctr_vtable;

#if defined(__x86_64__)
	if (has_aes_instructions())
		aes = &br_aes_x86ni_ctr_vtable;
#endif
	aes->init(&a->aes.vtable, a->key.key, aead_key_len(a->suite));
	memset(a->h, 0, sizeof(a->h));
	aes_ctr(a, zero, 0, a->h, sizeof(a->h));
}

void
aead_init(struct aead *a, uint16_t suite, const struct conn_key *key)
{
	check(aead_is_known(suite));
	memset(a, 0, sizeof(*a));
	a->suite = suite;
	a->key = *key;
	if (suite == AEAD_AES_128_GCM)
		gcm_init(a);
}

void
aead_wipe(struct aead *a)
{
	mem_wipe(a, sizeof(*a));
	gcm_forget();
}

static void
gcm_tag(struct aead *a, const unsigned char iv[12],
    const unsigned char aad[AAD_LEN], const unsigned char *data, size_t len,
    unsigned char tag[AEAD_TAG_LEN])
{
	unsigned char y[16] = { 0 }, bits[16];
	br_ghash hash = ghash();

	put_be64(bits, (uint64_t)AAD_LEN * 8);
	put_be64(bits + 8, (uint64_t)len * 8);
	hash(y, a->h, aad, AAD_LEN);
	hash(y, a->h, data, len);
	hash(y, a->h, bits, sizeof(bits));
	aes_ctr(a, iv, 1, y, sizeof(y));
	memcpy(tag, y, AEAD_TAG_LEN);
}

static void
gcm_iv(const struct aead *a, const unsigned char *nonce, unsigned char iv[12])
{
	memcpy(iv, a->key.iv, 4);
	memcpy(iv + 4, nonce, 8);
}

static void
chapol_run(struct aead *a, const unsigned char aad[AAD_LEN],
    unsigned char *data, size_t len, unsigned char tag[AEAD_TAG_LEN],
    bool encrypt)
{
	unsigned char iv[12] = { 0 };

	put_be64(iv + 4, a->key.seq);
	for (size_t i = 0; i < sizeof(iv); i++)
		iv[i] ^= a->key.iv[i];
	poly1305()(a->key.key, iv, data, len, aad, AAD_LEN, tag, chacha20(),
	    encrypt);
}

static void
aead_aad(const struct aead *a, uint8_t type, size_t len,
    unsigned char aad[AAD_LEN])
{
	put_be64(aad, a->key.seq);
	aad[8] = type;
	aad[9] = 0x03;
	aad[10] = 0x03;
	aad[11] = (unsigned char)(len >> 8);
	aad[12] = (unsigned char)len;
}

static void
gcm_seal_record(struct aead *a, const unsigned char aad[AAD_LEN],
    const struct buf *from, size_t len, const struct aead_record *to)
{
	unsigned char iv[12];

	put_be64(to->nonce, a->key.seq);
	gcm_iv(a, to->nonce, iv);
	if (len >= GCM_WORTH_LEN) {
		struct gcm_seed seed = { a->key.key, iv, aad, AAD_LEN };

		gcm_seal(&seed, from, len, to->data, to->tag);
		return;
	}
	buf_copy_out(from, to->data, len);
	aes_ctr(a, iv, 2, to->data, len);
	gcm_tag(a, iv, aad, to->data, len, to->tag);
}

static bool
tag_is(const unsigned char tag[AEAD_TAG_LEN], const unsigned char *want)
{
	return hash_equal(slice_of(tag, AEAD_TAG_LEN),
	    slice_of(want, AEAD_TAG_LEN));
}

static bool
gcm_open_record(struct aead *a, const unsigned char aad[AAD_LEN],
    const struct buf *from, size_t len, const struct aead_record *to)
{
	unsigned char iv[12], tag[AEAD_TAG_LEN];

	gcm_iv(a, to->nonce, iv);
	if (len >= GCM_WORTH_LEN) {
		struct gcm_seed seed = { a->key.key, iv, aad, AAD_LEN };

		return gcm_open(&seed, from, len, to->data, to->tag);
	}
	buf_copy_out(from, to->data, len);
	gcm_tag(a, iv, aad, to->data, len, tag);
	aes_ctr(a, iv, 2, to->data, len);
	return tag_is(tag, to->tag);
}

void
aead_seal(struct aead *a, uint8_t type, const struct buf *from, size_t len,
    const struct aead_record *to)
{
	unsigned char aad[AAD_LEN];

	aead_aad(a, type, len, aad);
	if (a->suite == AEAD_AES_128_GCM) {
		gcm_seal_record(a, aad, from, len, to);
	} else {
		buf_copy_out(from, to->data, len);
		chapol_run(a, aad, to->data, len, to->tag, true);
	}
	a->key.seq++;
}

bool
aead_open(struct aead *a, uint8_t type, const struct buf *from, size_t len,
    const struct aead_record *to)
{
	unsigned char aad[AAD_LEN], tag[AEAD_TAG_LEN];
	bool is_right;

	aead_aad(a, type, len, aad);
	if (a->suite == AEAD_AES_128_GCM) {
		is_right = gcm_open_record(a, aad, from, len, to);
	} else {
		buf_copy_out(from, to->data, len);
		chapol_run(a, aad, to->data, len, tag, false);
		is_right = tag_is(tag, to->tag);
	}
	a->key.seq++;
	return is_right;
}
