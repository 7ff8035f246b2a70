#include <bearssl.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "pki/hash.h"
#include "pki/seal.h"

#define MAGIC	"mesh-seal\n\1"	/* with the version */

enum {
	MAGIC_LEN = sizeof(MAGIC) - 1,
	COUNT_LEN = 4,
	SALT_LEN  = 16,
	NONCE_LEN = 12,
	TAG_LEN	  = 16,
	KEY_LEN	  = 32,
	SALT_AT	  = MAGIC_LEN + COUNT_LEN,
	NONCE_AT  = SALT_AT + SALT_LEN,
	HEAD_LEN  = NONCE_AT + NONCE_LEN
};

_Static_assert(HEAD_LEN + TAG_LEN == SEAL_OVERHEAD, "the header says so");

static void
put_u32(uint8_t out[4], uint32_t v)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* F of RFC 8018, 5.2: one block of output. */
static void
pbkdf2_block(uint8_t sum[HASH_LEN], const br_hmac_key_context *kc,
    struct slice salt, uint32_t number, uint32_t iterations)
{
	br_hmac_context ctx;
	uint8_t u[HASH_LEN], be[4];

	put_u32(be, number);
	br_hmac_init(&ctx, kc, 0);
	br_hmac_update(&ctx, salt.ptr, salt.len);
	br_hmac_update(&ctx, be, sizeof(be));
	br_hmac_out(&ctx, u);
	memcpy(sum, u, HASH_LEN);
	for (uint32_t i = 1; i < iterations; i++) {
		br_hmac_init(&ctx, kc, 0);
		br_hmac_update(&ctx, u, sizeof(u));
		br_hmac_out(&ctx, u);
		for (size_t j = 0; j < HASH_LEN; j++)
			sum[j] ^= u[j];
	}
	mem_wipe(&ctx, sizeof(ctx));
	mem_wipe(u, sizeof(u));
}

void
seal_pbkdf2(uint8_t *out, size_t len, struct slice passphrase,
    struct slice salt, uint32_t iterations)
{
	br_hmac_key_context kc;
	uint8_t sum[HASH_LEN];
	uint32_t number = 1;

	br_hmac_key_init(&kc, &br_sha256_vtable, passphrase.ptr,
	    passphrase.len);
	for (size_t at = 0; at < len; at += HASH_LEN) {
		size_t n = len - at < HASH_LEN ? len - at : HASH_LEN;

		pbkdf2_block(sum, &kc, salt, number++, iterations);
		memcpy(out + at, sum, n);
	}
	mem_wipe(&kc, sizeof(kc));
	mem_wipe(sum, sizeof(sum));
}

/* In place; the head holds salt, nonce and count. */
static void
run(uint8_t *data, size_t len, const uint8_t head[HEAD_LEN],
    struct slice passphrase, uint32_t iterations, uint8_t tag[TAG_LEN],
    int encrypt)
{
	uint8_t key[KEY_LEN];

	seal_pbkdf2(key, sizeof(key), passphrase,
	    slice_of(head + SALT_AT, SALT_LEN), iterations);
	br_poly1305_ctmul_run(key, head + NONCE_AT, data, len, head, HEAD_LEN,
	    tag, br_chacha20_ct_run, encrypt);
	mem_wipe(key, sizeof(key));
}

void
seal_close(struct str *out, struct slice plain, struct slice passphrase,
    uint32_t iterations)
{
	uint8_t head[HEAD_LEN], tag[TAG_LEN];
	uint8_t *data = mem_alloc(plain.len + 1);

	memcpy(head, MAGIC, MAGIC_LEN);
	put_u32(head + MAGIC_LEN, iterations);
	random_bytes(head + SALT_AT, SALT_LEN + NONCE_LEN);
	if (plain.len > 0)
		memcpy(data, plain.ptr, plain.len);
	run(data, plain.len, head, passphrase, iterations, tag, 1);
	str_add_slice(out, slice_of(head, HEAD_LEN));
	str_add_slice(out, slice_of(data, plain.len));
	str_add_slice(out, slice_of(tag, TAG_LEN));
	mem_free(data);
}

int
seal_open(struct str *out, struct slice sealed, struct slice passphrase,
    struct err *err)
{
	uint8_t head[HEAD_LEN], tag[TAG_LEN], *data;
	uint32_t iterations = 0;
	size_t len;
	bool ok;

	if (sealed.len < SEAL_OVERHEAD ||
	    memcmp(sealed.ptr, MAGIC, MAGIC_LEN) != 0)
		return err_set(err, ERR_DATA, "not a sealed file of a version "
		    "that is known");
	memcpy(head, sealed.ptr, HEAD_LEN);
	for (int i = 0; i < COUNT_LEN; i++)
		iterations = iterations << 8 | head[MAGIC_LEN + i];
	if (iterations == 0 || iterations > SEAL_ITERATIONS_MAX)
		return err_set(err, ERR_DATA, "sealed file asks for %u rounds, "
		    "1 to %u are allowed", iterations, SEAL_ITERATIONS_MAX);

	len = sealed.len - SEAL_OVERHEAD;
	data = (uint8_t *)mem_dup(sealed.ptr + HEAD_LEN, len);
	run(data, len, head, passphrase, iterations, tag, 0);
	ok = hash_equal(slice_of(tag, TAG_LEN),
	    slice_from(sealed, sealed.len - TAG_LEN));
	if (ok)
		str_add_slice(out, slice_of(data, len));
	mem_wipe(data, len);
	mem_free(data);
	return ok ? 0 : err_set(err, ERR_DENIED, "wrong passphrase, or the "
	    "file was changed");
}
