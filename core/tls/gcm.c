#include "tls/gcm.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "base/check.h"

#define TAG_LEN	16

/* What all threads share, made once; the key frees a context with its thread. */
static struct {
	EVP_CIPHER   *cipher;
	pthread_key_t at_end;
} gcm;
static pthread_once_t gcm_once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_CIPHER_CTX *thread_ctx;

static void
gcm_on_thread_end(void *ctx)
{
	EVP_CIPHER_CTX_free(ctx);
}

static void
gcm_init(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT |
	    OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	gcm.cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	check(gcm.cipher != NULL);
	check(pthread_key_create(&gcm.at_end, gcm_on_thread_end) == 0);
}

static EVP_CIPHER_CTX *
gcm_ctx(void)
{
	if (thread_ctx != NULL)
		return thread_ctx;
	pthread_once(&gcm_once, gcm_init);
	thread_ctx = EVP_CIPHER_CTX_new();
	check(thread_ctx != NULL);
	check(EVP_CipherInit_ex2(thread_ctx, gcm.cipher, NULL, NULL, 1,
	    NULL) == 1);
	check(pthread_setspecific(gcm.at_end, thread_ctx) == 0);
	return thread_ctx;
}

static EVP_CIPHER_CTX *
gcm_run(const struct gcm_seed *seed, const struct buf *from, size_t len,
    unsigned char *to, bool seal)
{
	EVP_CIPHER_CTX *ctx = gcm_ctx();
	struct buf_seg *it = NULL;
	struct slice piece;
	int n;

	check(EVP_CipherInit_ex2(ctx, NULL, seed->key, seed->iv, seal,
	    NULL) == 1);
	check(EVP_CipherUpdate(ctx, NULL, &n, seed->aad,
	    (int)seed->aad_len) == 1);
	while (len > 0 && buf_next(from, &it, &piece)) {
		size_t some = piece.len < len ? piece.len : len;

		check(EVP_CipherUpdate(ctx, to, &n,
		    (const unsigned char *)piece.ptr, (int)some) == 1);
		to += some;
		len -= some;
	}
	check(len == 0);
	return ctx;
}

void
gcm_seal(const struct gcm_seed *seed, const struct buf *from, size_t len,
    unsigned char *to, unsigned char *tag)
{
	EVP_CIPHER_CTX *ctx = gcm_run(seed, from, len, to, true);
	int n;

	check(EVP_CipherFinal_ex(ctx, to + len, &n) == 1);
	check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN,
	    tag) == 1);
}

bool
gcm_open(const struct gcm_seed *seed, const struct buf *from, size_t len,
    unsigned char *to, const unsigned char *tag)
{
	EVP_CIPHER_CTX *ctx = gcm_run(seed, from, len, to, false);
	unsigned char want[TAG_LEN];
	int n;

	for (int i = 0; i < TAG_LEN; i++)
		want[i] = tag[i];
	check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN,
	    want) == 1);
	if (EVP_CipherFinal_ex(ctx, to + len, &n) == 1)
		return true;
	ERR_clear_error();
	return false;
}

void
gcm_forget(void)
{
	static const unsigned char zero[16];

	if (thread_ctx != NULL)
		check(EVP_CipherInit_ex2(thread_ctx, NULL, zero, zero, 1,
		    NULL) == 1);
}
