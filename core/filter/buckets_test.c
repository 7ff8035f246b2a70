#include <pthread.h>
#include <stdatomic.h>

#include "base/unit.h"
#include "filter/buckets.h"

#define MS	UINT64_C(1000000)
#define START	(1000 * MS)

static const struct buckets_rate ten_a_second = { 10, 1000 * MS, 3 };

TEST(buckets_let_a_burst_and_then_the_rate_through)
{
	struct buckets *b = buckets_new(&ten_a_second, 16);
	struct buckets_answer a;

	for (int i = 0; i < 3; i++) {
		a = buckets_take(b, 1, START);
		assert_true(a.is_allowed);
		assert_int_equal(a.left, 2 - i);
		assert_int_equal(a.full_ns, 100 * MS * (unsigned)(i + 1));
	}
	assert_int_equal(a.wait_ns, 100 * MS);
	a = buckets_take(b, 1, START + 99 * MS);
	assert_false(a.is_allowed);
	assert_int_equal(a.left, 0);
	assert_int_equal(a.wait_ns, MS);
	assert_true(buckets_take(b, 1, START + 100 * MS).is_allowed);
	assert_false(buckets_take(b, 1, START + 100 * MS).is_allowed);
	/* What nobody took for long is not more than a burst. */
	for (int i = 0; i < 3; i++)
		assert_true(buckets_take(b, 1, START + 9000 * MS).is_allowed);
	assert_false(buckets_take(b, 1, START + 9000 * MS).is_allowed);
	buckets_free(b);
}

