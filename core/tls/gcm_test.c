#include <string.h>

#include <pthread.h>

#include "base/mem.h"
#include "base/unit.h"
#include "loop/buf.h"
#include "tls/aead.h"
#include "tls/gcm.h"

#define LEN_MAX	(16 * 1024)

/* Numbers that are the same in each run (xorshift). */
static uint32_t
next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void
fill(uint32_t *state, unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)(next(state) >> 8);
}

/* One record's seed, its bytes in pieces of any size, and the results. */
struct sample {
	unsigned char   key[16], iv[12], aad[13];
	unsigned char   plain[LEN_MAX], sealed[LEN_MAX], want[LEN_MAX];
	unsigned char   tag[AEAD_TAG_LEN], want_tag[AEAD_TAG_LEN];
	struct buf      pieces;
	struct gcm_seed seed;
	size_t          len;
};

static void
cut(uint32_t *state, struct buf *pieces, const unsigned char *p, size_t len)
{
	while (len > 0) {
		size_t n = 300 + next(state) % 5000;
		struct buf piece = { 0 };

		n = n < len ? n : len;
		buf_add(&piece, p, n);
		buf_move(pieces, &piece);
		p += n;
		len -= n;
	}
}

/* What BearSSL's own AES-GCM makes of it. */
static void
seal_by_bearssl(struct sample *s)
{
	br_aes_ct64_ctr_keys aes;
	br_gcm_context gcm;

	br_aes_ct64_ctr_init(&aes, s->key, sizeof(s->key));
	br_gcm_init(&gcm, &aes.vtable, br_ghash_ctmul64);
	br_gcm_reset(&gcm, s->iv, sizeof(s->iv));
	br_gcm_aad_inject(&gcm, s->aad, sizeof(s->aad));
	br_gcm_flip(&gcm);
	memcpy(s->want, s->plain, s->len);
	br_gcm_run(&gcm, 1, s->want, s->len);
	br_gcm_get_tag(&gcm, s->want_tag);
}

static struct sample *
sample_new(uint32_t *state, size_t len)
{
	struct sample *s = mem_zalloc(sizeof(*s));

	fill(state, s->key, sizeof(s->key));
	fill(state, s->iv, sizeof(s->iv));
	fill(state, s->aad, sizeof(s->aad));
	fill(state, s->plain, len);
	s->len = len;
	s->seed = (struct gcm_seed){ s->key, s->iv, s->aad, sizeof(s->aad) };
	cut(state, &s->pieces, s->plain, len);
	seal_by_bearssl(s);
	return s;
}

static void
sample_free(struct sample *s)
{
	buf_fini(&s->pieces);
	mem_free(s);
}

static void
assert_as_bearssl(uint32_t *state, size_t len)
{
	struct sample *s = sample_new(state, len);
	struct buf sealed = { 0 };

	gcm_seal(&s->seed, &s->pieces, len, s->sealed, s->tag);
	assert_memory_equal(s->tag, s->want_tag, sizeof(s->tag));
	assert_memory_equal(s->sealed, s->want, len);
	assert_int_equal(buf_len(&s->pieces), len);
	cut(state, &sealed, s->want, len);
	memset(s->sealed, 0, len);
	assert_true(gcm_open(&s->seed, &sealed, len, s->sealed, s->want_tag));
	assert_memory_equal(s->sealed, s->plain, len);
	buf_fini(&sealed);
	sample_free(s);
}

TEST(gcm_is_bearssls_for_every_tail)
{
	uint32_t state = 1;

	for (size_t len = 0; len <= 70; len++)
		assert_as_bearssl(&state, len);
	for (size_t len = GCM_WORTH_LEN - 33; len <= GCM_WORTH_LEN + 33; len++)
		assert_as_bearssl(&state, len);
	for (size_t len = LEN_MAX - 33; len <= LEN_MAX; len++)
		assert_as_bearssl(&state, len);
}

TEST(gcm_is_bearssls_for_any_length_and_key)
{
	uint32_t state = 2;

	for (int i = 0; i < 300; i++)
		assert_as_bearssl(&state, next(&state) % (LEN_MAX + 1));
}

/* Which byte of a sample is turned, and where. */
#define BYTE(member, at)	{ offsetof(struct sample, member) + (at), #member }
static const struct {
	size_t      offset;
	const char *name;
} turned[] = {
	BYTE(key, 15), BYTE(iv, 0), BYTE(iv, 11), BYTE(aad, 0), BYTE(aad, 12),
	BYTE(want, 0), BYTE(want, 4095), BYTE(want, 4999), BYTE(want_tag, 0),
	BYTE(want_tag, 15),
};

TEST(gcm_refuses_what_was_changed)
{
	uint32_t state = 3;

	for (size_t i = 0; i < sizeof(turned) / sizeof(turned[0]); i++) {
		struct sample *s = sample_new(&state, 5000);
		struct buf sealed = { 0 };

		((unsigned char *)s)[turned[i].offset] ^= 1;
		buf_add(&sealed, s->want, s->len);
		if (gcm_open(&s->seed, &sealed, s->len, s->sealed,
		    s->want_tag))
			fail_msg("%s was changed", turned[i].name);
		buf_fini(&sealed);
		sample_free(s);
		assert_as_bearssl(&state, 5000);	/* as if nothing was */
	}
}

TEST(gcm_has_its_key_each_time)
{
	uint32_t state = 4;
	struct sample *one = sample_new(&state, 4000);
	struct sample *two = sample_new(&state, 4000);

	for (int i = 0; i < 3; i++) {
		gcm_seal(&one->seed, &one->pieces, 4000, one->sealed, one->tag);
		gcm_forget();
		gcm_seal(&two->seed, &two->pieces, 4000, two->sealed, two->tag);
		assert_memory_equal(one->tag, one->want_tag, sizeof(one->tag));
		assert_memory_equal(two->tag, two->want_tag, sizeof(two->tag));
	}
	sample_free(one);
	sample_free(two);
}

static void *
seal_many(void *arg)
{
	for (int i = 0; i < 30; i++)
		assert_as_bearssl(arg, 3000 + (size_t)i * 100);
	buf_trim_cache();
	return NULL;
}

TEST(gcm_has_a_context_for_each_thread)
{
	pthread_t thread[3];
	uint32_t state[3] = { 5, 6, 7 };

	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, seal_many,
		    &state[i]), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
}

/* Both ways of an aead understand each other around the length of change. */
TEST(aead_reads_itself_on_both_sides_of_the_change)
{
	struct conn_key key = { { 1, 2, 3 }, { 4, 5 }, 6 };
	struct aead tx, rx;
	uint32_t state = 8;

	aead_init(&tx, AEAD_AES_128_GCM, &key);
	aead_init(&rx, AEAD_AES_128_GCM, &key);
	for (size_t len = GCM_WORTH_LEN - 3; len <= GCM_WORTH_LEN + 3; len++) {
		struct sample *s = sample_new(&state, len);
		struct buf sealed = { 0 };
		unsigned char nonce[AEAD_NONCE_MAX];
		struct aead_record to = { nonce, s->sealed, s->tag };

		aead_seal(&tx, 23, &s->pieces, len, &to);
		buf_add(&sealed, s->sealed, len);
		to.data = s->want;
		assert_true(aead_open(&rx, 23, &sealed, len, &to));
		assert_memory_equal(s->want, s->plain, len);
		buf_fini(&sealed);
		sample_free(s);
	}
	aead_wipe(&tx);
	aead_wipe(&rx);
}
