#include <string.h>

#include "base/unit.h"
#include "modes/control/kdf.h"

struct wait {
	struct loop *loop;
	unsigned     left, hashed;
	uint8_t      hash[HASH_LEN];
};

static void
on_done(void *ctx, const uint8_t hash[HASH_LEN])
{
	struct wait *w = ctx;

	if (hash != NULL) {
		memcpy(w->hash, hash, HASH_LEN);
		w->hashed++;
	}
	if (--w->left == 0)
		loop_stop(w->loop);
}


static const uint8_t salt[KDF_SALT_LEN] = "saltsaltsaltsalt";

TEST(kdf_hashes_beside_the_loop_and_in_order)
{
	struct wait w = { .loop = loop_new("test"), .left = 3 };
	struct kdf *k = kdf_new(w.loop);
	uint8_t first[HASH_LEN];

	assert_int_equal(kdf_start(k, SLICE("a"), salt, 2, on_done, &w), 0);
	assert_int_equal(kdf_start(k, SLICE("a"), salt, 3, on_done, &w), 0);
	assert_int_equal(kdf_start(k, SLICE("a"), salt, 2, on_done, &w), 0);
	loop_run(w.loop);
	assert_int_equal(w.hashed, 3);
	memcpy(first, w.hash, HASH_LEN);
	w.left = 1;
	kdf_start(k, SLICE("a"), salt, 2, on_done, &w);
	loop_run(w.loop);
	assert_memory_equal(first, w.hash, HASH_LEN);
	w.left = 1;
	kdf_start(k, SLICE("b"), salt, 2, on_done, &w);
	loop_run(w.loop);
	assert_memory_not_equal(first, w.hash, HASH_LEN);
	kdf_stop(k);
	kdf_free(k);
	loop_free(w.loop);
}

TEST(kdf_takes_a_bounded_number_and_answers_each_at_its_end)
{
	struct wait w = { .loop = loop_new("test") };
	struct kdf *k = kdf_new(w.loop);
	unsigned taken = 0;

	/* The first may have left the queue already. */
	while (kdf_start(k, SLICE("a"), salt, 200000, on_done, &w) == 0)
		assert_true(++taken <= KDF_QUEUE_MAX + 1);
	assert_true(taken >= KDF_QUEUE_MAX);
	w.left = taken;
	kdf_stop(k);
	assert_int_equal(kdf_start(k, SLICE("a"), salt, 1, on_done, &w), -1);
	loop_finish(w.loop);
	assert_int_equal(w.left, 0);
	assert_true(w.hashed <= 1);
	kdf_free(k);
	loop_free(w.loop);
}