/* So many that the time they take to come back is in no 64 bits. */
TEST(buckets_let_bursts_through_that_take_ages)
{
	static const struct {
		uint64_t requests, per_ms, burst;
	} v[] = {
		{ 1, 86400000, 213504 }, { 1, 2592000000, 7117 },
		{ 1, 2592000000, 1000000000 }, { 1000, 100, 1000000000 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct buckets *b = buckets_new(&(struct buckets_rate){
			v[i].requests, v[i].per_ms * MS, v[i].burst }, 1);

		for (int n = 1; n <= 1500; n++)
			if (!buckets_take(b, 1, START).is_allowed)
				fail_msg("%zu: %d", i, n);
		buckets_free(b);
	}
}

TEST(buckets_over_ten_seconds_keep_to_the_rate)
{
	struct buckets *b = buckets_new(&ten_a_second, 16);
	int allowed = 0;

	for (uint64_t ms = 0; ms < 10000; ms += 7)
		allowed += buckets_take(b, 5, START + ms * MS).is_allowed;
	assert_in_range(allowed, 100, 103);
	buckets_free(b);
}

TEST(buckets_of_keys_are_apart)
{
	struct buckets *b = buckets_new(&ten_a_second, 64);

	for (uint64_t key = 0; key < 16; key++)
		for (int i = 0; i < 4; i++)
			assert_int_equal(buckets_take(b, key * 3, START).is_allowed,
			    i < 3);
	buckets_free(b);
}

/* A slot whose bucket is full again serves another key. */
TEST(buckets_that_are_full_leave_room)
{
	struct buckets *b = buckets_new(&ten_a_second, 4);

	for (uint64_t key = 1; key <= 4; key++)
		for (int i = 0; i < 3; i++)
			buckets_take(b, key, START + (key == 2 ? 0 : 50 * MS));
	/* Of four that are in use the one that is full first goes. */
	assert_true(buckets_take(b, 9, START + 60 * MS).is_allowed);
	assert_false(buckets_take(b, 1, START + 60 * MS).is_allowed);
	assert_false(buckets_take(b, 3, START + 60 * MS).is_allowed);
	assert_true(buckets_take(b, 2, START + 60 * MS).is_allowed);
	buckets_free(b);
}

TEST(buckets_obey_a_new_rate_at_once)
{
	static const struct buckets_rate none = { 0, 500 * MS, 1 },
	    twice = { 20, 1000 * MS, 2 };
	struct buckets *b = buckets_new(&ten_a_second, 16);
	struct buckets_answer a;

	assert_true(buckets_take(b, 1, START).is_allowed);
	buckets_set_rate(b, &none);
	a = buckets_take(b, 1, START);
	assert_false(a.is_allowed);
	assert_int_equal(a.left, 0);
	assert_int_equal(a.wait_ns, 500 * MS);
	/* What was taken before counts as the time that it cost. */
	buckets_set_rate(b, &twice);
	assert_false(buckets_take(b, 1, START).is_allowed);
	assert_true(buckets_take(b, 1, START + 50 * MS).is_allowed);
	assert_false(buckets_take(b, 1, START + 50 * MS).is_allowed);
	assert_true(buckets_take(b, 2, START).is_allowed);
	buckets_free(b);
}

TEST(buckets_take_back_what_was_not_used)
{
	struct buckets *b = buckets_new(&ten_a_second, 16);

	for (int i = 0; i < 3; i++)
		assert_true(buckets_take(b, 1, START).is_allowed);
	buckets_put(b, 1);
	assert_true(buckets_take(b, 1, START).is_allowed);
	assert_false(buckets_take(b, 1, START).is_allowed);
	buckets_free(b);
}

static int
count_taken(struct buckets *b, uint64_t key, uint64_t now_ns)
{
	int n = 0;

	while (buckets_take(b, key, now_ns).is_allowed)
		n++;
	return n;
}

TEST(buckets_of_another_rate_hold_what_they_held)
{
	static const struct buckets_rate ten = { 10, 1000 * MS, 10 },
	    forty = { 40, 1000 * MS, 40 }, none = { 0, 1000 * MS, 1 };
	struct buckets *b = buckets_new(&ten, 16);

	for (int i = 0; i < 4; i++)
		assert_true(buckets_take(b, 1, START).is_allowed);
	/* Six are left, and become more at the new rate. */
	buckets_change_rate(b, &forty, START);
	assert_int_equal(count_taken(b, 1, START), 6);
	assert_int_equal(count_taken(b, 1, START + 100 * MS), 4);
	/* Of more than there is room for, what there is room for. */
	buckets_change_rate(b, &forty, START + 2000 * MS);
	buckets_change_rate(b, &ten, START + 2000 * MS);
	assert_int_equal(count_taken(b, 1, START + 2000 * MS), 10);
	buckets_change_rate(b, &none, START + 2000 * MS);
	assert_int_equal(count_taken(b, 1, START + 3000 * MS), 0);
	buckets_change_rate(b, &ten, START + 3000 * MS);
	assert_int_equal(count_taken(b, 1, START + 3000 * MS), 0);
	assert_int_equal(count_taken(b, 1, START + 3200 * MS), 2);
	buckets_free(b);
}

TEST(buckets_are_copied_with_what_they_hold)
{
	static const struct buckets_rate ten = { 10, 1000 * MS, 10 },
	    forty = { 40, 1000 * MS, 40 };
	struct buckets *a = buckets_new(&ten, 16), *b = buckets_new(&forty, 1);

	for (int i = 0; i < 3; i++)
		assert_true(buckets_take(a, 5, START).is_allowed);
	buckets_copy(b, 1, a, 5, START);
	assert_int_equal(count_taken(b, 1, START), 7);
	buckets_copy(a, 5, b, 1, START);
	assert_int_equal(count_taken(a, 5, START), 0);
	buckets_free(a);
	buckets_free(b);
}

struct crowd {
	struct buckets *buckets;
	atomic_int      allowed;
};

static void *
crowd_run(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < 1000; i++)
		if (buckets_take(c->buckets, 7, START).is_allowed)
			atomic_fetch_add(&c->allowed, 1);
	return NULL;
}

TEST(buckets_are_shared_without_a_lock)
{
	static const struct buckets_rate rate = { 1, 1000 * MS, 500 };
	struct crowd c = { .buckets = buckets_new(&rate, 4) };
	pthread_t threads[4];

	buckets_take(c.buckets, 7, START);	/* the slot is claimed */
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, crowd_run,
		    &c), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(c.allowed, 499);
	buckets_free(c.buckets);
}
